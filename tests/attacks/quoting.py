"""A platform's API that fails in every way, and quotes in its failures whatever it was sent: headers, secrets, words.

It stands between the relay and a simulator. A request whose body holds `[fail:KIND]` fails so; all others pass.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import unquote_plus

import httpx

ALWAYS = ("400", "404", "413")
ONCE = ("403", "429", "500", "503", "page", "garbage", "cut", "code414")
"""These are tried again, or settled by evidence, by one platform or the other: the second one passes."""
KINDS = (*ALWAYS, *ONCE)
_ASKED = re.compile(r"\[fail:(\w+)\]")
_DROPPED = {"connection", "content-length", "transfer-encoding", "content-encoding", "host", "keep-alive"}


class Quoting:
    """A context manager in front of the simulator at *url*; *credentials* are all that it was shown of secrets that are made on the way."""

    def __init__(self, url: str) -> None:
        self._behind = httpx.Client(base_url=url, trust_env=False, timeout=30)
        self.credentials: set[str] = set()
        self.failed: Counter[str] = Counter()
        self.tokens_to_refuse = 1
        quoting = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self) -> None:
                quoting.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_any  # noqa: N815 - as the class wants them

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._behind.close()

    def answer(self, one: BaseHTTPRequestHandler) -> None:
        body = one.rfile.read(int(one.headers.get("content-length", 0)))
        headers = {name: value for name, value in one.headers.items() if name.lower() not in _DROPPED}
        for name in ("authorization", "checksum", "signature", "appsecret"):
            if value := one.headers.get(name):
                self.credentials.add(value.removeprefix("Bearer "))
        text = unquote_plus(body.decode("utf-8", "replace"))
        asked = _ASKED.search(text)
        kind = asked[1] if asked else ""
        if one.path.endswith("/token") and self.tokens_to_refuse:
            self.tokens_to_refuse -= 1
            kind = "401"
        if not kind or (kind in ONCE and self.failed[kind]):
            self._pass(one, body, headers)
            return
        self.failed[kind] += 1
        self._fail(one, kind, f"{dict(one.headers)} {text}")

    def _pass(self, one: BaseHTTPRequestHandler, body: bytes, headers: Mapping[str, str]) -> None:
        answered = self._behind.request(one.command, one.path, content=body, headers=headers)
        self._say(one, answered.status_code, answered.content, answered.headers.get("content-type", "application/json"))

    def _fail(self, one: BaseHTTPRequestHandler, kind: str, quoted: str) -> None:
        every: dict[str, Any] = {
            "error": quoted,
            "exception": quoted,
            "error_description": quoted,
            "desc": quoted,
            "msg": quoted,
            "message": quoted,
            "errorMessage": quoted,
        }
        match kind:
            case "cut":
                one.close_connection = True
                one.connection.close()
            case "page":
                self._say(one, 200, f"<html>{quoted}</html>".encode(), "text/html")
            case "garbage":
                self._say(one, 200, quoted.encode("utf-16"), "application/json")
            case "code414":
                self._say(one, 200, json.dumps({"code": 414, **every}).encode(), "application/json")
            case _:
                self._say(one, int(kind), json.dumps({"code": int(kind), **every}).encode(), "application/json")

    def _say(self, one: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
        one.send_response(status)
        one.send_header("Content-Type", kind)
        one.send_header("Content-Length", str(len(body)))
        one.end_headers()
        one.wfile.write(body)
