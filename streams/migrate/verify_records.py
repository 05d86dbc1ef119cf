"""What `migrate verify` remembers: how far it is, what it has counted, and every difference, beside the bundles."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from converters.core.localized import localized
from converters.differences import Difference
from streams.operate.topic_reader import OperateError


class KindResult(Struct, omit_defaults=True):
    """Of one kind of item, or of a part of it."""

    expected: int = 0
    seen: int = 0
    missing: int = 0
    doubled: int = 0
    different: int = 0
    besides: int = 0
    unseen: int = 0
    sampled: int = 0
    """Items of which every field that the target tells was compared."""
    left_alone: int = 0
    """Different, and left as they were found, as `apply` does without --update."""


class HistoryResult(Struct, omit_defaults=True):
    """*accepted*: as the target answered each import; *seen*: in its history files."""

    conversations: int = 0
    expected: int = 0
    accepted: int = 0
    live: int = 0
    left_out: int = 0
    doubts: int = 0
    open: int = 0
    """Messages about which nothing is decided yet."""
    stopped: int = 0
    """Conversations that wait for a person."""
    chained: int = 0
    """Conversations of which the chained hash of all accepted ids is that of the bundle."""
    broken: int = 0
    """Conversations of which it is another."""
    looked_for: int = 0
    """Messages that the history files had to show."""
    seen: int = 0
    missing: int = 0
    doubled: int = 0
    files: bool = False
    """Whether the probe has found that the target's history files show imports."""


class Look(Struct, frozen=True, kw_only=True):
    """A conversation for a person to look at."""

    kind: str
    ids: tuple[str, ...]
    """At the target."""
    count: int
    first: int
    last: int


class Verified(Struct, kw_only=True, omit_defaults=True):
    app: str
    bundle: str
    sha256: str
    begun: int
    ended: int = 0
    """Ms since 1970; 0: it was stopped, and the same command goes on."""
    step: str = ""
    """The one that is under way, and of it the subject behind which it goes on."""
    after: str = ""
    written: int = 0
    """Bytes of the list of differences that are good."""
    kinds: dict[str, KindResult] = {}
    history: HistoryResult = msgspec.field(default_factory=HistoryResult)
    unseen: dict[str, int] = {}
    looks: tuple[Look, ...] = ()
    notes: tuple[str, ...] = ()
    """What the target says of its history files."""

    @property
    def faults(self) -> int:
        """Messages that are missing or doubled, and conversations with another hash, are among the kinds as well as in the history."""
        kinds = sum(one.missing + one.doubled + one.different for one in self.kinds.values())
        return kinds + self.history.open + self.history.stopped

    @property
    def unknown(self) -> int:
        return sum(self.unseen.values()) + sum(one.unseen for one in self.kinds.values())

    def of(self, kind: str) -> KindResult:
        return self.kinds.setdefault(kind, KindResult())


class Notebook:
    """`verify-<app>.json` and `verify-<app>.jsonl`, readable by their owner alone. Raises OperateError."""

    def __init__(self, directory: Path, app: str) -> None:
        self.path = directory / f"verify-{app}.json"
        self.differences = directory / f"verify-{app}.jsonl"

    def read(self) -> Verified | None:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Verified)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise OperateError(
                localized(
                    "{path} holds no verification ({kind}): delete it, and run im-relay migrate verify",
                    path=self.path,
                    kind=type(error).__name__,
                )
            ) from None

    def begin(self, verified: Verified) -> None:
        """What was noted behind the last `keep` is dropped: it comes again."""
        try:
            with open(self.differences, "ab", opener=_private) as file:
                file.truncate(verified.written)
        except OSError as error:
            raise OperateError(localized("{differences}: {strerror}", differences=self.differences, strerror=error.strerror)) from None
        self.keep(verified, ())

    def keep(self, verified: Verified, noted: tuple[Difference, ...] | list[Difference]) -> None:
        try:
            with open(self.differences, "ab", opener=_private) as file:
                file.writelines(msgspec.json.encode(one) + b"\n" for one in noted)
                verified.written = file.tell()
            fresh = self.path.with_suffix(".new")
            fresh.unlink(missing_ok=True)  # of a process that was killed, or of a release that let others read it
            with open(fresh, "xb", opener=_private) as file:
                file.write(msgspec.json.format(msgspec.json.encode(verified)))
            fresh.replace(self.path)
        except OSError as error:
            raise OperateError(localized("{path}: {strerror}", path=self.path, strerror=error.strerror)) from None

    def each(self) -> Iterator[Difference]:
        try:
            with self.differences.open("rb") as file:
                for line in file:
                    yield msgspec.json.decode(line, type=Difference)
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError) as error:
            raise OperateError(
                localized(
                    "{differences}: {kind}: run im-relay migrate verify --anew", differences=self.differences, kind=type(error).__name__
                )
            ) from None

    def table(self, path: Path) -> int:
        """All of them for a spreadsheet; the number of lines. Ids are in it, so it is for its owner alone."""
        from streams.migrate.summary import cell

        number = 0
        try:
            with open(path, "w", encoding="utf-8-sig", newline="", opener=_private) as file:
                out = csv.writer(file)
                out.writerow(("sort", "kind", "item", "fields", "known"))
                for one in self.each():
                    number += 1
                    out.writerow(
                        [cell(text) for text in (one.sort, one.kind, one.item.replace("\x1f", " "), " ".join(one.fields), one.known)]
                    )
        except OSError as error:
            raise OperateError(localized("{path}: {strerror}", path=path, strerror=error.strerror)) from None
        return number


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
