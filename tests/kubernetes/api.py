"""Asking an API server of Kubernetes, and waiting for what controllers make of it."""

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")
Thing = dict[str, Any]

PATIENCE = 120.0
"""Seconds for controllers that share two cores with others; only used up where something is wrong."""
LOOK = 5
"""Seconds of one watch; then everything is looked at anew."""


class ApiError(Exception):
    """The API server refused; says what it said. *code* is that of HTTP."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Api:
    def __init__(self, port: int, token: str) -> None:
        self._base, self._token = f"https://127.0.0.1:{port}", token
        self._tls = ssl._create_unverified_context()

    def get(self, path: str) -> Thing:
        return self._call("GET", path)

    def items(self, path: str, labels: Mapping[str, str] | None = None) -> list[Thing]:
        """Those with all *labels*."""
        return list(self.get(f"{path}?{urlencode({'labelSelector': _selector(labels or {})})}")["items"])

    def post(self, path: str, body: Mapping[str, Any]) -> Thing:
        return self._call("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Thing:
        return self._call("PATCH", path, body)

    def delete(self, path: str, body: Mapping[str, Any] | None = None) -> Thing:
        return self._call("DELETE", path, body)

    def until(self, path: str, condition: Callable[[list[Thing]], T], deadline: float = PATIENCE) -> T:
        """What *condition* answers of all things under *path* once that is true; looked at when one of them changes. AssertionError after *deadline*."""
        end = time.monotonic() + deadline
        while True:
            seen = self.get(path)
            if found := condition(seen["items"]):
                return found
            if time.monotonic() > end:
                raise AssertionError(f"not so after {deadline:g} s: {condition!r}, last {found!r}\n{_brief(seen['items'])}")
            self._changed(path, seen["metadata"]["resourceVersion"])

    def _changed(self, path: str, version: str) -> None:
        """Waits for the next change after *version*, or for `LOOK` seconds."""
        asked = urlencode({"watch": 1, "resourceVersion": version, "timeoutSeconds": LOOK})
        with self._open("GET", f"{path}?{asked}") as answer:
            answer.readline()

    def changes(self, path: str, version: str, seconds: int) -> Iterator[Thing]:
        """Events since *version*, as they come, for so long."""
        asked = urlencode({"watch": 1, "resourceVersion": version, "timeoutSeconds": seconds})
        with self._open("GET", f"{path}?{asked}", seconds + 30) as answer:
            for line in answer:
                yield json.loads(line)

    def judged(self, path: str, body: Mapping[str, Any]) -> list[str]:
        """What it warns of, as it takes *body*."""
        with self._open("POST", path, body=body) as answer:
            return list(answer.headers.get_all("Warning") or ())

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Thing:
        with self._open(method, path, body=body) as answer:
            return dict(json.load(answer))

    @contextmanager
    def _open(self, method: str, path: str, patience: float = 60, body: Mapping[str, Any] | None = None) -> Iterator[Any]:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        request = urllib.request.Request(
            self._base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": kind},
        )
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=patience) as answer:
                yield answer
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, f"{method} {path}: {error.code} {error.read().decode()[:2000]}") from None


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def component(of: Thing) -> str:
    return str(of["metadata"].get("labels", {}).get("app.kubernetes.io/component", ""))


def is_ready(pod: Thing) -> bool:
    """As a Service sees it: one that is on its way out is not."""
    conditions = {each["type"]: each["status"] for each in pod.get("status", {}).get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def _brief(items: list[Thing]) -> str:
    return "\n".join(f"  {one['metadata']['name']}: {json.dumps(one.get('status', {}))[:600]}" for one in items)
