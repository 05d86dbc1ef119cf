"""The inventory: items in pieces, pieces with one batch key in one request, and an outcome for each item."""

import asyncio
from collections import deque
from collections.abc import Sequence
from hashlib import blake2b

import structlog

from converters.core.causes import Cause
from converters.core.fingerprint import fingerprints
from converters.core.model import Group as GroupTalk
from converters.core.model import Room as RoomTalk
from converters.core.model import conversation_key
from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from converters.doings import doings
from converters.inventory import Group, Room, User, item_id, kind_of
from converters.migration import Bisect, ItemOutcome, Present, is_late
from converters.platform import Reply, Request
from converters.routing.route import App
from streams.deliver.ledger_schema import Intent
from streams.exactly_once.shutdown import Shutdown, clock
from streams.migrate.book import Book, Raw, now
from streams.migrate.context import Around, doubted, worst
from streams.migrate.finding import found
from streams.migrate.in_hand import InHand, Job, Queue, context_of, record_of
from streams.migrate.leaving import Leaving
from streams.migrate.records import Item, ItemTask, Word, task_key
from streams.observe import metrics
from streams.outbound.attempts import delays
from streams.state.stateful_stage import BackgroundTasks

log = structlog.get_logger()

COMPANY = 0.1
"""Seconds that a request which is not full waits for more pieces."""


class Batches:
    """Of one partition. Its requests run in the *background*, at most `in_flight` of them."""

    def __init__(self, around: Around, book: Book, leaving: Leaving, drain: Shutdown, background: BackgroundTasks) -> None:
        self._around = around
        self._book = book
        self._leaving = leaving
        self._drain = drain
        self._background = background
        self._open: dict[bytes, InHand] = {}
        self._queues: dict[tuple[str, str, str], Queue] = {}
        """By app, part and batch key."""
        self._sending: set[asyncio.Task[None]] = set()

    def take(self, raw: Raw, task: ItemTask, *, released: bool) -> None:
        key = task_key(task)
        if (there := self._open.get(key)) is not None:
            there.also.append(raw.offset)
            return
        known = self._book.get(key)
        known = known if isinstance(known, Item) else None
        if known is not None and not released and not self._is_due(known, task):
            self._book.count(kind_of(task.item), "known")
            self._book.settle(raw.offset)
            return
        app = self._around.apps[task.app]
        inventory = app.platform.inventory
        assert inventory is not None, "the feeder asks"
        split = inventory.pieces(task.item, app.account)
        for loss in split.losses:
            metrics.LOSSES.labels(f"{self._around.apps[task.source].platform.name}>{self._around.platform}", loss.what).inc()
        same = known is not None and known.digest == task.digest
        done = known.pieces if known is not None and same else ()
        doubtful = known.pending if known is not None and not released else ()
        open_ = InHand(raw, task, key, [], pieces=done, remote=known.remote if known else "", made=known.made if known else 0)
        open_.was_there = self._was_there(known, task)
        left = [piece for piece in split.pieces if piece.suffix not in done and is_late(inventory, piece) == task.late]
        waves = sorted({inventory.part(piece.part).wave for piece in left})
        open_.waves = [[piece for piece in left if inventory.part(piece.part).wave == wave] for wave in waves]
        self._open[key] = open_
        self._next_wave(open_, doubtful)

    def flush(self, *, hurry: bool) -> None:
        """Begin the requests that are full, have waited long enough, or, in a *hurry*, all."""
        at = clock()
        for name, queue in list(self._queues.items()):
            app, part_name, _ = name
            inventory = self._around.apps[app].platform.inventory
            assert inventory is not None
            part = inventory.part(part_name)
            most = max(1, inventory.most(part, self._around.findings(app)))
            while queue.jobs and (len(queue.jobs) >= most or hurry or at - queue.since >= COMPANY):
                if len(self._sending) >= self._around.in_flight:
                    return
                some = [queue.jobs.popleft() for _ in range(min(most, len(queue.jobs)))]
                queue.since = at
                sending = self._background.start(self._send(name, some))
                self._sending.add(sending)
                sending.add_done_callback(self._sending.discard)
            if not queue.jobs:
                del self._queues[name]

    @property
    def waits(self) -> bool:
        """Whether pieces wait for company."""
        return bool(self._queues) and len(self._sending) < self._around.in_flight

    def _is_due(self, known: Item, task: ItemTask) -> bool:
        if known.word == "open":
            return True
        return known.digest != task.digest and (task.update or known.word == "refused")

    def _was_there(self, known: Item | None, task: ItemTask) -> bool:
        """Whether it was at the target before this: what is done late goes by what was found early."""
        if task.late:
            early = self._book.get(item_id(task.item).encode())
            return isinstance(early, Item) and early.word == "there"
        return known is not None and known.word in ("made", "there", "changed")

    # -- pieces

    def _next_wave(self, item: InHand, doubtful: Sequence[str] = ()) -> None:
        app = self._around.apps[item.task.app]
        inventory = app.platform.inventory
        assert inventory is not None
        while item.waves:
            wave = item.waves[0]
            wave = [piece for piece in wave if not (inventory.part(piece.part).fresh and item.was_there and not item.task.update)]
            item.left = {piece.suffix for piece in wave}
            if wave and not item.refused:
                context = context_of(self._around, item)
                for piece in wave:
                    name = item.task.app, piece.part, inventory.batch(piece, app.account, context)
                    queue = self._queues.get(name)
                    if queue is None:
                        queue = self._queues[name] = Queue(deque(), clock())
                    queue.jobs.append(Job(item, piece, piece.suffix in doubtful))
                return
            item.waves.pop(0)
        self._finish(item)

    async def _send(self, name: tuple[str, str, str], jobs: list[Job]) -> None:
        app = self._around.apps[name[0]]
        inventory = app.platform.inventory
        assert inventory is not None
        part = inventory.part(name[1])
        waits = delays(self._around.settings.backoff, self._around.settings.backoff_max)
        left: list[list[Job]] = []
        if part.once:
            for job in [job for job in jobs if job.doubt]:
                # Until the lease of an earlier owner is over, its request may yet leave.
                await self._settle_doubt(app, job, self._around.settings.lease)
                jobs.remove(job)
        if jobs:
            left.append(jobs)
        again = False
        while left:
            some = left.pop(0)
            outcomes, asked = await self._attempt(app, some, once=part.once, again=again)
            if len(some) > 1 and any(isinstance(one, Bisect) for one in outcomes):
                half = len(some) // 2
                left[:0] = [some[:half], some[half:]]
                continue
            more: list[Job] = []
            for job, outcome in zip(some, outcomes, strict=True):
                job.item.attempts += asked
                match outcome:
                    case NotSent():
                        more.append(job)
                    case Unsure() if part.once:
                        await self._settle_doubt(app, job)
                    case Unsure():
                        more.append(job)
                    case Bisect(reason=reason):
                        self._ended_piece(job, Refused(reason))
                    case _:
                        self._ended_piece(job, outcome)
            if more:
                worse = worst(outcomes)
                retry = worse.retry_after if isinstance(worse, NotSent) else None
                await self._drain.rest(max(next(waits), retry or 0.0))
                left.insert(0, more)
                again = True

    async def _attempt(self, app: App, jobs: list[Job], *, once: bool, again: bool) -> tuple[tuple[ItemOutcome, ...], int]:
        inventory = app.platform.inventory
        assert inventory is not None
        pieces = [job.piece for job in jobs]
        try:
            request = inventory.encode(pieces, app.account, context_of(self._around, *(job.item for job in jobs)))
        except Exception as error:  # noqa: BLE001 - a defect costs these pieces, and nothing else
            log.error("defect in an encoder", app=app.name, part=pieces[0].part, error=type(error).__name__)  # noqa: TRY400
            if len(jobs) > 1:
                return tuple(Bisect("defect") for _ in jobs), 0
            return (Refused(f"defect: {type(error).__name__}"),), 0
        outcomes: tuple[ItemOutcome, ...] = ()

        def read(asked: Request, reply: Reply) -> ItemOutcome:
            nonlocal outcomes
            outcomes = inventory.read(pieces, asked, reply)
            return worst(outcomes) or outcomes[0]

        answer = await self._leaving.one(request, app, jobs[0].item.key, read, again=again, ready=lambda: self._intend(jobs, once=once))
        return outcomes or tuple(answer for _ in jobs), 1

    async def _settle_doubt(self, app: App, job: Job, leaves: float = 0.0) -> None:
        """Ask the target whether a request that must not be repeated was done."""
        doubted(app.name, "opened")
        known = await self._found(app, job)
        if isinstance(known, NotSent):
            # It may be on its way yet: a target that is too slow to answer does later what nobody waits for any more.
            await self._drain.rest(leaves + self._around.settings.echo_wait)
            known = await self._found(app, job)
        if known is None:
            doubted(app.name, "held")
            job.item.doubtful = True
            self._ended_piece(job, Refused("in doubt: nothing tells whether it was done"))
        elif isinstance(known, NotSent):
            doubted(app.name, "repeated")
            job.doubt = False
            await self._send((app.name, job.piece.part, ""), [job])
        else:
            doubted(app.name, "arrived")
            self._ended_piece(job, known)

    async def _found(self, app: App, job: Job) -> ItemOutcome | None:
        inventory = app.platform.inventory
        assert inventory is not None
        finding = inventory.find(job.piece, app.account, context_of(self._around, job.item))
        return await found(finding, self._around.clients[app.name], self._around.gates[app.name], self._drain)

    def _intend(self, jobs: list[Job], *, once: bool) -> None:
        """What is about to be done, before it leaves."""
        at = now()
        told: dict[bytes, list[str]] = {}
        for job in jobs:
            item = job.item
            if once:
                self._book.put(item.key, record_of(item, "open", pending=(job.piece.suffix,)))
            for event in doings(item.task.item, item.task.source, item.task.conversation, at):
                told.setdefault(conversation_key(event.conversation), []).extend(fingerprints(event))
        for conversation, does in told.items():
            first = jobs[0]
            unique = blake2b(b"\x1f".join((first.item.key, first.piece.suffix.encode(), conversation)), digest_size=12).hexdigest()
            name = f"migration:{first.item.task.app}:{unique}:{at}:{first.piece.part}"
            self._book.tell(name, conversation, Intent(target=first.item.task.app, at=at, does=tuple(dict.fromkeys(does))))

    def _ended_piece(self, job: Job, outcome: ItemOutcome) -> None:
        item, suffix = job.item, job.piece.suffix
        match outcome:
            case Delivered(remote_id=remote, at=at):
                self._made(item, remote, at or now())
                item.pieces = (*item.pieces, suffix)
            case Present(remote_id=remote):
                item.was_there = True
                self._made(item, remote, 0)
                item.pieces = (*item.pieces, suffix)
            case Refused(reason=reason):
                item.refused.append(f"{job.piece.part}: {reason}")
            case NotSent() | Unsure() | Bisect():
                raise AssertionError("it is no end")
        item.left.discard(suffix)
        if not item.left:
            item.waves.pop(0)
            if item.waves and item.remote:
                self._book.put(item.key, record_of(item, "open"))
            self._next_wave(item)

    def _made(self, item: InHand, remote: str, at: int) -> None:
        if isinstance(item.task.item, Group | Room) and remote and not item.remote:
            item.remote, item.made = remote, at or now()

    # -- the end of an item

    def _finish(self, item: InHand) -> None:
        task, app = item.task, item.task.app
        del self._open[item.key]
        kind = kind_of(task.item)
        word: Word = "made"
        if item.refused:
            word = "refused"
        elif item.was_there:
            word = "changed" if task.update else "there"
        if item.remote and isinstance(task.conversation, GroupTalk | RoomTalk):
            self._book.name(
                "group" if isinstance(task.item, Group) else "room", item.remote, task.conversation.id, task.conversation.origin
            )
        if isinstance(task.item, User) and not item.refused and task.item.state != "deleted":
            self._book.account(task.item.id)
        reason = "; ".join(dict.fromkeys(item.refused))
        if item.refused:
            cause: Cause = "in-doubt" if item.doubtful else "refused-import"
            self._book.bury(item.raw, item.key, cause, reason, "theirs", item.attempts)
            self._around.fuse.died(app, item.key, cause)
        else:
            self._around.fuse.passed(app)
        self._book.put(item.key, record_of(item, word, reason=reason))
        self._book.count(kind, word)
        for offset in (item.raw.offset, *item.also):
            self._book.settle(offset)
