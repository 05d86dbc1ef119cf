"""The role that looks for callbacks that never came, again and again, and writes them where they should have come."""

import asyncio
import signal
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, Literal

import structlog
from aiokafka.errors import KafkaError

from converters.core.localized import localized, text_of
from converters.routing.route import App
from streams.identities.follower import IdentityFollower, NoTopicError
from streams.identities.store import disk_of
from streams.ingress.encrypting import owners_of
from streams.ingress.store import CallbackStore
from streams.kafka import topics
from streams.kafka.permissions import why
from streams.kafka.reachability import REACH
from streams.observe import metrics
from streams.operate.bounds import begins, first_known
from streams.operate.gaps import GapResult, GapSearch, ReceivedCallbacks, groups_of, within
from streams.operate.topic_reader import OperateError, TopicReader
from streams.outbound.vendor_client import VendorClient
from streams.roles import health as healths
from streams.roles.health import Health
from streams.roles.startup import patiently, read_keys
from streams.settings.root import Settings, SettingsError, marking

log = structlog.get_logger()

STAGE = "gaps"
PATIENCE = 600.0
"""Seconds in which a search must get an answer: a throttled platform may keep it waiting for long."""


def searchable(settings: Settings, names: list[str]) -> dict[str, App]:
    """The apps of *names* (all, where empty) whose platforms can be asked. Raises SettingsError where there are none."""
    apps = marking(settings)
    if unknown := sorted(set(names) - apps.keys()):
        raise SettingsError(
            localized("no app {unknown} in the settings; there are: {apps}", unknown=", ".join(unknown), apps=", ".join(sorted(apps)))
        )
    chosen = {name: app for name, app in apps.items() if not names or name in names}
    found = {name: app for name, app in chosen.items() if app.platform.gaps is not None}
    if not found or (names and len(found) < len(chosen)):
        mute = ", ".join(sorted(chosen.keys() - found.keys()))
        raise SettingsError(localized("the platform of {mute} keeps nothing of lost callbacks that could be asked for", mute=mute))
    return found


def store_of(settings: Settings, apps: Mapping[str, App], tell: Health | None = None) -> CallbackStore:
    """Not started."""
    names = {settings.kafka.topic(topics.CALLBACKS, app.platform.name) for app in apps.values()}
    limits = settings.ingress
    return CallbackStore(
        settings.kafka.cluster,
        sorted(names),
        timeout=limits.store_timeout,
        limit=limits.max_waiting,
        tell=lambda why: tell.ready(not why, why, part="kafka") if tell else None,
        owners=owners_of(apps.values(), lambda platform: settings.kafka.topic(topics.CALLBACKS, platform)),
    )


async def run_gaps(settings: Settings, names: list[str]) -> int:
    """Search until SIGTERM or SIGINT; the answer is the exit code. Raises SettingsError, OperateError, StoreError, ListenError."""
    apps = searchable(settings, names)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    role = _GapsRole(settings, apps)
    observer = healths.listener(role.health, settings.observe)
    await observer.start()
    try:
        if await _unless(stop, role.start()):
            try:
                await role.run(stop)
            finally:
                await role.close()
    finally:
        await observer.stop(1.0)
    return 0


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Whether *work* was done before *stop*; it may wait for Kafka."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    return False


class _GapsRole:
    def __init__(self, settings: Settings, apps: Mapping[str, App]) -> None:
        self.health = Health(reach=REACH)
        self._settings = settings
        self._apps = apps
        self._store = store_of(settings, apps, self.health)
        known = settings.kafka.topic(topics.IDENTITIES)
        self._disk = disk_of(settings, settings.gaps.state, f"{settings.kafka.prefix}gaps")
        self._follower = IdentityFollower(settings.kafka.cluster, known, disk=self._disk)
        self._topics = [settings.kafka.topic(topics.CALLBACKS, app.platform.name) for app in apps.values()]
        self._came = {name: ReceivedCallbacks(settings.kafka.topic(topics.CALLBACKS, app.platform.name), app) for name, app in apps.items()}
        self._questions: dict[str, VendorClient] = {}
        self._busy = False
        self._said: dict[str, str] = {}
        """Why no further back, by app, as it was logged last."""

    async def start(self) -> None:
        await self._store.start(patient=True)
        await read_keys(self._settings)
        try:
            await patiently("read identities", self._settings.kafka.cluster, self._follower.start, self._follower.stop)
        except NoTopicError as error:
            await self._follower.stop()
            await self._store.close(0.0)
            raise OperateError(text_of(error)) from None
        self.health.watch(STAGE, lambda: self._busy, PATIENCE)

    async def run(self, stop: asyncio.Event) -> None:
        every = self._settings.gaps.interval
        self.health.ready(True)
        log.info("gap search scheduled", apps=sorted(self._apps), every=every)
        while not stop.is_set():
            began = time.monotonic()
            searching = asyncio.create_task(self._all())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait((searching, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not searching.done():
                # Nothing is lost by it: what is not written yet is found the next time.
                searching.cancel()
            with suppress(asyncio.CancelledError):
                await searching
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, began + every - time.monotonic())):
                    await stop.wait()

    async def close(self) -> None:
        for questions in self._questions.values():
            await questions.close()
        await self._follower.stop()
        if self._disk is not None:
            self._disk.close()
        await self._store.close(self._settings.ingress.store_timeout)

    async def _all(self) -> None:
        self._busy = True
        try:
            for name, app in self._apps.items():
                await self._one(name, app)
        finally:
            self._busy = False

    async def _one(self, name: str, app: App) -> None:
        # One for all searches: with each new one a new token would be asked for.
        questions = self._questions.get(name)
        if questions is None:
            questions = self._questions[name] = VendorClient(app, self._settings.deliver, acts=True)
        questions.begin()
        try:
            with metrics.GAP_SECONDS.labels(name).time():
                async with TopicReader(self._settings.kafka.cluster, names=self._topics) as reader:
                    found = await self._search(app, reader, questions)
        except (OperateError, KafkaError) as error:
            metrics.GAP_SEARCHES.labels(name, "failed").inc()
            log.warning(
                "gap search failed",
                app=name,
                error=str(error) if isinstance(error, OperateError) else why(error, self._settings.kafka.cluster),
            )
            return
        metrics.GAP_SEARCHES.labels(name, outcome_of(found, questions)).inc()
        log.info(
            "gap search finished",
            app=name,
            conversations=found.places,
            known=found.known,
            recovered=found.written,
            unstored=found.unstored,
            sent_again=questions.acted,
            unanswered=questions.unanswered.total(),
            unseen=found.unseen,
        )

    async def _search(self, app: App, reader: TopicReader, questions: VendorClient) -> GapResult:
        gaps, now = self._settings.gaps, _now()
        assert app.platform.gaps is not None
        until, max_age = now - int(gaps.delay * 1000), self._settings.deliver.max_age
        came = self._came[app.name]
        since, why = begins(until - int(gaps.window * 1000), now, max_age, await first_known(reader, came.topic, app.name))
        if why and self._said.get(app.name) != why:
            self._said[app.name] = why
            log.info("search window limited", app=app.name, since=since, why=why)
        span, _ = within(app.platform.gaps, min(since, until), until, now)
        search = GapSearch(app, came, reader, questions, self._store, _now)
        self._follower.check()
        places = groups_of(self._follower.table, app.platform.name) if gaps.groups else set()

        def moved(done: int, total: int) -> None:
            del done, total
            self.health.progress(STAGE)

        return await search.run(span, span.since - int(gaps.lookback * 1000), places, moved)


def outcome_of(found: GapResult, questions: VendorClient) -> Literal["whole", "partial", "failed"]:
    if questions.unanswered and not questions.answered:
        return "failed"  # a platform that says nothing has shown nothing
    return "partial" if found.unseen or found.unstored or questions.unanswered else "whole"


def _now() -> int:
    return int(time.time() * 1000)
