"""Where a migration's items come from: sources as plug-ins of the entry point group `im_relay.sources`, files and SQL built in.

A source has parts (a file, a table), each read from any position that it gave before, so that a run resumes. What a part yields is untrusted:
a record that cannot be read costs itself.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from converters.core.localized import localized
from streams.migrate.errors import SourceError
from streams.observe.log import place

GROUP = "im_relay.sources"
APP = "app"
"""Before the colon in a bundle whose source is an app of the settings."""


UNKNOWN = "?"


class Read(NamedTuple):
    """One record of a part."""

    number: int
    """Of the line or row, from 1; rising within the part, and the same in every run."""
    position: Any
    """JSON; given to `Part.read`, reading goes on behind this record."""
    value: bytes | dict[str, Any] | None
    """A JSON object, as bytes or as an object; None where it could not be read."""
    problem: str = ""
    """Why not; never the content."""
    where: str = ""
    """What a person looks it up by, where that is not the number."""


class Part(Protocol):
    name: str
    """As people name it; unique in its source, the same in every run."""
    kind: str
    """The tag of its items; empty where each record has its own in `item`."""
    stamp: str
    """Changes when the content does, or what is made of it. Empty, or beginning with `UNKNOWN`: the content may have changed all the same."""
    size: int
    """Records or bytes of all, in the unit of `done`; 0: not known."""

    def read(self, position: Any) -> Iterator[Read]:
        """The records behind *position*; None: from the beginning. Raises SourceError where it cannot go on."""

    def done(self) -> int:
        """How much of *size* has been read."""


class Source(Protocol):
    def parts(self) -> Sequence[Part]:
        """In an order that is the same in every run."""

    def notes(self) -> Sequence[tuple[str, str, str]]:
        """(kind of problem, where, text): what is worth knowing of the source as a whole."""


@runtime_checkable
class _WithParts(Protocol):
    def parts(self) -> Sequence[Part]: ...
    def notes(self) -> Sequence[tuple[str, str, str]]: ...


Opener = Callable[[str], Source]
"""(what stands behind the colon of --from) -> a source. Raises SourceError."""


class Rows:
    """A part made of a Python iterable of JSON-like objects; reading resumes by counting."""

    size = 0

    def __init__(self, name: str, kind: str, rows: Callable[[], Iterator[dict[str, Any]]], stamp: str = "") -> None:
        self.name, self.kind, self.stamp, self._rows, self._done = name, kind, stamp, rows, 0

    def read(self, position: Any) -> Iterator[Read]:
        behind = int(position or 0)
        try:
            for number, row in enumerate(self._rows(), 1):
                self._done = number
                if number > behind:
                    yield _row(number, row)
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises
            raise SourceError(
                localized("{name}: reading stopped after row {done}: {error}", name=self.name, done=self._done, error=place(error))
            ) from None

    def done(self) -> int:
        return self._done


class Nothing:
    """What an app of the settings is to whoever reads its bundle's source once more: its platform gives out no passwords."""

    def parts(self) -> Sequence[Part]:
        return ()

    def notes(self) -> Sequence[tuple[str, str, str]]:
        return ()


def _row(number: int, row: object) -> Read:
    return Read(number, number, row) if isinstance(row, dict) else Read(number, number, None, "no object")


def open_source(text: str) -> Source:
    """*text*: a folder, a file, a mapping (`.toml`), `NAME:…` of an installed plug-in, or `module:function`. Raises SourceError."""
    path = Path(text)
    if path.exists():
        from streams.migrate.files import open_path

        return open_path(path)
    name, colon, rest = text.partition(":")
    if name == APP and colon:
        return Nothing()
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name in points:
        return _made(f"plug-in {name}", _loaded(points[name]), rest)
    if colon and name.replace(".", "").replace("_", "").isalnum():
        return _made(text, _imported(name, rest), "")
    known = ", ".join(sorted(points)) or localized("none")
    raise SourceError(
        localized("--from is {text}: no such file or folder, and no plug-in of that name (installed: {known})", text=text, known=known)
    )


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is in there
        raise SourceError(
            localized("plug-in {name} ({value}) cannot be loaded: {error}", name=point.name, value=point.value, error=place(error))
        ) from None


def _imported(module: str, attribute: str) -> Any:
    try:
        made: Any = importlib.import_module(module)
        for part in attribute.split("."):
            made = getattr(made, part)
    except (ImportError, AttributeError):
        raise SourceError(
            localized("--from is {module}:{attribute}: no such file, plug-in, or Python object", module=module, attribute=attribute)
        ) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is in there
        raise SourceError(
            localized("{module}:{attribute} cannot be loaded: {error}", module=module, attribute=attribute, error=place(error))
        ) from None
    return made


def _made(name: str, opener: Any, rest: str) -> Source:
    try:
        source = opener(rest) if callable(opener) else opener
    except SourceError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is in there
        raise SourceError(localized("{name} cannot be opened: {error}", name=name, error=place(error))) from None
    if not isinstance(source, _WithParts):
        raise SourceError(
            localized("{name} gave a {kind}; expected something with `parts` and `notes`", name=name, kind=type(source).__name__)
        )
    return source
