"""Servers that relayed messages are sent to, each with a mood of its own: the app's name is the path, or Easemob's org; `message` is RongCloud."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from uuid import uuid4

Mood = Literal["well", "slow", "hang", "cut", "twice", "no token"] | int
"""`no token` refuses the key; of the others none but `hang` touches a request for a token. `slow` answers after `SLOW`; `hang` not before the mood has changed; `cut` closes every third connection, the message may have been taken;
`twice` stores the message twice, and calls back both; a number is the status of the answer."""
SLOW = 7.0
"""Seconds: later than the objective, sooner than `deliver.timeout`."""


class Targets:
    """*echo* is called with an app and the bytes of an event that is called back."""

    def __init__(self) -> None:
        self.moods: dict[str, Mood] = {}
        self.asked: Counter[str] = Counter()
        self.echo: Callable[[str, dict[str, Any]], object] = lambda app, event: None
        targets = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                targets._answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing: there are thousands."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            body = request.rfile.read(int(request.headers.get("content-length") or 0))
            _, app, *rest = request.path.split("/")
            self.asked[app] += 1
            if self.moods.get(app) == "slow" and rest[-1:] != ["token"]:
                time.sleep(SLOW)
            while self.moods.get(app) == "hang":
                time.sleep(0.2)
            if rest[-1:] == ["token"]:
                known = self.moods.get(app) != "no token"
                grant = {"access_token": uuid4().hex, "expires_in": 86_400, "application": "made-up"}
                self._say(request, 200 if known else 401, grant if known else {"error": "unauthorized_client"})
                return
            mood = self.moods.get(app, "well")
            if mood == "cut" and not self.asked[app] % 3:
                request.close_connection = True
            elif mood == "no token":
                self._say(request, 401, {"error": "unauthorized"})
            elif isinstance(mood, int):
                self._say(request, mood, {"error": "in a mood"})
            else:
                self._take(request, app, body, easemob=bool(rest))

    def _take(self, request: BaseHTTPRequestHandler, app: str, body: bytes, *, easemob: bool) -> None:
        remote = uuid4().hex
        said = json.loads(body) if body[:1] == b"{" else {}
        if easemob:
            if app == "message":
                self._say(request, 200, {"code": 200, "messageUIDs": [{"messageUID": remote}]})
                return
            people = said.get("to", [])
            self._say(request, 200, {"data": {each: str(uuid4().int % 10**18) for each in people}, "timestamp": int(time.time() * 1000)})
            return
        self._say(request, 200, {"id": remote})
        if self.moods.get(app) == "twice":
            for known in (remote, uuid4().hex):
                self.echo(app, said | {"id": known})

    @staticmethod
    def _say(request: BaseHTTPRequestHandler, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        request.send_response(status)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def stop(self) -> None:
        self.moods.clear()
        self._server.shutdown()
        self._server.server_close()
