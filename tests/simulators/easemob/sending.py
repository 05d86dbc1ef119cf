"""Sends. Source: "Easemob: send messages" of one-to-one, group and chat room messages.

A send checks neither that its ends exist nor that they know each other. Merged messages cannot be sent over REST.
"""

import re
from collections.abc import Callable
from time import monotonic
from typing import Any

import orjson

from tests.simulators.calls import Call
from tests.simulators.easemob import attachments, errors
from tests.simulators.easemob.errors import Refusal, not_sent
from tests.simulators.easemob.gate import Answer, as_object
from tests.simulators.easemob.state import Easemob
from tests.simulators.messages import Conversation

CAPS: dict[Conversation, int] = {"person": 600, "group": 3, "room": 10}
LIMIT = 5000
"""Bytes of body and ext together as JSON; whether the vendor's KB are of 1000 or 1024 is not known."""
EVENT = re.compile(r"[a-zA-Z0-9\-_/.]{1,32}")
ENV = re.compile(r"[a-zA-Z0-9]{1,8}")
ROAMLESS = 20
ONLINE = "ROUTE_ONLINE"
USUAL = frozenset(("from", "to", "type", "body", "ext"))


def media(body: dict[str, Any]) -> bool:
    url = body.get("url")
    return bool(url) and isinstance(url, str)


def location(body: dict[str, Any]) -> bool:
    """Places are strings in the pages and numbers in the vendor's SDK; both are taken."""
    try:
        float(body["lat"]), float(body["lng"])
    except (KeyError, TypeError, ValueError):
        return False
    return isinstance(body.get("addr"), str)


def custom(body: dict[str, Any]) -> bool:
    event, pairs = body.get("customEvent", "-"), body.get("customExts", {})
    return (
        isinstance(event, str)
        and EVENT.fullmatch(event) is not None
        and isinstance(pairs, dict)
        and len(pairs) <= 16
        and all(isinstance(value, str) for value in pairs.values())
    )


BODIES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "txt": lambda body: isinstance(body.get("msg"), str),
    "img": media,
    "audio": media,
    "video": media,
    "file": media,
    "loc": location,
    "cmd": lambda body: isinstance(body.get("action"), str),
    "custom": custom,
}
"""Whether a body has what its type needs."""


class Send:
    """Sends to one kind of conversation."""

    def __init__(self, kind: Conversation) -> None:
        self._kind = kind

    def __call__(self, easemob: Easemob, call: Call) -> Answer:
        request = as_object(call.body)
        if request is None:
            return errors.MALFORMED
        wrong = self._wrong(request)
        wrong = wrong or attachments.flaw(easemob, request["type"], request["body"])
        if wrong:
            return wrong
        # Ids are stored lower case, and a receiver named twice is sent to once.
        targets = list(dict.fromkeys(target.lower() for target in request["to"]))
        if limited := easemob.limits.send(self._kind, len(targets), monotonic()):
            return limited
        sender = request.get("from", "admin").lower()
        stored = "routetype" not in request
        data = {}
        for target in targets:
            if easemob.moods.chance(easemob.moods.now.swallow):
                data[target] = easemob.event_id()
                continue
            message = easemob.store(self._kind, sender, target, request["type"], request["body"], ext=request.get("ext"), stored=stored)
            easemob.accept("send", **message.facts(), **easemob.files_of(message))
            easemob.call_back(message, call, env=request.get("env"))
            data[target] = message.id
        return {"data": data}

    def _wrong(self, request: dict[str, Any]) -> Refusal | None:
        if request.get("from") == "":
            return not_sent("param from can't be empty")
        for name in ("to", "type", "body"):
            if not request.get(name):
                return not_sent(f"param {name} can't be empty")
        if "ext" in request and not isinstance(request["ext"], dict):
            return errors.EXT
        to, kind, body = request["to"], request["type"], request["body"]
        if not isinstance(to, list) or not all(isinstance(one, str) for one in to):
            return errors.MALFORMED
        if not isinstance(request.get("from", ""), str) or not isinstance(kind, str):
            return errors.MALFORMED
        if kind not in BODIES or not isinstance(body, dict) or not BODIES[kind](body):
            return errors.MALFORMED
        if not USUAL.issuperset(request) and not self._rare(request):
            return errors.MALFORMED
        if len(to) > CAPS[self._kind]:
            return not_sent(f"params to's size can't exceed limit {CAPS[self._kind]}")
        size = len(orjson.dumps(body)) + len(orjson.dumps(request.get("ext", {})))
        return errors.TOO_LARGE if size > LIMIT else None

    def _rare(self, request: dict[str, Any]) -> bool:
        """Whether the fields that few sends have are as they should be, and at a kind that has them."""
        kind, roamless = self._kind, request.get("roam_ignore_users", [])
        return (
            isinstance(request.get("env", ""), str)
            and ENV.fullmatch(request.get("env", "none")) is not None
            and isinstance(request.get("sync_device", False), bool)
            and isinstance(request.get("need_group_ack", False), bool)
            and (kind != "room" or "routetype" not in request)
            and request.get("routetype", ONLINE) == ONLINE
            and request.get("chatroom_msg_level", "normal") in ("high", "normal", "low")
            and isinstance(roamless, list)
            and (kind == "person" or len(roamless) <= ROAMLESS)
        )
