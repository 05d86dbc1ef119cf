"""The history of conversations: one lane each, one message after the other, and one progress record for all of it.

A message is imported only behind the one that its record names, so that what is fed twice, or behind a lane that stopped, does nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog
from msgspec import Struct, structs

from converters.core.model import NOTHING, Loss
from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from converters.files.media import losses as losses_of
from converters.files.withheld import placeholder
from converters.history import Placed, Skipped, Stopped, place
from converters.migration import BeforeGroup, ImportOf, ImportOutcome, NotLater
from converters.platform import Reply, Request
from converters.probing import Findings
from converters.routing.route import App
from streams.encryption.headers import inherited
from streams.exactly_once.shutdown import RevokedError, Shutdown
from streams.migrate.book import Book, Raw, now
from streams.migrate.carrying import Carrying
from streams.migrate.context import Around, doubted
from streams.migrate.leaving import Leaving
from streams.migrate.records import Item, MessageTask, Progress, Watermark, decided, lane_key, live_key
from streams.migrate.seam import imported
from streams.observe import metrics
from streams.outbound.attempts import delays
from streams.state.stateful_stage import BackgroundTasks

log = structlog.get_logger()

SOON = 600_000
"""Ms in the future of a timestamp that are waited for."""


class _Waiting(Struct, frozen=True):
    raw: Raw
    task: MessageTask
    released: bool
    """A person has put it back."""


class _Lane(Struct):
    key: bytes
    """Of the conversation."""
    progress: Progress
    queue: deque[_Waiting]


class ConversationImports:
    """Of one partition. Each lane in which there is something to do runs in the *background*."""

    def __init__(
        self,
        around: Around,
        book: Book,
        leaving: Leaving,
        carrying: Carrying,
        drain: Shutdown,
        known: asyncio.Event,
        background: BackgroundTasks,
    ) -> None:
        self._around = around
        self._book = book
        self._leaving = leaving
        self._carrying = carrying
        self._drain = drain
        self._known = known
        """Set once it is known which conversations are carried live."""
        self._background = background
        self._lanes: dict[bytes, _Lane] = {}

    def take(self, raw: Raw, task: MessageTask, *, released: bool) -> None:
        lane = self._lanes.get(raw.key)
        if lane is None:
            lane = self._lanes[raw.key] = _Lane(raw.key, self.progress(raw.key), deque())
            self._background.start(self._run(lane))
        lane.queue.append(_Waiting(raw, task, released))

    def skip(self, raw: Raw, conversation: bytes, event: str) -> None:
        """A person has decided that the message which stopped this conversation is left out."""
        lane = self._lanes.get(conversation)
        progress = lane.progress if lane is not None else self.progress(conversation)
        if progress.stopped and progress.letter == event:
            # What is in doubt may lie there: nothing is put at its timestamp.
            stamp = max(progress.stamp, progress.sending_stamp + progress.part if progress.sending == event else 0)
            moved = decided(
                progress, event, progress.at, "dropped", now(), skipped=progress.skipped + 1, stopped="", letter="", stamp=stamp
            )
            self._write(conversation, moved)
            if lane is not None:
                lane.progress = moved
            self._book.count("message", "dropped")
        self._book.settle(raw.offset)

    def progress(self, conversation: bytes) -> Progress:
        found = self._book.get(lane_key(conversation))
        return found if isinstance(found, Progress) else Progress()

    async def _run(self, lane: _Lane) -> None:
        if not self._known.is_set():
            await self._drain.unless(self._known.wait())
        while lane.queue:
            if self._drain.order.is_set():
                raise RevokedError
            one = lane.queue[0]
            decision = self._decide(lane, one)
            if isinstance(decision, float):
                await self._drain.rest(decision)
                continue
            if decision is not None:
                await self._import(lane, one, decision)
            lane.queue.popleft()
            self._book.settle(one.raw.offset)
        del self._lanes[lane.key]

    # -- one message

    def _decide(self, lane: _Lane, one: _Waiting) -> Placed | float | None:
        """Where it goes at the target, or in how many seconds to ask again; None where it does not go, which is told then."""
        progress, task = lane.progress, one.task
        event = task.delivery.event
        if task.after != progress.last or event.id == progress.last:
            self._book.count("message", "known")
            return None
        if progress.stopped:
            if not one.released:
                return None  # it is fed again once a person has decided
            progress = lane.progress = structs.replace(progress, stopped="", letter="")
        at = now()
        if self._is_live(lane.key, task) and progress.sending != event.id:
            self._move(lane, decided(progress, event.id, event.at, "live", at, live=progress.live + 1), "live")
            return None
        placed = self._placed(progress, task, at)
        if isinstance(placed, Stopped) and isinstance(soon := self._placed(progress, task, at + SOON), Placed):
            # What is put behind the making of its group gets ahead of the clock.
            return (soon.at - at) / 1000 + 0.001
        match placed:
            case Skipped(reason=reason):
                self._skipped(lane, task, reason)
                return None
            case Stopped(reason=reason):
                self._stop(lane, one, reason, 0)
                return None
            case Placed():
                return placed

    def _placed(self, progress: Progress, task: MessageTask, at: int) -> Placed | Skipped | Stopped:
        event = task.delivery.event
        if progress.sending == event.id:
            # The very same timestamp, or a repeat would be no repeat.
            return Placed(progress.sending_stamp, restamped=progress.sending_stamp < event.at or progress.sending_stamp - event.at > 60_000)
        findings = self._around.findings(task.delivery.target)
        return place(event.at, progress.stamp, self._made(task, findings), at, task.policy)

    def _made(self, task: MessageTask, findings: Findings) -> int:
        """When the group was made at the target, as far as that stands in the way."""
        if not task.group or findings.before_group == "accepted":
            return 0
        item = self._book.get(task.group.encode())
        return item.made if isinstance(item, Item) and item.made else task.made

    def _is_live(self, key: bytes, task: MessageTask) -> bool:
        mark = self._book.get(live_key(key))
        return task.live or (isinstance(mark, Watermark) and task.delivery.event.at >= mark.since)

    async def _import(self, lane: _Lane, one: _Waiting, placed: Placed) -> None:
        task, app = one.task, self._around.apps[one.task.delivery.target]
        history = app.platform.history
        event = task.delivery.event
        assert history is not None, "the feeder asks"
        if str(event.conversation.__struct_config__.tag) not in history.kinds:
            self._skipped(lane, task, "kind")
            return
        how = ImportOf(at=placed.at, restamped=placed.restamped, files=task.files)
        there = await self._carrying.there(task.delivery, lane.key, inherited(one.raw.headers)) if task.files == "carry" else NOTHING
        try:
            written = placeholder(task.delivery, app.account.language) if there.withheld else task.delivery
            encoded = history.encode(written, app.account, there, how)
        except Exception as error:  # noqa: BLE001 - a defect stops this lane, and nothing else
            log.error("defect in an encoder", app=app.name, event_id=event.id, error=type(error).__name__)  # noqa: TRY400
            self._stop(lane, one, f"defect: {type(error).__name__}", 1)
            return
        if encoded.losses or there is not NOTHING:
            for loss in (*encoded.losses, *losses_of(there.files), *([Loss("withheld")] if there.withheld else [])):
                metrics.LOSSES.labels(f"{self._around.apps[event.source].platform.name}>{self._around.platform}", loss.what).inc()
        if not encoded.requests:
            self._skipped(lane, task, "nothing")
            return
        findings = self._around.findings(app.name)

        def read(request: Request, reply: Reply) -> ImportOutcome:
            return history.read(request, reply, findings)

        earlier = lane.progress.sending == event.id
        first = lane.progress.part if earlier else 0
        doubts, arrived = 0, [Delivered(remote, placed.at) for remote in lane.progress.arrived] if first else []
        for part in range(first, len(encoded.requests)):
            ids = tuple(one.remote_id for one in arrived if one.remote_id) if arrived else ()
            lane.progress = structs.replace(lane.progress, sending=event.id, sending_stamp=placed.at, part=part, time=now(), arrived=ids)
            # Who puts back what is held says that it may be sent once more.
            doubt = earlier and part == first and (findings.may_repeat or not one.released)
            outcome = await self._until_known(lane, encoded.requests[part], app, read, doubt=doubt)
            match outcome:
                case Delivered(remote_id=remote, at=told):
                    arrived.append(Delivered(remote, told or placed.at + part))
                case NotLater():
                    doubts += 1
                case BeforeGroup(reason=reason):
                    lane.progress = structs.replace(lane.progress, sending="", part=0, arrived=())
                    if task.policy == "skip":
                        self._skipped(lane, task, "before-group")
                    else:
                        self._stop(lane, one, f"before-group {reason}", 1)
                    return
                case Unsure(reason=reason):
                    self._stop(lane, one, f"in doubt: {reason}", 1)
                    return
                case Refused(reason=reason) | NotSent(reason=reason):
                    lane.progress = structs.replace(lane.progress, sending="", part=0, arrived=())
                    self._stop(lane, one, reason, 1)
                    return
        progress, last, at = lane.progress, history.last(encoded, placed.at), now()
        remote = arrived[-1].remote_id if arrived else ""
        moved = decided(
            progress, event.id, event.at, "in", at, count=progress.count + 1, stamp=last, remote=remote, doubts=progress.doubts + bool(doubts)
        )  # fmt: skip
        self._move(lane, moved, "made")
        self._around.fuse.passed(app.name)
        if at - event.at < self._around.recent:
            self._book.tell(event.id, lane.key, imported(task.delivery, arrived, len(encoded.requests), last, at))

    async def _until_known(
        self, lane: _Lane, request: Request, app: App, read: Callable[[Request, Reply], ImportOutcome], *, doubt: bool
    ) -> ImportOutcome:
        """An end of one request; `NotLater` says that an earlier attempt of it had arrived. There is no end to its patience."""
        settings = self._around.settings
        waits = delays(settings.backoff, settings.backoff_max)
        again = doubt
        if doubt:
            doubted(app.name, "opened")
            if not self._around.findings(app.name).may_repeat:
                return Unsure("a request of an earlier worker")
        while True:
            outcome = await self._leaving.one(request, app, lane.key, read, again=again, ready=lambda: self._write(lane.key, lane.progress))
            match outcome:
                case NotSent(retry_after=retry):
                    await self._drain.rest(max(next(waits), retry or 0.0))
                    again = True
                case Unsure():
                    if not doubt:
                        doubted(app.name, "opened")
                    doubt = True
                    if not self._around.findings(app.name).may_repeat:
                        doubted(app.name, "held")
                        return outcome
                    await self._drain.rest(next(waits))
                    again = True
                case NotLater(reason=reason):
                    if not doubt:
                        return Refused(f"not later than what is there: {reason}")
                    doubted(app.name, "arrived")
                    return outcome
                case Delivered() if doubt:
                    doubted(app.name, "repeated")
                    return outcome
                case _:
                    return outcome

    # -- written down

    def _write(self, conversation: bytes, progress: Progress) -> None:
        self._book.put(lane_key(conversation), progress)

    def _move(self, lane: _Lane, progress: Progress, word: str) -> None:
        lane.progress = progress
        self._write(lane.key, progress)
        self._book.count("message", word)

    def _skipped(self, lane: _Lane, task: MessageTask, reason: str) -> None:
        event = task.delivery.event
        moved = decided(lane.progress, event.id, event.at, reason, now(), skipped=lane.progress.skipped + 1)
        self._move(lane, moved, "skipped")

    def _stop(self, lane: _Lane, one: _Waiting, reason: str, attempts: int) -> None:
        """Nothing of this conversation goes on until a person has decided about *one*."""
        event = one.task.delivery.event
        lane.progress = structs.replace(lane.progress, stopped=reason, letter=event.id, time=now())
        self._write(lane.key, lane.progress)
        doubtful = reason.startswith("in doubt")
        self._book.bury(one.raw, event.id.encode(), "in-doubt" if doubtful else "refused-import", reason, "theirs", attempts)
        self._around.fuse.died(one.task.delivery.target, lane.key, "in-doubt" if doubtful else "refused-import")
        self._book.count("message", "stopped")
        log.warning("the history of a conversation stops here", event_id=event.id, reason=reason)
