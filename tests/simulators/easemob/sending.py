"""Sends and recalls. Source: "Easemob: send messages" and "Easemob: recall messages".

A send checks neither that its ends exist nor that they know each other.
"""

from time import monotonic
from typing import Any

import orjson

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.errors import Refusal, not_sent
from tests.simulators.easemob.gate import Answer, as_object
from tests.simulators.easemob.state import Easemob
from tests.simulators.messages import Conversation

CAPS: dict[Conversation, int] = {"person": 600, "group": 3, "room": 10}
LIMIT = 5000
"""Bytes of body and ext together as JSON; whether the vendor's KB are of 1000 or 1024 is not known."""
NEEDED = {
    "txt": ("msg",), "img": ("url",), "audio": ("url",), "video": ("url",), "file": ("url",),
    "loc": ("lat", "lng", "addr"), "cmd": ("action",), "custom": (),
}  # fmt: skip
KINDS: dict[str, Conversation] = {"chat": "person", "groupchat": "group", "chatroom": "room"}


class Send:
    """Sends to one kind of conversation."""

    def __init__(self, kind: Conversation) -> None:
        self._kind = kind

    def __call__(self, easemob: Easemob, call: Call) -> Answer:
        request = as_object(call.body)
        if request is None:
            return errors.MALFORMED
        wrong = self._wrong(request)
        if wrong:
            return wrong
        # Ids are stored lower case, and a receiver named twice is sent to once.
        targets = list(dict.fromkeys(target.lower() for target in request["to"]))
        if limited := easemob.limits.send(self._kind, len(targets), monotonic()):
            return limited
        sender = request.get("from", "admin").lower()
        data = {}
        for target in targets:
            message = easemob.store(
                self._kind, sender, target, request["type"], request["body"], ext=request.get("ext")
            )
            easemob.accept("send", **message.facts())
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
        if not isinstance(request.get("from", ""), str) or not isinstance(request.get("env"), str | None):
            return errors.MALFORMED
        if kind not in NEEDED or not isinstance(body, dict) or not all(name in body for name in NEEDED[kind]):
            return errors.MALFORMED
        if len(to) > CAPS[self._kind]:
            return not_sent(f"params to's size can't exceed limit {CAPS[self._kind]}")
        size = len(orjson.dumps(body)) + len(orjson.dumps(request.get("ext", {})))
        return errors.TOO_LARGE if size > LIMIT else None


def recall(easemob: Easemob, call: Call) -> Answer:
    """With ``force`` at any age."""
    request = as_object(call.body)
    if request is None:
        return errors.MALFORMED
    for name in ("msg_id", "to", "chat_type"):
        if not request.get(name):
            return Refusal(400, "message_recall_error", f"param {name} can't be empty")
    if request["chat_type"] not in KINDS:
        return errors.MALFORMED
    message = easemob.archive.find(KINDS[request["chat_type"]], request["msg_id"])
    if message is None or message.name == "cmd":
        return Refusal(403, "message_recall_error", "not_found msg")
    if message.to != str(request["to"]).lower():
        return Refusal(400, "message_recall_error", "can't find msg to")
    late = easemob.now() - message.time > easemob.options.recall_window * 1000
    if late and request.get("force") is not True:
        return Refusal(403, "message_recall_error", "exceed recall time limit")
    easemob.accept("recall", **message.facts())
    easemob.withdraw(message, call)
    return {
        "data": {
            "recalled": "yes",
            "chattype": request["chat_type"],
            "from": request.get("from", "admin"),
            "to": request["to"],
            "msg_id": message.id,
        }
    }
