"""What a person wants of a run, as the topic `migrate.runs` says: workers look at it before each request."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from converters.core.localized import ReportedError, localized
from streams.exactly_once.outputs import Outputs
from streams.kafka import foreign_records, record_kinds, topics
from streams.kafka.log_reader import LogReader
from streams.migrate.records import Feed, Run, dump, load_order
from streams.observe import metrics

log = structlog.get_logger()

EVERY = 0.5
"""Seconds between two looks at the topic."""
LOOK = 1.0
"""Seconds between two looks at the clock of whoever waits."""


class HoursError(ReportedError, ValueError):
    """Not a span of the day; the text says what was seen and what is expected."""


class Hours:
    """`HH:MM-HH:MM` of each day in *zone*; it may go over midnight. Empty is always. Raises HoursError."""

    def __init__(self, between: str, zone: str) -> None:
        self._zone = _zone(zone)
        self._span: tuple[int, int] | None = None
        if between:
            first, dash, last = between.partition("-")
            if not dash:
                raise HoursError(localized("{between!r} is no span of the day; expected as 01:00-07:00", between=between[:32]))
            self._span = _minute(first), _minute(last)

    def open_at(self, now: float) -> bool:
        """*now*: seconds since 1970."""
        if self._span is None:
            return True
        local = datetime.fromtimestamp(now, self._zone)
        minute, (first, last) = local.hour * 60 + local.minute, self._span
        return first <= minute < last if first <= last else minute >= first or minute < last


def _minute(text: str) -> int:
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and int(hour) <= 24 and int(minute) < 60):
        raise HoursError(localized("{text!r} is no time of the day; expected as 01:00", text=text[:32]))
    return int(hour) * 60 + int(minute)


def _zone(text: str) -> tzinfo:
    if not text:
        return UTC
    if text[0] in "+-":
        try:
            moved = datetime.strptime(text[1:], "%H:%M")  # noqa: DTZ007 - a difference, and no time
        except ValueError:
            raise HoursError(localized("{text!r} is no time zone; expected as +08:00 or Asia/Shanghai", text=text[:32])) from None
        ahead = timedelta(hours=moved.hour, minutes=moved.minute)
        return timezone(ahead if text[0] == "+" else -ahead)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise HoursError(localized("{text!r} is no time zone; expected as +08:00 or Asia/Shanghai", text=text[:32])) from None


def local_zone() -> str:
    """That of this machine, as `+08:00`."""
    offset = datetime.now().astimezone().utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


class Orders:
    """The runs by app, followed. Nothing leaves for an app that has no run, or one that is paused, or outside of its hours."""

    def __init__(
        self,
        topic: str,
        partitions: int,
        reader: LogReader,
        clock: Callable[[], float] = time.time,
        quotas: Callable[[Run], None] | None = None,
    ) -> None:
        """*quotas* hears of a run whose quotas are not those of the one before."""
        self._reader = reader
        self._positions = {TopicPartition(topic, number): 0 for number in range(partitions)}
        self._clock, self._quotas = clock, quotas
        self._hours: dict[str, Hours] = {}
        self._following: asyncio.Task[None] | None = None
        self._begun = False
        self.runs: dict[str, Run] = {}
        self.feeds: dict[tuple[str, str], Feed] = {}
        """By app and bundle."""

    async def start(self) -> None:
        """All that lies there now is known. Raises KafkaError."""
        await self.look()
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        await self._reader.stop()

    def open(self, app: str) -> bool:
        run = self.runs.get(app)
        return run is not None and run.mode == "running" and self._hours[app].open_at(self._clock())

    async def until_open(self, app: str, rest: Callable[[float], object]) -> None:
        """Return once requests may leave for *app*; *rest* waits, and raises where the wait is over for another reason."""
        while not self.open(app):
            waiting = rest(LOOK)
            assert asyncio.iscoroutine(waiting)
            await waiting

    def show(self) -> None:
        for app in self.runs:
            metrics.MIGRATE_OPEN_HOURS.labels(app).set(self.open(app))

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.look()
            except KafkaError as error:
                log.warning("orders cannot be read at the moment", error=type(error).__name__)

    async def look(self) -> None:
        """Read what lies there now. Raises KafkaError."""
        await self._reader.start()
        if not self._begun:
            for tp in self._positions:
                self._positions[tp], _ = await self._reader.bounds(tp)
            self._begun = True
        for tp, position in self._positions.items():
            part = await self._reader.read(tp, position)
            while part.next > self._positions[tp]:
                for raw in part.records:
                    self._take(tp, raw.key or b"", raw.value, raw.headers)
                self._positions[tp] = part.next
                part = await self._reader.read(tp, part.next)

    def _take(self, tp: TopicPartition, key: bytes, value: bytes | None, headers: Mapping[str, bytes] | object) -> None:
        record_kinds.hold(tp.topic, headers)  # type: ignore[arg-type]
        app = key.decode(errors="replace")
        if value is None:
            self.runs.pop(app, None)
            return
        try:
            run = load_order(value)
            if isinstance(run, Feed):
                self.feeds[run.app, run.bundle] = run
                return
            hours = Hours(run.between, run.zone)
        except (msgspec.DecodeError, HoursError):
            foreign_records.note("migrate", tp.topic, tp.partition, None, "unreadable")
            return
        before = self.runs.get(app)
        if before is None or before.mode != run.mode:
            log.info("migration", mode=run.mode, app=app, bundle=run.bundle, by=run.by, between=run.between or "always")
        self.runs[app], self._hours[app] = run, hours
        if self._quotas is not None and run.quotas != (before.quotas if before is not None else {}):
            self._quotas(run)


def told(order: Run | Feed, outputs: Outputs, topic: str, partitions: int) -> None:
    """Add *order* as the one that holds from now on. All of an app lie in one partition."""
    key = order.app if isinstance(order, Run) else f"{order.app}\x1f{order.bundle}"
    outputs.add(topic, topics.partition_of(order.app.encode(), partitions), key.encode(), dump(order))
