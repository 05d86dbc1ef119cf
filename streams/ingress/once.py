"""What was signed and has been used: a signature that does not cover what is said is good for one body.

Rows are on disk, by the day from which on they may be forgotten. They can be made anew from the callbacks' topics, where each record
bears its own in the header `ONCE`: `following` reads them, so that a restart forgets nothing, and one ingress knows what another took.
"""

import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import msgspec
import structlog

from converters.platform import SingleUse
from streams.observe import metrics
from streams.settings.root import Settings, SettingsError
from streams.state import opening
from streams.state.database import DEFAULT, Database, Put, remove
from streams.state.errors import DamagedError, Kind, StateError
from streams.state.own_directory import do_without, own_directory
from streams.state.watched import DiskMonitor

log = structlog.get_logger(__name__)

STAGE = "ingress"
DAY = 86_400_000
MOST = 300_000
"""Rows in memory where there is no disk; what would have been forgotten before those is not decided any more."""
NEVER = 1 << 62
"""Ms: before what is in the topics has been looked at, nothing is decided."""
OPEN = 20_000
"""Signatures whose callback has not been stored (yet): the same may come again, another may not."""
MARGIN = 300_000
"""Milliseconds by which a platform's clock and ours may differ."""

_EVER = "ever"
_PLACE = b"place"
_HEAD = struct.Struct(">16sq")

Judged = Literal["new", "known", "replayed", "undecided"]


class UsedSignature(NamedTuple):
    """One row, as it stands in a record's header."""

    key: bytes
    said: bytes
    until: int

    @classmethod
    def of(cls, app: str, once: SingleUse) -> "UsedSignature":
        return cls(blake2b(f"{app}\x1f{once.id}".encode(), digest_size=16).digest(), once.said, once.until)

    @classmethod
    def read(cls, raw: bytes) -> "UsedSignature | None":
        """None of what is no header of ours."""
        if len(raw) <= _HEAD.size:
            return None
        key, until = _HEAD.unpack_from(raw)
        return cls(key, raw[_HEAD.size :], until)

    def written(self) -> bytes:
        return _HEAD.pack(self.key, self.until) + self.said

    @property
    def column(self) -> str:
        return f"{self.until // DAY:08}" if self.until else _EVER


class SignaturePosition(msgspec.Struct, frozen=True):
    """Up to which offsets the rows hold all that is in the topics."""

    cluster: str = ""
    offsets: dict[str, int] = {}
    """By `topic/partition`."""


class SignatureTable:
    """*database* None: in memory. *since* is the time, in ms, from which on all that was signed and used is known."""

    def __init__(self, database: Database | None) -> None:
        self._database = database
        self._room = DiskMonitor({"signatures": database.path.parent} if database is not None else {})
        self._young: dict[bytes, UsedSignature] = {}
        self._open: dict[bytes, bytes] = {}
        self._floor = 0
        self.since = 0
        self.place = SignaturePosition()
        if database is not None and (raw := database.get(DEFAULT, _PLACE)) is not None:
            self.place = msgspec.json.decode(raw, type=SignaturePosition)

    def judge(self, app: str, once: SingleUse) -> Judged:
        """Whether a callback with it may be stored: `known` is stored already. Of what is `new`, `stored` must tell the end."""
        used = UsedSignature.of(app, once)
        waiting = self._open.get(used.key)
        if waiting is not None:
            if not _same(waiting, used.said):
                return "replayed"
        else:
            stored = self._get(used)
            if stored is None and not self._decided(once):
                return "undecided"
            if stored is not None:
                if stored.startswith(used.said):
                    return "known"
                if not used.said.startswith(stored):
                    return "replayed"
            if len(self._open) >= OPEN:
                self._open.pop(next(iter(self._open)))
        self._open[used.key] = max(waiting or b"", used.said, key=len)
        return "new"

    def stored(self, used: UsedSignature) -> None:
        self._open.pop(used.key, None)
        self.learn(used)

    def learn(self, used: UsedSignature) -> None:
        known = self._young.get(used.key)
        if known is None or len(known.said) < len(used.said):
            self._young[used.key] = used
        if self._database is None and len(self._young) > MOST:
            self._floor = max(self._floor, self._young.pop(next(iter(self._young))).until)

    @property
    def unwritten(self) -> int:
        return len(self._young) if self._database is not None else 0

    def flush(self, now: int, place: SignaturePosition | None) -> None:
        """Write what was learnt, with *place* where all before it is known; forget what is over."""
        young = {key: used for key, used in self._young.items() if not 0 < used.until < now}
        if self._database is None:
            self._young = young
            return
        try:
            self._write(self._database, young.values(), place)
            over = f"{now // DAY:08}"
            for column in self._database.names():
                if column < over:  # `ever` comes after every day
                    self._database.drop(column)
        except DamagedError as error:
            log.warning("what was signed and used is damaged on disk: held in memory until the next start", error=str(error))
            self._give_up(now)
        except StateError as error:
            log.warning("what was signed and used stays in memory", kind=error.kind, error=str(error))
            metrics.STATE_REFUSED.labels(STAGE, error.kind).set(1)
        else:
            self._young = {}
            for kind in get_args(Kind):
                metrics.STATE_REFUSED.labels(STAGE, kind).set(0)
        self._room.show()

    def _write(self, database: Database, young: Iterable[UsedSignature], place: SignaturePosition | None) -> None:
        puts: list[Put] = []
        for used in young:
            database.create(used.column)
            known = database.get(used.column, used.key)
            if known is None or not known.startswith(used.said):
                puts.append((used.column, used.key, used.said))
        if place is not None:
            puts.append((DEFAULT, _PLACE, msgspec.json.encode(place)))
        database.write(puts)

    def _give_up(self, now: int) -> None:
        """What lies on disk is lost: what was signed before now is not decided."""
        assert self._database is not None, "it was just asked"
        self._database.close()
        with suppress(StateError):
            remove(self._database.path)
        self._database, self.since, self.place = None, now, SignaturePosition()

    def _decided(self, once: SingleUse) -> bool:
        return not (self.since and once.at < self.since + MARGIN) and not 0 < once.until <= self._floor

    def close(self) -> None:
        if self._database is not None:
            self._database.close()

    def _get(self, used: UsedSignature) -> bytes | None:
        """The most that is known: what was learnt last may be an earlier copy of what is on disk."""
        young = self._young.get(used.key)
        said, stored = young.said if young is not None else None, None
        if self._database is not None and used.column in self._database.names():
            try:
                stored = self._database.get(used.column, used.key)
            except DamagedError as error:
                log.warning("what was signed and used is damaged on disk: held in memory until the next start", error=str(error))
                self._give_up(int(time.time() * 1000))
        return max(filter(None, (said, stored)), key=len, default=None)


def _same(one: bytes, other: bytes) -> bool:
    return one.startswith(other) or other.startswith(one)


def opened(settings: Settings, group: str) -> SignatureTable:
    """On the role's own disk; in memory, and said so, where it has none."""
    state = Path(settings.ingress.state) if settings.ingress.state else settings.deliver.state
    try:
        return SignatureTable(opening.opened(own_directory(state, group, "ingress.state") / "once", STAGE))
    except (StateError, SettingsError) as error:
        do_without(STAGE, "what was signed and used", state, error)
    return SignatureTable(None)
