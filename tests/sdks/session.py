"""A simulator, an SDK before it, and what passes between them."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from time import time
from types import TracebackType
from typing import Any, Self

import msgspec
from msgspec import Struct
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.sdks.steps import Sdk, Step, at, filled, found
from tests.simulators import easemob, rongcloud, yunxin
from tests.simulators.client import SimulatorClient
from tests.simulators.serve import Server

PLATFORMS: dict[str, Any] = {"easemob": easemob, "rongcloud": rongcloud, "yunxin": yunxin}
HOUR = 3_600_000
MARK = "=> "
"""Begins the driver's own lines: an SDK may print what it likes."""


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``endpoints`` are those of the simulator that the call met, as they are declared; a path that it does not have stands there as it came."""

    call: str
    note: str = ""
    endpoints: tuple[str, ...] = ()
    answered: bool
    understood: bool
    why: str = ""


class Recorder:
    """An ASGI application that notes the endpoints met, and keeps the last answer: an SDK may not show all of it."""

    def __init__(self, app: ASGIApp, routes: Sequence[Any]) -> None:
        self._app = app
        self._routes = [route for route in routes if isinstance(route, Route)]
        self.met: list[tuple[str, bool]] = []
        self.answer = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            known = next((route.path for route in self._routes if route.matches(scope)[0] is Match.FULL), None)
            self.met.append((f"{scope['method']} {known or scope['path']}", known is not None))

            async def look(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.answer = b""
                else:
                    self.answer += message.get("body", b"")
                await send(message)

            return await self._app(scope, receive, look)
        return await self._app(scope, receive, send)


class Running:
    """The platform's simulator on a thread, ready once entered; ``url`` is where."""

    def __init__(self, platform: str, options: dict[str, Any]) -> None:
        package = PLATFORMS[platform]
        self._app = package.make_app(msgspec.convert(options, package.Options))
        self.recorder = Recorder(self._app, self._app.routes)
        self._ready = Event()
        self._server = Server(self.recorder, 0, self._listens)
        self._thread = Thread(target=self._server.serve_here, daemon=True)

    def _listens(self, url: str) -> None:
        self.url = url
        self._ready.set()

    def heard(self) -> dict[str, Any]:
        """The newest message that was sent."""
        client = SimulatorClient(self.url)
        try:
            newest: dict[str, Any] = client.view()["items"][-1]
        finally:
            client.close()
        return newest

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(30):
            raise RuntimeError("the simulator does not start")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(30)


def run(sdk: Sdk, command: Sequence[str], folder: Path) -> list[Outcome]:
    """What became of each step. *command* starts the driver, whose last argument says where the simulator is; *folder* is an empty one for its files."""
    (folder / "upload.bin").write_bytes(b"abc")
    with Running(sdk.platform, sdk.options) as simulator:
        account = json.dumps({"url": simulator.url, "folder": str(folder)})
        with subprocess.Popen([*command, account], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver:
            kept: dict[str, Any] = {
                "url": simulator.url,
                "folder": str(folder),
                "upload": str(folder / "upload.bin"),
                "now": int(time() * 1000),
                "later": int(time() * 1000) + HOUR,
            }
            outcomes = [_outcome(step, driver, simulator, kept) for step in sdk.steps]
            driver.stdin.close()  # type: ignore[union-attr]
    return outcomes


def _outcome(step: Step, driver: "subprocess.Popen[str]", simulator: Running, kept: dict[str, Any]) -> Outcome:
    recorder = simulator.recorder
    recorder.met.clear()
    try:
        answer = _asked(driver, {"call": step.call, "args": filled(step.args, kept)})
    except KeyError as missing:
        answer = {"error": f"an earlier step did not give {missing}"}
    met = list(dict.fromkeys(recorder.met))
    why = answer.get("error", "")
    value = answer.get("value")
    try:
        expected = filled(step.expect, kept) if step.expect is not None else None
        if not why and expected is not None and not found(expected, value):
            why = f"expected {expected}, got {value}"
        if not why:
            wire = json.loads(recorder.answer) if recorder.answer[:1] == b"{" else None
            sources = {
                "value": value,
                "wire": wire,
                "heard": simulator.heard() if any(path.startswith("heard") for path in step.keep.values()) else None,
            }
            kept |= {name: at(path, sources) for name, path in step.keep.items()}
    except (KeyError, IndexError, TypeError, ValueError) as missing:
        why = why or f"nothing at {missing} of {value}"
    return Outcome(
        call=step.call,
        note=step.note[0] if step.note else "",
        endpoints=tuple(endpoint for endpoint, _ in met),
        answered=bool(met) and all(known for _, known in met),
        understood=not why,
        why=why,
    )


def _asked(driver: "subprocess.Popen[str]", request: dict[str, Any]) -> dict[str, Any]:
    """Raises RuntimeError when the driver has ended."""
    if driver.stdin is None or driver.stdout is None:
        raise RuntimeError("the driver has no pipes")
    driver.stdin.write(json.dumps(request, ensure_ascii=False) + "\n")
    driver.stdin.flush()
    for line in driver.stdout:
        if line.startswith(MARK):
            answer: dict[str, Any] = json.loads(line.removeprefix(MARK))
            return answer
    raise RuntimeError(f"the driver ended with {driver.wait()} at {request['call']}")
