"""`/livez`, `/readyz` and `/metrics`: what a process says of itself.

Ready: messages move. Alive: a restart would not help. Aliveness is progress, not an open port: a stage that has work and has not
moved for too long is not alive, however well the process answers; but one that tries, and is told that it cannot, is.
"""

import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from math import inf
from typing import Any

from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST

from streams.http_server.answer import PROVEN
from streams.http_server.connections import PortLimits
from streams.http_server.listener import Listener
from streams.kafka.reachability import Reachability
from streams.observe import metrics, renamed_metrics
from streams.observe.printable import as_json
from streams.settings.observing import ObserveSettings


class StageHealth(Struct):
    """One source of progress."""

    busy: Callable[[], bool]
    patience: float
    moved: float


UNMOVED = 20.0
"""Seconds after which a stage that has work, and is told that it cannot do it, is not ready."""


class Health:
    """Not ready until told so for every reason that was named; alive until a stage stands still.

    *reach*, of a role that needs the cluster, tells "cannot" from "stuck": without the cluster it is not ready, and alive.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, reach: Reachability | None = None) -> None:
        self._clock = clock
        self._reach = reach
        self._waits: dict[str, str] = {"start": "starting"}
        self._stages: dict[str, StageHealth] = {}
        self._notes: dict[str, str] = {}

    def ready(self, ready: bool, why: str = "", *, part: str = "start") -> None:  # noqa: FBT001 - reads as a sentence
        """Set one *part* of being ready; *why* says what is missing. All parts must be ready."""
        if ready:
            self._waits.pop(part, None)
        else:
            self._waits[part] = why

    def note(self, name: str, text: str) -> None:
        """Say something on `/readyz` that keeps nobody from being ready; empty takes it back."""
        self._notes.pop(name, None)
        if text:
            self._notes[name] = text

    def notes(self) -> dict[str, str]:
        return dict(self._notes)

    def watch(self, stage: str, busy: Callable[[], bool], patience: float = 60.0) -> None:
        """From now on *stage* must report progress at least every *patience* seconds while it is *busy*."""
        self._stages[stage] = StageHealth(busy, patience, self._clock())

    def unwatch(self, stage: str) -> None:
        self._stages.pop(stage, None)

    def progress(self, stage: str) -> None:
        """*stage* (which is watched) got something done."""
        self._stages[stage].moved = self._clock()

    def unready(self) -> dict[str, str]:
        """What is missing, by part; empty when ready."""
        waits = dict(self._waits)
        if self._reach is None:
            return waits
        if away := self._reach.away():
            return waits | {"kafka": away}
        now = self._clock()
        for name, stage in self._stages.items():
            if not stage.busy():
                stage.moved = now
            elif self._reach.troubled > stage.moved and (still := now - stage.moved) > UNMOVED:
                waits[name] = f"has work, and has not moved for {still:.0f} s: {self._reach.trouble}"
        return waits

    def show(self) -> None:
        """Bring the metric of the cluster up to date."""
        if self._reach is not None:
            metrics.KAFKA_UNREACHABLE.set(bool(self._reach.away()))

    def stuck(self) -> dict[str, str]:
        """The stages that stand still, with for how long; empty when alive."""
        now = self._clock()
        reach = self._reach
        tried = -inf if reach is None else now if reach.away() else reach.troubled
        out: dict[str, str] = {}
        for name, stage in self._stages.items():
            if not stage.busy():
                stage.moved = now  # work that comes after a long rest starts with its full patience
            elif now - max(stage.moved, tried) > stage.patience:
                out[name] = f"has work, and has not moved for {now - stage.moved:.0f} s"
        return out

    def alive(self) -> bool:
        return not self.stuck()


Send = Callable[[dict[str, Any]], Awaitable[None]]


def application(health: Health) -> Callable[..., Awaitable[None]]:
    """The ASGI application of the `observe` port."""

    def answer(path: str) -> tuple[HTTPStatus, bytes, bytes]:
        json = b"application/json"
        match path:
            case "/metrics":
                health.show()
                return HTTPStatus.OK, CONTENT_TYPE_LATEST.encode(), renamed_metrics.exposition()
            case "/livez":
                stuck = health.stuck()
                status = HTTPStatus.SERVICE_UNAVAILABLE if stuck else HTTPStatus.OK
                return status, json, _plain({"alive": not stuck, "stuck": stuck})
            case "/readyz":
                waits = health.unready()
                status = HTTPStatus.SERVICE_UNAVAILABLE if waits else HTTPStatus.OK
                return status, json, _plain({"ready": not waits, "waits_for": waits} | health.notes())
            case _:
                return HTTPStatus.NOT_FOUND, json, b'{"error":"there are /metrics, /livez and /readyz"}'

    async def app(scope: dict[str, Any], receive: object, send: Send) -> None:
        del receive
        status, kind, body = answer(scope["path"])
        if status is HTTPStatus.OK:
            scope[PROVEN] = True  # nobody has a key here
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status.value, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def _plain(value: object) -> bytes:
    return as_json(value).encode()


BOUNDS = PortLimits(connections=256, head_seconds=5.0, body_seconds=5.0, memory=1024 * 1024)
"""A scraper and some probes ask; each page of metrics that is not taken holds some hundred kilobytes."""


def listener(health: Health, observe: ObserveSettings) -> Listener:
    return Listener(application(health), observe.hosts(), observe.port, "observe", BOUNDS)
