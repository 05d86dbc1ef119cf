"""How a test speaks to a simulator: the control calls as methods."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import httpx
import msgspec
import orjson

PAGE = 20_000
PATIENCE = 30.0
T = TypeVar("T")
Answer = dict[str, Any]


class SimulatorClient:
    """Every method raises ValueError with the simulator's words when it refuses."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False, verify=False)

    def say(self, sender: str, to: str, text: str | None = None, **more: Any) -> Answer:
        """A person writes in the app; the answer has ``id``, ``client_id``, ``timestamp`` and ``to``."""
        return self._post("/_say", {"from": sender, "to": to, "text": text, **more}, Answer)

    def send(self, sender: str, to: str, media: Mapping[str, Any], **more: Any) -> Answer:
        """A person sends a file in the app: *media* has the fields of ``media.Media``, with its bytes as they are."""
        said = {"from": sender, "to": to, "media": dict(media), **more}
        return read(self._http.post("/_say", content=msgspec.json.encode(said)), Answer)

    def fetch(self, lies: Mapping[str, Any]) -> bytes:
        """The bytes of what ``media`` of a journal entry tells of, or of its ``thumbnail``. Raises ValueError when they are not given."""
        if lies.get("inline"):
            return b64decode(lies["inline"])
        url = httpx.URL(lies["url"])
        answer = self._http.get(url.copy_merge_params({"share-secret": lies["secret"]}) if lies.get("secret") else url)
        if answer.status_code != 200:
            raise ValueError(f"{answer.status_code} {answer.text[:200]}")
        return answer.content

    def operate(self, operation: str, sender: str, to: str, /, *, where: str = "person", **payload: Any) -> Answer:
        """A person does in the app what is no writing; *where* is person, group or room."""
        said = {"from": sender, "to": to, "type": where, "operation": operation, "payload": payload}
        return self._post("/_say", said, Answer)

    def say_all(self, sayings: Sequence[Mapping[str, Any]]) -> list[Answer]:
        return self._post("/_say", sayings, list[Answer])

    def load(self, **load: Any) -> Answer:
        """Start a load; ``progress`` shows how far it is."""
        return self._post("/_load", load, Answer)

    def progress(self) -> Answer:
        return self._get("/_load", Answer)

    def settled(self) -> Answer:
        """Wait until no load runs and no callback is queued; the progress then.

        Raises TimeoutError when that takes longer than ``PATIENCE``.
        """
        progress = self._get("/_load", Answer, wait=PATIENCE - 5)
        if progress["running"] or progress["waiting"]:
            raise TimeoutError(progress)
        return progress

    def preload(self, users: Sequence[str] = (), groups: Mapping[str, Sequence[str]] | None = None) -> None:
        self._post("/_preload", {"users": users, "groups": groups or {}}, Answer)

    def mood(self, **mood: Any) -> Answer:
        """Set the mood; without arguments, clear it."""
        return self._post("/_mood", mood, Answer)

    def file_mood(self, **mood: Any) -> Answer:
        """Set the mood of downloads and uploads; without arguments, clear it."""
        return self._post("/_file_mood", mood, Answer)

    def probe(self) -> int | str:
        """The status with which the callback URL answers ``{}``."""
        status: int | str = self._post("/_probe", {}, Answer)["status"]
        return status

    def journal(self, *kinds: str, since: int = 0) -> list[Answer]:
        """Everything after *since*, of *kinds* (default: all but callback attempts and files), read in pages."""
        entries: list[Answer] = []
        query = {"kind": ",".join(kinds)} if kinds else {}
        while True:
            page = self._get("/_journal", list[Answer], since=since, limit=PAGE, **query)
            entries += page
            if len(page) < PAGE:
                return entries
            since = page[-1]["seq"]

    def view(self, since: int = 0) -> Answer:
        return self._get("/_view", Answer, since=since)

    def close(self) -> None:
        self._http.close()

    def _post(self, path: str, content: object, kind: type[T]) -> T:
        return read(self._http.post(path, content=orjson.dumps(content)), kind)

    def _get(self, path: str, kind: type[T], /, **query: Any) -> T:
        return read(self._http.get(path, params=query), kind)


def read(answer: httpx.Response, kind: type[T]) -> T:
    if answer.is_error:
        raise ValueError(f"{answer.status_code} {answer.text}")
    return msgspec.json.decode(answer.content, type=kind)
