"""Small files that say what a platform does not list: ids, one a line, and pairs of them."""

from collections.abc import Iterator
from pathlib import Path

from converters.core.localized import localized
from streams.migrate.errors import SourceError


def lines_in(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from (one for one in (text.strip() for text in file) if one)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(localized("{path}: {kind}; expected UTF-8, one a line", path=path, kind=type(error).__name__)) from None


def pairs_in(path: Path) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(lines_in(path), 1):
        one, _, other = text.replace("\t", ",").partition(",")
        if not one.strip() or not other.strip() or "," in other:
            raise SourceError(localized("{path}:{number}: expected two ids with a comma between", path=path, number=number))
        yield one.strip(), other.strip()
