"""From the topics to a report: reads, decides about each event, sums up."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from aiokafka import TopicPartition
from msgspec import Struct

from converters.core.model import Conversation
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App
from streams.kafka import topics
from streams.kafka.topics import Topic
from streams.operate.dead_letter_reader import LetterFilter, find
from streams.operate.gaps import groups_of
from streams.operate.topic_reader import OffsetRange, Tell, TopicReader
from streams.outbound.vendor_client import VendorClient
from streams.report import fates, rows
from streams.report.fates import Fate, fate
from streams.report.history import HistoryRows
from streams.report.reading import SLACK, CallbackRows, Period, letter_rows, read_ends, read_handed
from streams.report.sorted_rows import SortedRows
from streams.report.totals import HourTotals, Totals, bucket, conversations
from streams.settings.root import Settings

SHOWN = 200
"""Events by name, and conversations, of a page; a program is told all."""

Reading = Callable[[str | None], TopicReader]
"""A reader that is asked for the offsets of that group."""
Emit = Callable[[Totals, Sequence[Fate]], None]
"""Hears of each conversation of each hour, and of its open events."""


class Report(Struct, kw_only=True):
    period: Period
    apps: list[str]
    """Source apps that it is about."""
    asked: list[str]
    """Apps whose platforms were asked for their histories."""
    hours: list[Totals] = []
    different: list[Totals] = []
    """Conversations whose two sides are not the same; the first of them."""
    differing: int = 0
    events: list[Fate] = []
    """Open events; the first of them."""
    showing: list[str] = []
    """Target apps that show what they were sent."""
    unseen: list[str] = []
    """What could not be seen, in words."""

    @property
    def complete(self) -> bool:
        return all(one.equal for one in self.hours) and not self.unseen


class Gathering:
    """One report, about the source apps *chosen* of *settings*; *ask*: the platforms are asked for their histories too. *work*: as of `SortedRows`."""

    def __init__(
        self,
        settings: Settings,
        apps: Mapping[str, App],
        chosen: frozenset[str],
        period: Period,
        identities: IdentityTable,
        reading: Reading,
        *,
        ask: bool,
        work: Path | None,
        now: int,
    ) -> None:
        self._settings, self._apps, self._chosen, self._period = settings, apps, chosen, period
        self._identities, self._reading = identities, reading
        self._targets = {apps[name].target for name in chosen} & apps.keys()
        self._ask, self._work, self._now = ask, work, now

    async def run(self, tell: Tell, emit: Emit | None = None) -> Report:
        """Raises OperateError."""
        report = Report(period=self._period, apps=sorted(self._chosen), asked=[])
        with ExitStack() as stack:
            events = stack.enter_context(SortedRows(self._work))
            callbacks = await self._read(events, tell)
            if self._ask:
                await self._histories(events, callbacks, report, tell)
            report.unseen += [f"{topic} no longer holds the beginning of the period" for topic in sorted(callbacks.cut)]
            report.showing = sorted(callbacks.showing & self._targets)
            decided = stack.enter_context(SortedRows(self._work))
            late = stack.enter_context(SortedRows(self._work))
            unknown = set[int]()
            for name, contents in events.groups():
                self._decide(name, contents, callbacks.showing, decided, late, unknown)
            if unknown:  # an end may be older than the period: something that came once more
                await self._older_ends(late, frozenset(unknown), tell)
                for name, contents in late.groups():
                    self._decide(name, contents, callbacks.showing, decided)
            self._sum_up(decided, callbacks, report, emit)
        return report

    async def _read(self, events: SortedRows, tell: Tell) -> CallbackRows:
        identities = self._identities
        async with self._reading(None) as reader:
            dead = self._settings.kafka.topic(topics.DEAD_LETTERS)
            letters = await find(reader, dead, LetterFilter(since=self._period.since - SLACK, resolved=True), self._apps, identities)
            known = letter_rows(letters.letters)
            for name, letter in known.items():
                events.add(name.encode(), rows.dump(letter))
            callbacks = CallbackRows(self._apps, self._chosen, identities, known, self._period, events)
            platforms = sorted({self._apps[name].platform.name for name in self._chosen | self._targets})
            for platform in platforms:
                topic = self._settings.kafka.topic(topics.CALLBACKS, platform)
                committed = await self._committed("convert", reader.partitions(topic))
                await callbacks.read(reader, topic, committed, tell)
            for platform in self._target_platforms():
                spans = await self._spans(reader, platform, (topics.DELIVERIES, topics.BACKFILL), self._period.since - SLACK)
                committed = await self._committed(f"deliver.{platform}", [span.tp for span in spans])
                await read_handed(reader, spans, committed, events, tell)
                spans = await self._spans(
                    reader, platform, (topics.LEDGER, topics.IMPORTED), self._period.since - SLACK, self._period.seen_until
                )
                await read_ends(reader, spans, events, tell=tell)
            return callbacks

    async def _committed(self, stage: str, tps: Sequence[TopicPartition]) -> dict[TopicPartition, int | None]:
        async with self._reading(f"{self._settings.kafka.prefix}{stage}") as reader:
            return await reader.committed(tps)

    async def _spans(
        self, reader: TopicReader, platform: str, each: Sequence[Topic], since: int | None, until: int | None = None
    ) -> list[OffsetRange]:
        names = [self._settings.kafka.topic(topic, platform) for topic in each]
        return await reader.spans([tp for name in names if reader.there(name) for tp in reader.partitions(name)], since, until)

    def _target_platforms(self) -> list[str]:
        return sorted({self._apps[name].platform.name for name in self._targets})

    async def _histories(self, events: SortedRows, callbacks: CallbackRows, report: Report, tell: Tell) -> None:
        for name in sorted(self._chosen | self._targets):
            app = self._apps[name]
            if app.platform.gaps is None:
                report.unseen.append(f"{name}: {app.platform.name} keeps no history that can be asked for")
                continue
            report.asked.append(name)
            questions = VendorClient(app, self._settings.deliver, acts=False)
            history = HistoryRows(app, self._period, events, self._now)
            places: set[Conversation] = callbacks.places[name] | (
                groups_of(self._identities, app.platform.name) if self._settings.gaps.groups else set()
            )
            try:
                lacking = await history.read(questions, places, tell)
            finally:
                await questions.close()
            if history.shows:
                callbacks.showing.add(name)
            report.unseen += [f"{name}: {lacking}"] if lacking else []
            report.unseen += [f"{name}: no answer: {api}, {count} times" for api, count in sorted(questions.unanswered.items())]

    def _decide(
        self,
        name: bytes,
        contents: Sequence[bytes],
        showing: set[str],
        decided: SortedRows,
        late: SortedRows | None = None,
        unknown: set[int] | None = None,
    ) -> None:
        found = fate(name.decode(errors="replace"), [rows.load(one) for one in contents], self._period.since, self._period.until, showing)
        if found is None or (found.app in self._apps and found.app not in self._chosen):
            return  # a callback of no app of the settings is a dead letter of everybody's
        if found.word == "missing" and late is not None and unknown is not None:
            unknown.add(hash(name))
            for one in contents:
                late.add(name, one)
            return
        decided.add(bucket(found, self._period), fates.dump(found))

    async def _older_ends(self, into: SortedRows, only: frozenset[int], tell: Tell) -> None:
        async with self._reading(None) as reader:
            for platform in self._target_platforms():
                await read_ends(reader, await self._spans(reader, platform, (topics.LEDGER, topics.IMPORTED), None), into, only, tell)

    def _sum_up(self, decided: SortedRows, callbacks: CallbackRows, report: Report, emit: Emit | None) -> None:
        hours = HourTotals()
        for totals, events in conversations(decided, self._period):
            hours.add(totals)
            if not totals.equal:
                report.differing += 1
                if len(report.different) < SHOWN:
                    report.different.append(totals)
            report.events += events[: SHOWN - len(report.events)]
            if emit is not None:
                emit(totals, events)
        hours.nothing(callbacks.nothing.items())
        report.hours = hours.each()
