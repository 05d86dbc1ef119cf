"""A target small enough to trust: it takes sends as Easemob does, and answers each as the test has said beforehand."""

import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple, Self

CUT = "cut"
"""The connection is closed without an answer, after the request was taken."""


class Took(NamedTuple):
    receiver: str
    text: str
    """Of a file, where it lies."""
    event: str
    status: int | str
    mark: dict[str, Any]


class Say(NamedTuple):
    """One answer: *status* with *body*, or CUT. It waits for *after*."""

    status: int | str = 200
    body: Any = None
    after: threading.Event | None = None
    headers: Mapping[str, str] = MappingProxyType({})


REFUSE = Say(400, {"error": "message_send_error", "error_description": "no"})
THROTTLE = Say(429, {"error": "reach_limit"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The relay has hung up, or was killed: tests do that."""


class Target:
    """A context manager. Sends to *receiver* get the answers of `script[receiver]` in turn, and 200 after them."""

    def __init__(self, port: int = 0) -> None:
        self.script: dict[str, deque[Say]] = defaultdict(deque)
        self.requests: list[Took] = []
        """Every send that came, in the order in which it came."""
        self.recalled: list[str] = []
        """Ids of what was taken back, in that order."""
        self.answered: dict[str, str] = {}
        """By text, which message it answers."""
        self.tokens = 0
        self.token: Callable[[], Say] = lambda: Say(200, {"access_token": "t", "expires_in": 3600})
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self._handler())
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def plan(self, receiver: str, *answers: Say) -> None:
        self.script[receiver].extend(answers)

    def to(self, receiver: str) -> list[Took]:
        """The sends to *receiver*, whatever was answered."""
        with self._lock:
            return [one for one in self.requests if one.receiver == receiver]

    def texts(self, receiver: str) -> list[str]:
        """What *receiver* has got."""
        return [one.text for one in self.to(receiver) if one.status in (200, CUT)]

    def marks(self, receiver: str) -> list[dict[str, Any]]:
        """The relay's marks on what *receiver* has got."""
        return [one.mark for one in self.to(receiver) if one.status in (200, CUT)]

    def take(self, path: str, body: bytes) -> Say:
        if path.endswith("/token"):
            with self._lock:
                self.tokens += 1
            return self.token()
        message = json.loads(body)
        if path.endswith("/messages/msg_recall"):
            with self._lock:
                self.recalled.append(message["msg_id"])
            return Say(200, {"data": {"recalled": "yes"}})
        (receiver,) = message["to"]
        with self._lock:
            answers = self.script[receiver]
            say = answers.popleft() if answers else Say()
            self.requests.append(
                Took(
                    receiver,
                    message["body"].get("msg") or message["body"]["url"],
                    message["ext"]["relay"]["id"],
                    say.status,
                    message["ext"]["relay"],
                )
            )
            if "msgQuote" in message["ext"]:
                self.answered[message["body"]["msg"]] = message["ext"]["msgQuote"]["msgID"]
            number = len(self.requests)
        if say.after is not None:
            say.after.wait(60)
        return say if say.body is not None else say._replace(body={"data": {receiver: str(9_000_000 + number)}})

    def _handler(target) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                say = target.take(self.path, self.rfile.read(int(self.headers["content-length"])))
                if say.status == CUT:
                    self.close_connection = True
                    return
                body = say.body if isinstance(say.body, bytes) else json.dumps(say.body).encode()
                assert isinstance(say.status, int)
                self.send_response(say.status)
                for name, value in {"content-type": "application/json", **say.headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        return Handler
