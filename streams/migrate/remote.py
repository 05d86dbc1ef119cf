"""An app of the settings as a source: what its platform's lists and history give out, within its quotas. It goes on where it was stopped.

Lists that are about a user are asked for each user; which users there are, a file says where the platform has no list of them. They name groups
and conversations, which are asked about next. What no list tells is a problem of the bundle; an answer that stays away stops the reading.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, structs

from converters.core.localized import localized
from converters.core.model import Group as GroupTalk
from converters.core.model import direct
from converters.inventory import Friendship, Group, Room, User
from converters.migration import AnyReader, Cursor, Found, subject_of
from converters.platform import FoundCallback, TimeRange
from converters.routing.route import App
from converters.source_records import line, messages_of, naming, with_canonical
from streams.migrate.async_batches import closed, some
from streams.migrate.errors import SourceError
from streams.migrate.list_reader import ListReader, ReadingEnd, Yielded
from streams.migrate.loop_thread import LoopThread
from streams.migrate.remote_files import lines_in, pairs_in
from streams.migrate.remote_store import NOBODY, SAID, UNSEEN, RemoteStore
from streams.migrate.source import Part, Read
from streams.outbound.vendor_client import VendorClient
from streams.settings.root import Settings

WIDTH = 8
"""Subjects that are asked about side by side."""
AHEAD = 400
"""What is read of one of them before its turn comes."""
_LONGEST = 400
"""Characters of what a platform says that it could not tell."""
PLACES = {"group": Group, "room": Room}
SUBJECTS = ("user", "group", "room", "conversation", "app")
"""In this order: what a list is about has been named by those before it."""

T = TypeVar("T")


class RemoteOptions(Struct, frozen=True, kw_only=True):
    """*users*: a file of account ids, one a line; *pairs*: two ids a line, of conversations that no list names; *owners*: group and owner."""

    users: Path | None = None
    pairs: Path | None = None
    owners: Path | None = None
    since: int = 0
    """Ms since 1970: older messages are not asked for."""
    until: int


class RemoteSource:
    """A `streams.migrate.source.Source`. Raises SourceError."""

    def __init__(self, settings: Settings, app: App, options: RemoteOptions, work: Path) -> None:
        if not app.platform.readers:
            raise SourceError(
                localized(
                    "--from is {name}, on {platform}: nothing can be read from there; give its export",
                    name=app.name,
                    platform=app.platform.name,
                )
            )
        self.app, self.options = app, options
        self.failed = ""
        """A list that was not told to its end: what it would have named is not asked about in this run."""
        self.store = RemoteStore(work / f"source-{app.name}.sqlite")
        self._pairs = list(pairs_in(options.pairs)) if options.pairs is not None else []
        self._owners = dict(pairs_in(options.owners)) if options.owners is not None else {}
        self.name = naming(app)
        lists_all = any(one.of == "app" and one.name == "users" for one in app.platform.readers)
        if options.users is None and not lists_all:
            needs = next((one.needs for one in app.platform.readers if one.name == "users"), "")
            raise SourceError(
                localized(
                    "--from is {name}, on {platform}. {needs} Give a file of them, one a line, with --users",
                    name=app.name,
                    platform=app.platform.name,
                    needs=needs,
                )
            )
        if options.users is not None:
            self.store.add("user", lines_in(options.users))
        self._loop = LoopThread()
        self._client = self._loop.run(_client(app, settings))
        self.lists = ListReader(app, self._client)

    def close(self) -> None:
        self._loop.run(self._client.close())
        self._loop.close()
        self.store.close()

    def parts(self) -> Sequence[Part]:
        readers = sorted(
            (one for one in self.app.platform.readers if one.of in SUBJECTS),
            key=lambda one: (one.of == "app" and one.name != "users", _order(one)),
        )
        return [*(_Listed(self, one) for one in readers), *(_Places(self, kind) for kind in PLACES)]

    def notes(self) -> Sequence[tuple[str, str, str]]:
        needs = [("source-needs", one.name, one.needs) for one in self.app.platform.readers if one.needs]
        return [*needs, *(("not-told", *_split(text)) for _, text in self.store.names(UNSEEN))]

    def ready(self, name: str) -> None:
        """Raises SourceError where an earlier list is not whole."""
        if self.failed:
            raise SourceError(
                localized(
                    "{name}: not read yet, because {failed} was not read to its end; the same command goes on",
                    name=name,
                    failed=self.failed,
                )
            )

    def owned(self, place: Group | Room) -> Group | Room:
        """*place* with its owner as canonical: given, or told, or nobody."""
        owner = self._owners.get(place.id, "") or place.owner
        return structs.replace(place, owner=self.name(owner) if owner else NOBODY)

    @property
    def stamp(self) -> str:
        """Of what a person has chosen: the platform's own content changes all the time, and a reading that is gone on with is one reading."""
        named = [path.read_bytes() if path is not None else b"" for path in (self.options.users, self.options.pairs, self.options.owners)]
        return hashlib.sha256(b"\0".join([*named, str(self.options.since).encode()])).hexdigest()[:16]

    def span(self, reader: AnyReader) -> TimeRange:
        """Logs of all that was said in the app are asked for by the hour: no further back than they are kept."""
        since, until, gaps = self.options.since, self.options.until, self.app.platform.gaps
        if reader.of == "app" and gaps is not None:
            since = max(since, until - gaps.oldest * 1000)
        return TimeRange(since, until)

    def pairs(self) -> list[tuple[str, str]]:
        return self._pairs

    def steps(self, reader: AnyReader, subjects: Iterator[tuple[int, str]], span: TimeRange, cursor: str) -> Iterator[tuple[int, Yielded]]:
        """What *reader* yields of each of *subjects*, in their order."""
        reading = self._ordered(reader, subjects, span, cursor)
        try:
            while chunk := self._loop.run(some(reading)):
                yield from chunk
        finally:
            with suppress(RuntimeError):
                self._loop.run(closed(reading))

    async def _ordered(
        self, reader: AnyReader, subjects: Iterator[tuple[int, str]], span: TimeRange, cursor: str
    ) -> AsyncIterator[tuple[int, Yielded]]:
        running: deque[tuple[int, asyncio.Queue[Yielded | None], asyncio.Task[None]]] = deque()
        try:
            while True:
                while len(running) < WIDTH and (batch := list(islice(subjects, reader.most))):
                    queue: asyncio.Queue[Yielded | None] = asyncio.Queue(AHEAD)
                    names = [name for _, name in batch if name]
                    running.append((batch[-1][0], queue, asyncio.create_task(self._one(reader, names, span, cursor, queue))))
                    cursor = ""  # it was of the first one alone
                if not running:
                    return
                place, queue, task = running.popleft()
                while (step := await queue.get()) is not None:
                    yield place - 1 if isinstance(step, Cursor) else place, step
                await task
                yield place, Cursor("")
        finally:
            for _, _, task in running:
                task.cancel()

    async def _one(self, reader: AnyReader, names: list[str], span: TimeRange, cursor: str, queue: "asyncio.Queue[Yielded | None]") -> None:
        ended = ReadingEnd()
        try:
            async for step in self.lists.read(reader, names, span, cursor, ended):
                await queue.put(step)
        finally:
            await queue.put(None)
        if ended.silent:
            self.failed = reader.name
            raise SourceError(
                localized("{name}: {platform} does not answer; the same command goes on", name=reader.name, platform=self.app.platform.name)
            )
        if ended.why:
            self.store.add(UNSEEN, [f"{reader.name}\x1f{ended.why}"])


class _Listed:
    """What one reader tells. A position is [number, place of the subject, cursor]."""

    kind = ""
    size = 0

    def __init__(self, source: RemoteSource, reader: AnyReader) -> None:
        self.name, self.stamp = f"{source.app.name}:{reader.name}", source.stamp
        self._source, self._reader = source, reader
        self._done = 0

    def done(self) -> int:
        return self._done

    def read(self, position: Any) -> Iterator[Read]:
        self._source.ready(self.name)
        number, behind, cursor = position or (0, 0, "")
        source, reader = self._source, self._reader
        if position is None:
            source.store.forget(UNSEEN, f"{reader.name}\x1f")
        span = source.span(reader)
        if reader.of == "conversation":
            self._conversations()
        subjects = source.store.names(reader.of, behind) if reader.of != "app" else iter([(1, "")][behind:])
        begun = number
        for place, step in source.steps(reader, subjects, span, cursor):
            if isinstance(step, Cursor):
                behind, cursor = place, step.text
                continue
            for item in self._taken(step):
                number += 1
                self._done = number - begun
                yield Read(number, [number, behind, cursor], item, "" if item is not None else "a message that cannot be read", reader.name)

    def _taken(self, step: Yielded) -> Iterator[bytes | None]:
        source = self._source
        match step:
            case Found(kind=kind, id=name):
                source.store.add(kind, [name])
            case FoundCallback():
                yield from self._messages(step)
            case Group() | Room():
                source.store.tell(step)
                source.store.add("group" if isinstance(step, Group) else "room", [step.id])
            case Cursor():
                pass
            case _:
                if isinstance(step, User):
                    source.store.add("user", [step.id])
                if isinstance(step, Friendship) and self._no_sessions():
                    source.store.add("conversation", [subject_of(direct(step.owner, step.friend))])
                yield line(with_canonical(step, source.name))

    def _messages(self, step: FoundCallback) -> Iterator[bytes | None]:
        """A message that the history has told is not told again by the logs, which have it in other words."""
        source = self._source
        both = {one.name for one in source.app.platform.readers if one.of in ("conversation", "app") and one.name != "users"}
        try:
            for one in messages_of(step, source.app, source.name):
                if self._reader.of == "app" and source.store.has(SAID, one.id):
                    continue
                if self._reader.of == "conversation" and len(both) > 1:
                    source.store.add(SAID, [one.id])
                yield line(one)
        except Exception:  # noqa: BLE001 - Malformed, or a defect of a decoder: it costs this message
            yield None

    def _conversations(self) -> None:
        """Those that no list of sessions names: of groups, and the pairs that are given."""
        store = self._source.store
        store.add("conversation", (subject_of(direct(one, other)) for one, other in self._source.pairs()))
        for _, group in store.names("group"):
            store.add("conversation", [subject_of(GroupTalk(group))])

    def _no_sessions(self) -> bool:
        return all(one.name != "conversations" for one in self._source.app.platform.readers)


class _Places:
    """Groups or rooms, of which several lists told some."""

    size = 0

    def __init__(self, source: RemoteSource, kind: str) -> None:
        self.name, self.kind, self.stamp = f"{source.app.name}:{kind}", kind, source.stamp
        self._source = source

    def done(self) -> int:
        return 0

    def read(self, position: Any) -> Iterator[Read]:
        self._source.ready(self.name)
        for number, place in enumerate(self._source.store.places(self.kind), 1):
            if number > int(position or 0):
                yield Read(number, number, line(self._source.owned(place)), "", place.id)


def _order(reader: AnyReader) -> int:
    return -1 if reader.of == "app" and reader.name == "users" else SUBJECTS.index(reader.of)


def _split(text: str) -> tuple[str, str]:
    where, _, what = text.partition("\x1f")
    return where, what if len(what) <= _LONGEST else f"{what[:_LONGEST]}…"


async def _client(app: App, settings: Settings) -> VendorClient:
    return VendorClient(app, settings.deliver, acts=False)
