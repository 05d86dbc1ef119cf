"""Lists that platforms give out in pages, read by `converters.migration.Reader`."""

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from converters.inventory import AnyItem
from converters.migration import Cursor, Found, Reading

if TYPE_CHECKING:
    from converters.platform import Reply, Request


class Page(Struct, frozen=True):
    found: "tuple[AnyItem | Found, ...]"
    following: str = ""
    """Cursor of the next page; empty where there is none."""


PageReading = Generator["Request", "Reply | None", "Page | str"]
"""Returns one page, or in words why it cannot be seen."""


def paged(subjects: Sequence[str], cursor: str, page: Callable[[str, str], PageReading]) -> Reading:
    """All pages of each subject's list, the first from *cursor* on; *page* reads that of (subject, cursor). A page that leads to itself is the last."""
    for subject in subjects:
        while True:
            read = yield from page(subject, cursor)
            if isinstance(read, str):
                return read
            yield from read.found
            if not read.following or read.following == cursor:
                break
            cursor = read.following
            yield Cursor(cursor)
        cursor = ""
    return ""
