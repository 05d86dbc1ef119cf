"""The bodies of post-delivery callbacks. Source: "Easemob: post-delivery callback events"."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import orjson

from tests.simulators.easemob.rule import security
from tests.simulators.messages import Message

HOST = "msync@simulator"
WORDS = {
    "txt": "text", "img": "image", "audio": "voice", "loc": "location", "video": "video",
    "file": "file", "cmd": "command", "custom": "custom",
}  # fmt: skip
CONVERSATIONS = {"person": "user", "group": "group", "room": "room"}
TYPES = {"person": "chat", "group": "groupchat", "room": "chatroom"}


class Events:
    """Writes and signs callbacks of one app."""

    def __init__(self, appkey: str, secret: str) -> None:
        self._appkey = appkey
        self._secret = secret

    def chat(self, message: Message) -> bytes:
        """One for a message, also in a group; ``chat_type`` says ``groupchat`` for rooms too."""
        between = message.type == "person"
        event: dict[str, Any] = {
            "callId": f"{self._appkey}_{message.id}",
            "eventType": "chat",
            "timestamp": message.time,
            "chat_type": "chat" if between else "groupchat",
            "from": message.sender,
            "to": message.to,
            "msg_id": message.id,
            "payload": {
                "ext": message.ext or {},
                "bodies": [as_called_back(message)],
                "from": message.sender,
                "to": message.to,
                "type": TYPES[message.type],
            },
            "content_type": f"chat:{CONVERSATIONS[message.type]}:{WORDS.get(message.name, 'unknown')}",
            "securityVersion": "1.0.0",
            "host": HOST,
        }
        return self._signed(event if between else event | {"group_id": message.to})

    def recall(self, message: Message, event_id: str, now: int) -> bytes:
        """Nothing in it tells who recalled: a person, or a server."""
        event: dict[str, Any] = {
            "chat_type": "recall",
            "callId": f"{self._appkey}_{event_id}",
            "payload": {"ext": {}, "ack_message_id": message.id, "bodies": []},
            "recall_id": message.id,
            "host": HOST,
            "from": message.sender,
            "to": message.to,
            "eventType": "chat",
            "msg_id": event_id,
            "timestamp": now,
        }
        return self._signed(event if message.type == "person" else event | {"group_id": message.to})

    def joined(self, group: str, members: Sequence[str], count: int, now: int) -> bytes:
        """Members added by a server: the operator is the app's own."""
        return self._signed(
            {
                "callId": f"{self._appkey}_{uuid4()}",
                "id": group,
                "type": "GROUP",
                "event": "group_op_event",
                "operation": "JOIN",
                "operator": "@ppAdmin",
                "payload": {"type": "DIRECT", "member": list(members)},
                "member_count": count,
                "timestamp": now,
            }
        )

    def _signed(self, event: dict[str, Any]) -> bytes:
        event["appkey"] = self._appkey
        event["security"] = security(event["callId"], self._secret, event["timestamp"])
        return orjson.dumps(event)


def as_called_back(message: Message) -> dict[str, Any]:
    """A body as the callback has it, which is not in all as it was sent."""
    body = {**message.content, "type": message.name}
    if message.name == "loc":
        for key in ("lat", "lng"):
            body[key] = float(body[key])
    if message.name == "custom" and isinstance(pairs := body.get("customExts"), dict):
        body["v2:customExts"] = pairs
        body["customExts"] = [{key: value} for key, value in pairs.items()]
    return body
