"""A receiver of callbacks that keeps what it got and answers as it is told."""

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import orjson
import uvicorn
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

DEADLINE = 15.0


class Got(Struct, frozen=True):
    headers: dict[str, str]
    raw: bytes
    query: str = ""

    @property
    def body(self) -> Any:
        return orjson.loads(self.raw)


class Receiver:
    """On a thread of its own; ``answers`` gives the status, or the whole answer, for each callback."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self._turn = 0
        self.answers: Callable[[Got], int | Response] = lambda got: 200
        self._changed = threading.Condition()
        self._server = uvicorn.Server(uvicorn.Config(self._app, interface="asgi3", log_level="warning", lifespan="off"))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})

    def reset(self) -> None:
        with self._changed:
            self.got = []
            self._turn += 1
            self.answers = lambda got: 200

    def wait_for(self, enough: Callable[[list[Got]], bool]) -> list[Got]:
        """What was got, once it is *enough*."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.got), DEADLINE), f"only {len(self.got)} callbacks"
            return list(self.got)

    def wait(self, count: int) -> list[Got]:
        return self.wait_for(lambda got: len(got) >= count)

    @property
    def url(self) -> str:
        port = self._listener.getsockname()[1]
        return f"http://127.0.0.1:{port}/callbacks"

    @property
    def turn_url(self) -> str:
        """What is sent there counts until the next reset: a repeat of an earlier test's simulator is not this test's."""
        return f"{self.url}/turn/{self._turn}"

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        got = Got(dict(request.headers), await request.body(), request.url.query)
        with self._changed:
            late = "/turn/" in request.url.path and not request.url.path.endswith(f"/turn/{self._turn}")
            answer = 200 if late else self.answers(got)
            if not late:
                self.got.append(got)
                self._changed.notify_all()
        await (Response(status_code=answer) if isinstance(answer, int) else answer)(scope, receive, send)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(DEADLINE)
