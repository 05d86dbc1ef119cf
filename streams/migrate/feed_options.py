"""How a bundle is fed."""

from msgspec import Struct

from converters.migration import FilesBy


class Options(Struct, frozen=True, kw_only=True):
    update: bool = False
    files: FilesBy = "fetch"
    ahead: int = 100_000
    partitions: int
    runs: str
    """The topic of orders."""
