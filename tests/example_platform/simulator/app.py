"""Parley as an application. Source: "Tokens", "Messages", "Recall", "Errors", "Limits"."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any
from uuid import uuid4

import orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tests.example_platform.simulator.options import Options
from tests.example_platform.simulator.state import KINDS, Parley
from tests.simulators.calls import Call, Endpoint
from tests.simulators.control import Control
from tests.simulators.moods import Fate, Moods

LONGEST, LARGEST_META = 4000, 4096
STATUS = {
    "rate_limited": 429,
    "token_expired": 401,
    "bad_key": 403,
    "no_such_user": 404,
    "no_such_channel": 404,
    "no_such_message": 404,
    "bad_request": 400,
    "too_large": 413,
}
FIELDS: dict[str, dict[str, Any]] = {
    "text": {"text": str},
    "picture": {"url": str, "name": str, "bytes": int, "width": int, "height": int},
    "voice": {"url": str, "name": str, "bytes": int, "seconds": int | float},
}


class Api:
    def __init__(self, parley: Parley) -> None:
        self._parley = parley

    def token(self, call: Call) -> Response:
        given, options = read(call), self._parley.options
        if given is None or (given.get("appKey"), given.get("appSecret")) != (options.app_key, options.app_secret):
            return self._refuse("token", "bad_key")
        token = f"pt_{uuid4().hex}"
        self._parley.tokens[token] = monotonic() + options.token_ttl
        return answer({"token": token, "expiresIn": options.token_ttl})

    def send(self, call: Call) -> Response:
        parley, sent = self._parley, read(call)
        if why := self._gate(call, "messages") or flaw(sent):
            return self._refuse("send", why)
        assert sent is not None
        kind, to = KINDS[sent["channel"]["type"]], sent["channel"]["id"]
        if missing := parley.missing("person", sent["from"]) or parley.missing(kind, to):
            return self._refuse("send", missing)
        message = parley.keep(sent["from"], kind, to, sent["content"], sent.get("meta"), rest=True)
        parley.journal.note("accepted", message.time, api="send", **message.facts(), **parley.files_of(message))
        parley.tell(message, "message.sent", message.sender, call)
        return answer({"messageId": message.id, "sentAt": message.time})

    def recall(self, call: Call) -> Response:
        parley, asked = self._parley, read(call)
        if why := self._gate(call, "messages/recall") or ("bad_request" if asked is None or set(asked) != {"messageId", "from"} else ""):
            return self._refuse("recall", why)
        assert asked is not None
        found = next((one for kind in KINDS.values() if (one := parley.archive.find(kind, asked["messageId"]))), None)
        if found is None:
            return self._refuse("recall", "no_such_message")
        parley.archive.recall(found)
        now = parley.now()
        facts = found.facts() | {"name": "recall", "text": None, "body": None, "from": asked["from"]}
        parley.journal.note("accepted", now, api="recall", recalls=found.id, **facts)
        parley.tell(found, "message.recalled", asked["from"], call)
        return answer({"messageId": found.id, "sentAt": now})

    def unwell(self, call: Call, fate: Fate) -> Response:
        if fate is Fate.THROTTLED:
            return self._refuse("send", "rate_limited", mood=True)
        self._parley.journal.note("refused", self._parley.now(), api="send", reason="broken", status=500, mood=True)
        return answer({"code": "internal"}, 500)

    def _gate(self, call: Call, api: str) -> str:
        end = self._parley.tokens.get(call.header(b"authorization").removeprefix("Bearer "), 0.0)
        if monotonic() >= end:
            return "token_expired"
        return "" if self._parley.buckets[api].take(monotonic()) else "rate_limited"

    def _refuse(self, api: str, code: str, *, mood: bool = False) -> Response:
        facts = {"mood": True} if mood else {}
        self._parley.journal.note("refused", self._parley.now(), api=api, reason=code, status=STATUS[code], **facts)
        return answer({"code": code}, STATUS[code])


def flaw(sent: dict[str, Any] | None) -> str:
    if sent is None or not isinstance(sent.get("channel"), dict) or not isinstance(sent.get("content"), dict):
        return "bad_request"
    fields = FIELDS.get(sent["content"].get("type", ""))
    content = {name: value for name, value in sent["content"].items() if name != "type"}
    if fields is None or sent["channel"].get("type") not in KINDS or set(sent) - {"from", "channel", "content", "meta"}:
        return "bad_request"
    if set(content) - set(fields) or not all(isinstance(value, fields[name]) for name, value in content.items()):
        return "bad_request"
    if len(content.get("text", "").encode()) > LONGEST or len(orjson.dumps(sent.get("meta"))) > LARGEST_META:
        return "too_large"
    return ""


def read(call: Call) -> dict[str, Any] | None:
    try:
        given = orjson.loads(call.body)
    except orjson.JSONDecodeError:
        return None
    return given if isinstance(given, dict) else None


def answer(content: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, {"Retry-After": "1"} if status == 429 else None, "application/json")


def make_app(options: Options) -> Starlette:
    parley = Parley(options)
    api, control, calm = Api(parley), Control(parley), Moods()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with parley.courier.running():
            yield
            control.loader.stop()

    routes = [
        Route("/v1/token", Endpoint(api.token, calm, api.unwell), methods=["POST"]),
        Route("/v1/messages", Endpoint(api.send, parley.moods, api.unwell), methods=["POST"]),
        Route("/v1/messages/recall", Endpoint(api.recall, parley.moods, api.unwell), methods=["POST"]),
    ]
    return Starlette(routes=[*routes, *parley.shelf.routes(), *control.routes()], lifespan=lifespan)
