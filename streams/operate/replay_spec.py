"""A replay as it was asked for: what its record in the topic `replays` holds."""

from msgspec import Struct

from streams.operate.filters import Filter

VERSION = 1


class ReplaySpec(Struct, frozen=True, kw_only=True):
    """Times in ms since 1970, *until* not included."""

    id: str
    platform: str
    """Whose callbacks."""
    since: int
    until: int
    filter: Filter
    starts: dict[int, int]
    """By partition; the stretch is fixed once, however often the replay is resumed."""
    ends: dict[int, int]
    version: int = VERSION
