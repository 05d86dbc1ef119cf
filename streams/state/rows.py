"""What a store is told: families of rows, rows, and what of a topic they cover."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from streams.state.coverage import Coverage

GONE = b""
"""The value of a row that was taken back."""


class RowFamily(Struct, frozen=True):
    """*life*, and *span* of a bucket, in ms."""

    name: str
    life: int
    span: int
    counted: bool = False
    """It is known how many rows a bucket must have, and what is covered is covered no more when a bucket goes."""
    unique: bool = False
    """Every key has one value for ever: there is nothing to merge."""


Row = tuple[str, bytes, bytes]
"""(family, key, value)"""


Merge = Callable[[bytes, bytes, bytes], bytes | None]
"""(key, what stands there, what comes) -> what is to stand there, whichever of the two was written first; None: as it is."""


class RowCover(NamedTuple):
    """What of *topic* is now taken in; *high*: the offset behind the records that were added last."""

    topic: str
    coverage: Coverage
    high: int
