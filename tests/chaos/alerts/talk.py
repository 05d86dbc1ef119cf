"""What the customer's own servers, and those who pretend to be them, send to the ingress."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import orjson

from tests.chaos.alerts.scene import SECRET, Scene
from tests.simulators.own.signing import sign

TEXT = {"kind": "text", "text": "hello"}


class Talk:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._numbers = count()
        self._http = httpx.Client(timeout=10, trust_env=False)
        self._slow = ThreadPoolExecutor(4)
        scene.targets.echo = self.echo

    def say(self, name: str, *, people: int = 1, secret: str = SECRET, body: dict[str, Any] = TEXT, times: int = 1) -> None:
        """*times* messages of the app `s-NAME`, each by the next of *people*; a busy ingress may turn them away."""
        for _ in range(times):
            number = next(self._numbers) % people
            users = [f"{name}{number}", f"friend{number}"]
            self.post(f"s-{name}", event(users, body), secret)

    def flood(self, name: str, people: int, each: int) -> None:
        """*each* of *people* says so many in one request."""
        for number in range(people):
            users = [f"{name}{number}", f"friend{number}"]
            self.post(f"s-{name}", [event(users, TEXT) for _ in range(each)])

    def beside(self, name: str, port: int) -> None:
        """As `say`, to the ingress at *port*, which may be slow: nobody waits for it."""
        self._slow.submit(self.post, f"s-{name}", event([f"{name}0", "friend0"], TEXT), at=f"http://127.0.0.1:{port}")

    def post(self, app: str, content: dict[str, Any] | list[dict[str, Any]], secret: str = SECRET, at: str = "") -> int:
        raw = orjson.dumps(content)
        return self.raw(app, raw, sign(secret, raw, int(time.time())), at)

    def raw(self, app: str, body: bytes, headers: dict[str, str] | None = None, at: str = "") -> int:
        """The status; 0 without an answer. *at* is an ingress, where it is not the first one."""
        try:
            return self._http.post(
                f"{at or self._scene.ingress}/callbacks/{app}", content=body, headers={"content-type": "application/json"} | (headers or {})
            ).status_code
        except httpx.TransportError:
            return 0

    def echo(self, app: str, said: dict[str, Any]) -> None:
        """By a thread of its own."""
        raw = orjson.dumps({name: value for name, value in said.items() if name != "there"})
        headers = {"content-type": "application/json"} | sign(SECRET, raw, int(time.time()))
        httpx.post(f"{self._scene.ingress}/callbacks/{app}", content=raw, headers=headers, timeout=10, trust_env=False)


def event(users: list[str], body: dict[str, Any]) -> dict[str, Any]:
    operation = {"op": "post", "body": body}
    conversation = {"kind": "direct", "users": users}
    return {"id": uuid4().hex, "conversation": conversation, "sender": users[0], "at": int(time.time() * 1000), "operation": operation}
