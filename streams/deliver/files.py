"""The files that messages wait for: what `media.results` has told of them, and the messages themselves until it has."""

import asyncio

import structlog
from msgspec import Struct, structs

from converters.core import wire
from converters.core.bodies import files_of
from converters.core.model import StoredFile, TargetContext
from converters.core.operations import Edit, Post, kind_of
from converters.files.media import WITHHELD, MediaResult, wanted
from streams.deliver.context import DeliverContext
from streams.deliver.conversations import OpenEvent
from streams.deliver.ledger import LedgerStore
from streams.deliver.ledger_records import STAGE
from streams.deliver.message_index import Row
from streams.exactly_once.shutdown import Shutdown, clock
from streams.kafka import foreign_records
from streams.kafka.cluster import cluster_of
from streams.observe import metrics
from streams.observe.labels import word

log = structlog.get_logger()

# Event ids begin with a platform's name, so that these never meet one; see `naming` for the others.
_BROUGHT = b"\x07"

AGAIN = 0.05
"""Seconds between two looks for those that have waited long enough."""


class _Aside(Struct):
    event: OpenEvent
    until: float


class PendingFiles:
    """Of one partition. A message waits at the head of its conversation for `order_hold`, then beside it for `media_wait`.

    At most half of the window stands beside: one more, and the oldest goes without its file.
    """

    def __init__(self, context: DeliverContext, store: LedgerStore, drain: Shutdown) -> None:
        self._context = context
        self._hold, self._wait = context.settings.order_hold, context.settings.media_wait
        self._room = context.settings.max_open_events // 2
        self._store = store
        self._cipher = cluster_of(context.bootstrap).cipher
        self._drain = drain
        self._heads: dict[str, asyncio.Event] = {}
        self.aside: dict[str, _Aside] = {}
        self.came: set[str] = set()
        self._looked = 0.0

    # -- in

    def rows(self, key: bytes, value: bytes | None) -> list[Row]:
        """What a record of `media.results` adds to the local state."""
        del key
        if value == b"" and self._cipher is not None:
            return []  # its key was thrown away
        try:
            result = wire.load(value or b"", MediaResult)
        except wire.Malformed as error:
            foreign_records.note(STAGE, self._context.names.results, None, None, "unreadable")
            log.warning("result of a media job is unreadable", error=str(error))
            return []
        if why := foreign_records.of_result(result, self._context.apps, self._context.platform):
            foreign_records.note(STAGE, self._context.names.results, None, None, why)
            return []
        if result.event in self._heads or result.event in self.aside:
            self.came.add(result.event)
        return [(_key(result.event, result.place), value if self._cipher is None or value is None else self._cipher.keep(value, []))]

    def note(self, event: OpenEvent) -> None:
        """*event* was read: for which files will it wait?"""
        app = self._context.apps[event.delivery.target]
        if self._context.carry and app.platform.media is not None:
            event.files = tuple(place for place, _, _ in wanted(event.delivery, app.platform.media, app.account))

    def over(self) -> list[OpenEvent]:
        """Those beside their conversation that need not wait any more, or may not; and heads whose files came are woken."""
        came, self.came = self.came, set()
        ready = [name for name in came if name in self.aside and self._complete(self.aside[name].event)]
        for name in came & self._heads.keys():
            self._heads[name].set()
        if self.aside and (now := clock()) >= self._looked + AGAIN:
            self._looked = now
            ready += [name for name, one in self.aside.items() if now > one.until and name not in ready]
        return [self.aside.pop(name).event for name in ready]

    # -- out

    async def hold(self, event: OpenEvent) -> bool:
        """Wait at the head; false where the others are to pass. Raises RevokedError."""
        # What is in doubt goes as it went: with what had come, or without.
        if event.doubt is not None or event.set_aside or self._complete(event):
            return True
        came = self._heads[event.delivery.event.id] = asyncio.Event()
        left = event.noted + self._hold - clock()
        try:
            with metrics.HELD_CONVERSATIONS.labels(self._context.platform, "media").track_inprogress():
                while left > 0 and not self._complete(event):
                    came.clear()
                    await self._drain.within(left, came.wait())
                    left = event.noted + self._hold - clock()
        finally:
            del self._heads[event.delivery.event.id]
        return self._complete(event)

    def set_aside(self, event: OpenEvent) -> list[OpenEvent]:
        """The others of its conversation pass; the answer is who has to go instead, where too many wait."""
        event.set_aside = True
        self.aside[event.delivery.event.id] = _Aside(event, event.noted + self._wait)
        if len(self.aside) <= self._room:
            return []
        return [self.aside.pop(next(iter(self.aside))).event]

    def there(self, event: OpenEvent, there: TargetContext) -> TargetContext:
        """*there*, with the files of *event* that have come; counted."""
        operation = event.delivery.event.operation
        assert isinstance(operation, Post | Edit)
        found = {place: self._result(event, place) for place in event.files}
        first = found[event.files[0]]
        fate = "no-result" if first is None else "carried" if first.carried is not None else word("fate", first.reason)
        self._context.counts.of(event).had_file(event, kind_of(operation), fate, clock() - event.noted)
        files: list[StoredFile | None] = []
        for place in range(len(files_of(operation.body))):
            result = found.get(place)
            files.append(result.carried if result is not None else None)
        withheld = any(result is not None and result.reason in WITHHELD for result in found.values())
        return structs.replace(there, files=tuple(files), withheld=withheld)

    def _complete(self, event: OpenEvent) -> bool:
        return all(self._store.raw(_key(event.delivery.event.id, place)) is not None for place in event.files)

    def _result(self, event: OpenEvent, place: int) -> MediaResult | None:
        raw = self._store.raw(_key(event.delivery.event.id, place))
        raw = raw if raw is None or self._cipher is None else self._cipher.kept(raw)
        return wire.load(raw, MediaResult) if raw is not None else None


def _key(event: str, place: int) -> bytes:
    return _BROUGHT + f"{event}\x1f{place}".encode()
