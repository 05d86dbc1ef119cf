"""A bundle, fed to the workers: kind after kind, then the history, never more ahead of what is done than it may be.

What was fed, and how far, commit together. Nothing depends on it: the workers know what is done, and what is fed twice does nothing.
"""

import asyncio
import heapq
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import structlog
from msgspec import structs

from converters.addressing import address, conversation_of, delivery_of, key_of_need
from converters.core.model import Event, conversation_key
from converters.inventory import KINDS, MESSAGE, AnyItem, needs
from converters.migration import Inventory, is_late, is_late_part
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityLookup
from converters.routing.route import App
from streams.encryption.headers import AUTHOR, owner
from streams.exactly_once.outputs import Headers, Outputs
from streams.exactly_once.producers import Producers
from streams.kafka import topics
from streams.migrate.behind import Behind
from streams.migrate.bundle import Bundle, KeyedTalk, message_key
from streams.migrate.context import Topics
from streams.migrate.feed_options import Options
from streams.migrate.known import Known
from streams.migrate.orders import told
from streams.migrate.records import Feed, ItemTask, MessageTask, Progress, SkipTask, dump, task_key
from streams.migrate.undecided import undecided

log = structlog.get_logger()

CHUNK = 500
"""Records of one transaction."""
TURN = 8
"""Messages of one conversation, before others have theirs."""
SIDE_BY_SIDE = 256
"""Conversations that are fed in turns."""
LONG = 200
"""Conversations that begin before all others: the longest, of which each takes the time of all its messages."""
LATE = "late"
PHASES = (*KINDS, LATE, MESSAGE)
AGAIN = 0.3
"""Seconds between two looks how far the workers are."""


class StoppedError(Exception):
    """Somebody wants no more to be fed; the text says who or what."""


class Feeder:
    """*look* raises StoppedError where nothing more is to be fed; it is asked all the time. *dropped*: messages of which people have dropped the letters.
    *learned* returns once *identities* has what lies in its topic.
    """

    def __init__(
        self, bundle: Bundle, source: App, target: App, names: Topics, identities: IdentityLookup, known: Known, behind: Behind, producers: Producers,
        options: Options, feed: Feed, look: Callable[[], None], dropped: Callable[[], Awaitable[frozenset[str]]],
        learned: Callable[[], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._bundle = bundle
        self._source, self._target = source, target
        self._names = names
        self._identities = identities
        self._known = known
        self._behind = behind
        self._producers = producers
        self._options = options
        self._look = look
        self._dropped = dropped
        self._learned = learned
        self.feed = feed
        self.fed: Counter[str] = Counter(feed.fed)
        goes_on = bool(feed.key) or feed.kind not in ("", PHASES[0])
        self.lacking: Counter[str] = Counter(feed.lacking if goes_on else ())
        self.differing: Counter[str] = Counter(feed.differing if goes_on else ())
        self.older = 0
        self._outputs = Outputs()
        self._minted: set[tuple[bytes, bytes]] = set()
        inventory = target.platform.inventory
        assert inventory is not None, "the command asks"
        self._inventory: Inventory[Any] = inventory

    async def run(self) -> None:
        """Until everything is done that can be. Raises StoppedError, KafkaError, UnknownResultError, FencedError, StateError."""
        await self._producers.start()
        await self._known.refresh()
        for phase in PHASES[PHASES.index(self.feed.kind) if self.feed.kind in PHASES else 0 :]:
            if self.feed.kind != phase:
                self.feed = structs.replace(self.feed, kind=phase, key="")
            if phase == MESSAGE:
                await self._history()
            elif phase == LATE:
                for kind in KINDS:
                    await self._items(kind, late=True)
            else:
                await self._items(phase, late=False)
            await self._flush()
            await self._until_done()
        self.feed = structs.replace(self.feed, kind="", key="")
        await self._flush(always=True)

    # -- items

    async def _items(self, kind: str, *, late: bool) -> None:
        if late and not any(part.kind == kind and is_late_part(self._inventory, part) for part in self._inventory.parts):
            return
        after = bytes.fromhex(self.feed.key) if not late else b""
        for row in self._bundle.items(kind, after=after):
            self._item(kind, row.item, row.digest, late=late)
            if not late:
                self.feed = structs.replace(self.feed, key=row.key.hex())
            await self._pace()

    def _item(self, kind: str, item: AnyItem, digest: str, *, late: bool) -> None:
        if late and not self._has_late(item):
            return
        minted: list[NewIdentity] = []
        found = address(item, self._source, self._target, self._identities, minted)
        task = ItemTask(
            run=self.feed.bundle, app=self._target.name, source=self._source.name, item=item, digest=digest, conversation=found.conversation,
            people=found.people, place=found.place, late=late, update=self._options.update,
        )  # fmt: skip
        there = self._known.item(found.key, task_key(task))
        if there is not None and there.word != "open":
            if there.digest == digest:
                return
            if not self._options.update and there.word != "refused":
                self.differing[kind] += not late
                return
        if not all(self._is_there(need) for need in needs(item)):
            self.lacking[kind] += not late  # both times it is the same item
            return
        self._mint(minted)
        author = self._author(next(iter(task.people)) if len(task.people) == 1 else "")  # what several share is nobody's alone
        self._outputs.add(self._names.tasks, topics.partition_of(found.key, self._options.partitions), found.key, dump(task), author)
        self.fed[kind] += 1

    def _has_late(self, item: AnyItem) -> bool:
        return any(is_late(self._inventory, piece) for piece in self._inventory.pieces(item, self._target.account).pieces)

    def _is_there(self, need: str) -> bool:
        return self._known.is_there(key_of_need(need, self._source, self._identities), need)

    # -- history

    async def _history(self) -> None:
        history = self._target.platform.history
        if history is None or not self._bundle.count(MESSAGE):
            return
        while True:
            await self._skip_dropped()
            before = self._decided()
            fed = await self._all_talks()
            await self._flush()
            await self._until_done()
            if not fed or self._decided() == before:
                return

    async def _all_talks(self) -> int:
        """One pass over all conversations; the answer is how many messages were fed."""
        longest = heapq.nlargest(LONG, ((one.talk.count, one.key) for one in self._bundle.conversations()))
        first = [key for _, key in longest]
        begun = frozenset(first)
        waiting = self._talks(first, begun)
        turns: deque[Iterator[MessageTask]] = deque()
        fed = self.lacking[MESSAGE] = self.older = 0
        while True:
            while len(turns) < SIDE_BY_SIDE and (talk := next(waiting, None)) is not None:
                if (messages := self._messages(talk)) is not None:
                    turns.append(messages)
                await self._pace()
            if not turns:
                return fed
            messages = turns.popleft()
            for _ in range(TURN):
                task = next(messages, None)
                if task is None:
                    break
                key = conversation_key(task.delivery.event.conversation)
                author = self._author(task.delivery.event.sender)
                self._outputs.add(self._names.tasks, topics.partition_of(key, self._options.partitions), key, dump(task), author)
                self.fed[MESSAGE] += 1
                fed += 1
            else:
                turns.append(messages)
            await self._pace()

    def _talks(self, first: list[bytes], begun: frozenset[bytes]) -> Iterator[KeyedTalk]:
        for key in first:
            talk = self._bundle.talk(key)
            assert talk is not None
            yield KeyedTalk(key, talk)
        yield from (one for one in self._bundle.conversations() if one.key not in begun)

    def _messages(self, one: KeyedTalk) -> Iterator[MessageTask] | None:
        """Those that are still to be decided about; None where there are none, or nothing can go on."""
        progress = self._known.progress(conversation_key(conversation_of(one.talk.conversation, self._source, self._identities)))
        decided = progress.count + progress.skipped + progress.live
        all_known = decided >= one.talk.count
        if progress.stopped or not one.talk.count or (all_known and progress.at > one.talk.last):
            return None
        # A later bundle may have no more than what was said in the millisecond of the last one.
        since = message_key(one.key, progress.at, b"") if all_known else b""
        return self._tasks(one, progress, since)

    def _tasks(self, talk: KeyedTalk, progress: Progress, since: bytes) -> Iterator[MessageTask]:
        def older(count: int) -> None:
            self.older += count

        after, left = progress.last, undecided((one.event for one in self._bundle.messages(talk.key, since)), progress, older)
        for number, event in left:
            task = self._task(event, after)
            if task is None:
                self.lacking[MESSAGE] += 1 + sum(1 for _ in left) if since else talk.talk.count - number
                return
            yield task
            after = event.id

    def _task(self, event: Event, after: str) -> MessageTask | None:
        minted: list[NewIdentity] = []
        delivery = delivery_of(event, self._source, self._target, self._identities, minted)
        if delivery is None:
            return None
        self._mint(minted)
        meta, group = self._bundle.meta, ""
        if str(event.conversation.__struct_config__.tag) == "group" and meta.before_group != "import":
            group = f"group\x1f{event.conversation.id}"  # type: ignore[union-attr]
        return MessageTask(
            run=self.feed.bundle, delivery=delivery, after=after, group=group, files=self._options.files,
            policy="stop" if meta.before_group == "import" else meta.before_group,
            live=bool(self.feed.live_since) and event.at >= self.feed.live_since,
        )  # fmt: skip

    async def _skip_dropped(self) -> None:
        stopped = {progress.letter: key for key, progress in self._known.stopped() if progress.letter}
        dropped = await self._dropped() if stopped else frozenset()
        for event in sorted(stopped.keys() & dropped):
            key = stopped[event]
            skip = SkipTask(run=self.feed.bundle, conversation=key.decode(), event=event)
            self._outputs.add(self._names.tasks, topics.partition_of(key, self._options.partitions), key, dump(skip))
        if len(self._outputs):
            await self._flush()
            await self._until_done()

    def _decided(self) -> int:
        counts = self._known.counts
        return sum(counts["lane", word] for word in ("count", "skipped", "live"))

    # -- out

    def _author(self, canonical: str) -> Headers:
        return [(AUTHOR, owner("", canonical))] if self._producers.encrypts else []

    def _mint(self, minted: list[NewIdentity]) -> None:
        for one in minted:
            key, value = one.record
            if (key, value) not in self._minted:
                self._minted.add((key, value))
                self._outputs.add(self._names.identities, topics.partition_of(key, self._options.partitions), key, value)

    async def _pace(self) -> None:
        self._look()
        if len(self._outputs) >= CHUNK:
            await self._flush()
            while await self._behind.records() >= self._options.ahead:
                self._look()
                await self._behind.trim()
                await asyncio.sleep(AGAIN)

    async def _flush(self, *, always: bool = False) -> None:
        if not always and not len(self._outputs):
            return
        outputs, self._outputs = self._outputs, Outputs()
        counts = {"fed": dict(self.fed), "lacking": dict(+self.lacking), "differing": dict(+self.differing), "older": self.older}
        self.feed = structs.replace(self.feed, **counts, at=int(time.time() * 1000))
        told(self.feed, outputs, self._options.runs, self._options.partitions)
        await self._producers.commit(outputs, {})

    async def _until_done(self) -> None:
        """All that was fed is done, and known to be."""
        while not await self._behind.is_done():
            self._look()
            await asyncio.sleep(AGAIN)
        await self._behind.trim()
        await self._known.refresh()
        await self._learned()
