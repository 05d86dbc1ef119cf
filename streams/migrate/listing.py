"""Which files of an export are read, and what is in each by its name; what is not read is told, and never left out in silence."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from converters.core.localized import localized
from converters.inventory import FILES
from streams.migrate.errors import SourceError

PACKED = (".gz", ".zst")
LINES = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv")

Note = tuple[str, str, str]
"""(kind of problem, where, text)."""
_ONE = {name.removesuffix("s"): kind for name, kind in FILES.items()}
_NUMBERS = re.compile(r"[-\d]+$")
_MARKERS = ("_", ".", "readme", "problems.csv", "differences.csv", "conversations.csv", "made.csv", "passwords.csv", "devices")
"""How files begin that no export means to be read, and those that our own commands leave where they are run."""
_SUMS = frozenset({".md5", ".sha1", ".sha256", ".sha512", ".asc", ".sig"})


class Listed(NamedTuple):
    path: Path
    name: str
    """From the folder on, as it can be shown."""
    kind: str
    """The tag of what is in it; empty where each line says so."""
    form: str


def listed(paths: Sequence[Path], root: Path, notes: list[Note]) -> list[Listed]:
    """Those of *paths* that are read; of the others *notes* are taken."""
    found: list[Listed] = []
    for path in paths:
        name, form, kind = shown(path, root), form_of(path), kind_of_file(path, root)
        if not path.name.startswith(".") and (form in LINES or (form in TABLES and kind is not None)):
            found.append(Listed(path, name, kind or "", form))
        elif (
            path.name.lower().startswith(_MARKERS)
            or path.suffix.lower() in _SUMS
            or (form not in TABLES and kind is None)
            or _is_empty(path)
        ):
            notes.append(("not-read", name, "the name says neither kind nor form"))
        elif kind is None:
            notes.append(("unread", name, "no kind in the name of a table: expected as users.csv, or a mapping"))
        else:
            notes.append(("unread", name, f"of no form that is read: expected {', '.join((*LINES, *TABLES))}, or these with .gz or .zst"))
    return found


def _is_empty(path: Path) -> bool:
    try:
        return not path.stat().st_size
    except OSError:
        return False


def files_in(folder: Path) -> list[Path]:
    """All files, in the order of their paths; folders that are links are entered once. Raises SourceError."""
    found: list[Path] = []
    entered: set[tuple[int, int]] = set()

    def refused(error: OSError) -> None:
        raise SourceError(
            localized("{path}: cannot be read: {kind}", path=shown(Path(error.filename or folder), folder), kind=type(error).__name__)
        ) from None

    for place, folders, names in os.walk(folder, onerror=refused, followlinks=True):
        told = Path(place).stat()
        if (told.st_dev, told.st_ino) in entered:
            folders.clear()
            continue
        entered.add((told.st_dev, told.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        paths = (Path(place) / name for name in names)
        found += [path for path in paths if path.is_file() or path.is_symlink()]
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


def kind_of_file(path: Path, root: Path) -> str | None:
    """The tag of what is in it, by its name or a folder's, as `messages-2026-01.jsonl.gz`; None where nothing says so."""
    names = [path.name, *(parent.name for parent in path.relative_to(root).parents if parent.name)]
    if root.name and path.parent == root:
        names.append(root.name)
    return next((kind for name in names for kind in _kinds_in(name)), None)


def _kinds_in(name: str) -> Iterator[str]:
    """`user-2026` is read as `users-2026`; `group-members` and `user-list` may be anything."""
    word = name.lower().partition(".")[0].replace("_", "-")
    if (alone := _NUMBERS.sub("", word)) in _ONE:
        yield _ONE[alone]
    while word:
        if word in FILES:
            yield FILES[word]
        word = word.rpartition("-")[0]


def form_of(path: Path) -> str:
    """The suffix below that of packing."""
    return (Path(path.stem).suffix if path.suffix.lower() in PACKED else path.suffix).lower()


def shown(path: Path, root: Path) -> str:
    """*path* from *root* on. A name that is no UTF-8 was written where names are GB18030, or its bytes are spelled out."""
    name = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = os.fsencode(name)
        try:
            return raw.decode("gb18030")
        except UnicodeDecodeError:
            return raw.decode("utf-8", "backslashreplace")
    return name
