"""How a test calls the API of the Easemob simulator, and knows its errors."""

from typing import Any

import httpx

from tests.simulators.client import SimulatorClient

GRANT = {"grant_type": "client_credentials", "client_id": "YXA6demo", "client_secret": "YXA6demosecret"}


class Api:
    """With a token of its own; ``simulator`` is what it speaks to, ``begun`` where its journal was then."""

    def __init__(self, simulator: SimulatorClient) -> None:
        self.base = f"{simulator.url}/demo/relay"
        self.simulator = simulator
        self.client = httpx.Client(trust_env=False, verify=False)  # Without TLS there is nothing to verify.
        token = self.client.post(f"{self.base}/token", json=GRANT).json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}
        self.begun: int = simulator.journal("accepted")[-1]["seq"]

    def call(self, method: str, path: str, content: Any = None, **more: Any) -> httpx.Response:
        given = more if content is None else {"json": content, **more}
        headers = {**self.headers, **(given.pop("headers", None) or {})}
        return self.client.request(method, f"{self.base}/{path}", headers=headers, **given)

    def data(self, method: str, path: str, content: Any = None, **more: Any) -> Any:
        """The ``data`` of an answer that must be good."""
        answer = self.call(method, path, content, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def refused(self, method: str, path: str, content: Any = None, **more: Any) -> tuple[int, str, str]:
        answer = self.call(method, path, content, **more)
        error = answer.json()
        return answer.status_code, error["error"], error["error_description"]

    def accepted(self) -> list[dict[str, Any]]:
        return self.simulator.journal("accepted", since=self.begun)

    def send(self, words: str = "hello", *, to: str = "bob", path: str = "users", **more: Any) -> str:
        """The id of a message from alice."""
        given = {"from": "alice", "to": [to], "type": "txt", "body": {"msg": words}, **more}
        answer: str = self.data("POST", f"messages/{path}", given)[to]
        return answer
