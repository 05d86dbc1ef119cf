"""The steps of a platform's `ProbePlan`, done on the customer's own app; what they found is written down for `plan` and `apply`.

Raises OperateError, SettingsError.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct, structs

from converters.core.localized import localized
from converters.platform import FileRequest, Reply, Request
from converters.probing import Answered, Burst, Findings, Listen, Look, Pause, ProbeNames, ProbePlan
from converters.routing.route import App
from streams.cli.common import now
from streams.ingress.record import callback_of
from streams.kafka import topics
from streams.kafka.log_reader import LogReader
from streams.operate.topic_reader import OperateError
from streams.outbound.vendor_client import VendorClient
from streams.settings.root import Settings

EVERY = 0.3
"""Seconds between two looks whether a callback has come."""
RECENT = 86_400_000
"""Ms: where no callback of the app has come for so long, that none comes says nothing."""

Looked = Callable[[Look, ProbeNames], bool | None]
"""Asks a person; None: nobody can tell."""


class ProbeRun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last run on an app, as it lies beside the bundles; it holds no password."""

    prefix: str
    now: int
    burst: int = 0
    cleaned: bool = False
    """Nothing of it is left on the app."""


def findings_path(directory: Path, app: str) -> Path:
    return directory / f"findings-{app}.json"


def run_path(directory: Path, app: str) -> Path:
    return directory / f"probe-{app}.json"


class CallbackEar:
    """Hears what `ingress` stores of the app's callbacks from now on; None where none can be expected."""

    def __init__(self, settings: Settings, app: App) -> None:
        self._topic = topics.CALLBACKS.name(app.platform.name, prefix=settings.kafka.prefix)
        self._app = app.name
        self._reader = LogReader(settings.kafka.cluster, committed=True)
        self._next: dict[TopicPartition, int] = {}
        self._partitions = settings.kafka.partitions
        self._heard: list[bytes] = []
        self._works = False

    async def start(self) -> Self:
        """Never raises for Kafka: without it, nothing is heard."""
        with suppress(KafkaError, OSError):
            await self._reader.start()
            for number in range(self._partitions):
                tp = TopicPartition(self._topic, number)
                _, self._next[tp] = await self._reader.bounds(tp)
                self._works = self._works or await self._reader.at(tp, now() - RECENT) is not None
        return self

    async def stop(self) -> None:
        with suppress(KafkaError, OSError):
            await self._reader.stop()

    async def heard(self, marker: str, seconds: float) -> bool | None:
        """Whether a callback with *marker* in it has come, or comes within *seconds*."""
        wanted, until = marker.encode(), asyncio.get_running_loop().time() + seconds
        try:
            while True:
                await self._look()
                if any(wanted in body for body in self._heard):
                    return True
                if not self._works:
                    return None
                if asyncio.get_running_loop().time() >= until:
                    return False
                await asyncio.sleep(EVERY)
        except (KafkaError, OSError):
            return None

    async def _look(self) -> None:
        for tp in self._next:
            _, end = await self._reader.bounds(tp)
            while self._next[tp] < end:
                part = await self._reader.read(tp, self._next[tp])
                for raw in part.records:
                    with suppress(ValueError):  # headers that are not the ingress's
                        callback = callback_of(raw.value or b"", raw.headers)
                        if callback.app == self._app:
                            self._works = True
                            self._heard.append(callback.body)
                if part.next == self._next[tp]:
                    break
                self._next[tp] = part.next


class Prober:
    """One app. *say* is told each answer as it comes."""

    def __init__(
        self,
        settings: Settings,
        app: App,
        client: VendorClient,
        listen: Callable[[str, float], Awaitable[bool | None]],
        looked: Looked,
        say: Callable[[Answered], None],
    ) -> None:
        self._directory = settings.migrate.directory
        self._app, self._client = app, client
        self._listen, self._looked, self._say = listen, looked, say
        plan = app.platform.probe
        if plan is None:
            raise OperateError(localized("{name} has no probe: nothing is migrated to it", name=app.platform.name))
        self._plan: ProbePlan[Any] = plan

    async def run(self, burst: int = 0) -> Findings:
        """All questions. What an earlier run has left on the app is deleted first; what this one makes, at its end, however it ends."""
        last = read_run(self._directory, self._app.name)
        if last is not None and not last.cleaned:
            await self._clean(last)
        run = ProbeRun(prefix=f"improbe{secrets.token_hex(4)}", now=now(), burst=burst)
        _write(run_path(self._directory, self._app.name), run)
        names = self._names(run)
        try:
            found = await self._drive(self._plan.run(self._app.account, names), names)
        finally:
            await self._clean(run)
        _write(findings_path(self._directory, self._app.name), found)
        return found

    async def later(self, known: Findings) -> Findings:
        """What files alone tell, a day after `run`."""
        last = read_run(self._directory, self._app.name)
        if last is None:
            raise OperateError(
                localized("no probe of {name} was run from here: im-relay migrate probe, and this a day later", name=self._app.name)
            )
        names = self._names(last)
        found = await self._drive(self._plan.later(self._app.account, names, known), names)
        _write(findings_path(self._directory, self._app.name), found)
        return found

    def _names(self, run: ProbeRun) -> ProbeNames:
        return ProbeNames(app=self._app.name, prefix=run.prefix, password=secrets.token_urlsafe(18), now=run.now, burst=run.burst)

    async def _clean(self, run: ProbeRun) -> None:
        """What is not deleted now is, before the next run."""
        done = True
        for request in self._plan.clean(self._app.account, self._names(run)):
            reply = await self._client.ask(request)
            done = done and reply is not None and reply.status in (200, 404)
        _write(run_path(self._directory, self._app.name), structs.replace(run, cleaned=done))

    async def _drive(self, steps: Generator[Any, Any, Findings], names: ProbeNames) -> Findings:
        answer: object = None
        try:
            while True:
                step = steps.send(answer)
                answer = await self._step(step, names)
        except StopIteration as end:
            found: Findings = end.value
            return found
        finally:
            steps.close()

    async def _step(self, step: object, names: ProbeNames) -> Reply | tuple[Reply | None, ...] | bool | None:
        match step:
            case Request() | FileRequest():
                return await self._client.ask(step)
            case Burst(requests=requests):
                return await self._client.at_once(requests)
            case Listen(marker=marker, seconds=seconds):
                return await self._listen(marker, seconds)
            case Pause(seconds=seconds):
                await asyncio.sleep(seconds)
                return None
            case Look():
                return self._looked(step, names)
            case Answered():
                self._say(step)
                return None
            case _:
                raise AssertionError(step)


def read_run(directory: Path, app: str) -> ProbeRun | None:
    path = run_path(directory, app)
    try:
        return msgspec.json.decode(path.read_bytes(), type=ProbeRun)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise OperateError(localized("{path} holds no run of a probe ({kind}): delete it", path=path, kind=type(error).__name__)) from None


def _write(path: Path, what: Struct) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(what)))
        fresh.replace(path)
    except OSError as error:
        raise OperateError(
            localized("{path}: {strerror}; migrate.directory names the directory", path=path, strerror=error.strerror)
        ) from None
