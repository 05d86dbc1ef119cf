"""The bodies of post-delivery callbacks. Source: "Easemob: post-delivery callback events"."""

from collections.abc import Sequence
from typing import Any

import orjson

from tests.simulators.easemob.rule import security
from tests.simulators.messages import Message

HOST = "msync@simulator"
WORDS = {
    "txt": "text",
    "img": "image",
    "audio": "voice",
    "loc": "location",
    "video": "video",
    "file": "file",
    "cmd": "command",
    "custom": "custom",
}
CONVERSATIONS = {"person": "user", "group": "group", "room": "room"}
TYPES = {"person": "chat", "group": "groupchat", "room": "chatroom"}
COMBINED = "sub_combine"
Event = dict[str, Any]


class Events:
    """Writes and signs callbacks of one app."""

    def __init__(self, appkey: str, secret: str) -> None:
        self.appkey = appkey
        self._secret = secret

    def chat(self, message: Message) -> bytes:
        """One for a message, also in a group; ``chat_type`` says ``groupchat`` for rooms too."""
        between = message.type == "person"
        word = WORDS.get(message.name, "unknown")
        if message.content.get("subType") == COMBINED:
            word = "txt"
        event: Event = {
            "callId": f"{self.appkey}_{message.id}",
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
            "content_type": f"chat:{CONVERSATIONS[message.type]}:{word}",
            "securityVersion": "1.0.0",
            "host": HOST,
        }
        return self.signed(event if between else event | {"group_id": message.to})

    def recall(self, message: Message, event_id: str, now: int, *, group_id: bool) -> bytes:
        """Nothing in it tells who recalled: a person, or a server; nor, without *group_id*, where."""
        payload = {"ext": {}, "ack_message_id": message.id, "bodies": []}
        event = self.about("recall", event_id, message.sender, message.to, payload, now)
        event["recall_id"] = message.id
        return self.signed(event | {"group_id": message.to} if group_id and message.type != "person" else event)

    def edit(self, message: Message, operator: str, count: int, event_id: str, now: int, *, ext: bool, older: bool) -> bytes:
        """*message* as it is now; *ext* tells whether the edit was of its ext, which is else left out. The *older*
        sample has neither ``eventType`` nor ``host``, and tells a group by nothing."""
        payload: Event = {
            "bodies": [as_called_back(message)],
            "edit_message_id": message.id,
            "from": message.sender,
            "meta": {
                "edit_msg": {"count": count, "edit_time": now, "operator": operator, "send_time": message.time, "sender": message.sender}
            },
            "to": message.to,
            "type": "edit",
        }
        if ext:
            payload["ext"] = message.ext or {}
        if older:
            event = self.about("edit", event_id, operator, message.to, payload, now) | {"securityVersion": "1.0.0"}
            del event["eventType"]
        else:
            del payload["from"], payload["to"]
            payload["meta"]["edit_msg"]["chat_type"] = f"chat:{CONVERSATIONS[message.type]}"
            event = self.about("edit", event_id, message.sender, message.to, payload, now)
        del event["host"]
        return self.signed(event)

    def read(self, message: Message, reader: str, event_id: str, now: int) -> bytes:
        if message.type == "person":
            payload: Event = {"ext": {}, "ack_message_id": message.id, "bodies": []}
            receipt = self.about("read_ack", event_id, reader, message.sender, payload, now)
            return self.signed(receipt | {"channel_channel": f"{self.appkey}_{message.sender}@conference.easemob.com"})
        payload = {"ext": {}, "ack_message_id": message.id, "msg_config": {"allow_group_ack": True}, "type": "read_ack"}
        event = self.about("read_ack", event_id, reader, message.to, payload, now)
        event |= {
            "content_type": "chat:ack:read",
            "channel_channel": f"{self.appkey}_{message.to}@conference.easemob.com",
            "channel_user": self.address(reader),
            "writed_channel": False,
        }
        return self.signed(event)

    def read_up_to(self, message: Message, reader: str, event_id: str, now: int) -> bytes:
        """The whole conversation, of which *message* is the last."""
        to = message.sender if message.type == "person" else message.to
        payload = {"ack_message_id": message.id, "type": "channel_ack"}
        return self.signed(self.about("channel_ack", event_id, reader, to, payload, now))

    def reaction(self, message: Message, reactions: Sequence[Event], operator: str, event_id: str, now: int) -> bytes:
        """The full state of *reactions*. Neither ``callId`` nor ``security``, as in the vendor's sample."""
        kind = "chat" if message.type == "person" else "groupchat"
        data = {"messageId": message.id, "from": message.sender, "reactions": reactions, "to": message.to, "channel_type": kind, "ts": now}
        payload = {"data": [data], "num": len(reactions), "channel_type": kind, "type": "reaction"}
        to = message.to
        if message.type == "person" and operator == to:
            to = message.sender
        event = self.about("notify", event_id, operator, to, payload, now)
        del event["callId"]
        return orjson.dumps(event | {"appkey": self.appkey})

    def roster(self, sender: str, to: str, payload: Event, event_id: str, now: int) -> bytes:
        return self.signed(self.about("roster", event_id, self.address(sender), to, payload, now))

    def status(self, user: str, reason: str, event_id: str, now: int, device: dict[str, str]) -> bytes:
        """*reason*: login, logout or replaced."""
        os = device.get("os", "android")
        return self.signed(
            {
                "callId": f"{self.appkey}_{event_id}",
                "reason": reason,
                "os": os,
                "ip": device.get("ip", "203.0.113.9:50112"),
                "host": HOST,
                "user": f"{self.address(user)}/{os}_{device.get('device', 'aaaabbbb-cccc')}",
                "version": device.get("version", "4.9.0"),
                "timestamp": now,
                "status": "online" if reason == "login" else "offline",
            }
        )

    def address(self, user: str) -> str:
        return f"{self.appkey}_{user}@easemob.com"

    def about(self, chat_type: str, event_id: str, sender: str, to: str, payload: Event, now: int) -> Event:
        return {
            "chat_type": chat_type,
            "callId": f"{self.appkey}_{event_id}",
            "payload": payload,
            "host": HOST,
            "from": sender,
            "to": to,
            "eventType": "chat",
            "msg_id": event_id,
            "timestamp": now,
        }

    def signed(self, event: Event) -> bytes:
        event["appkey"] = self.appkey
        event["security"] = security(event["callId"], self._secret, event["timestamp"])
        return orjson.dumps(event)


def as_called_back(message: Message) -> Event:
    """A body as the callback has it, which is not in all as it was sent."""
    body = {**message.content, "type": message.name}
    if message.name == "loc":
        for key in ("lat", "lng"):
            body[key] = float(body[key])
    if message.name == "custom" and isinstance(pairs := body.get("customExts"), dict):
        body["v2:customExts"] = pairs
        body["customExts"] = [{key: value} for key, value in pairs.items()]
    return body
