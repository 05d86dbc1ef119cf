"""Small files that say what a platform does not list: ids, one a line, and pairs of them."""

from collections.abc import Iterator
from pathlib import Path

from streams.migrate.errors import SourceError


def lines_in(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from (one for one in (text.strip() for text in file) if one)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: {type(error).__name__}; expected UTF-8, one a line") from None


def pairs_in(path: Path) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(lines_in(path), 1):
        one, _, other = text.replace("\t", ",").partition(",")
        if not one.strip() or not other.strip() or "," in other:
            raise SourceError(f"{path}:{number}: expected two ids with a comma between")
        yield one.strip(), other.strip()
