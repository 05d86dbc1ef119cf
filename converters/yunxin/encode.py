"""Deliveries written as calls of Yunxin's REST API, v1 and v2. Source: "Yunxin: Send a message (v1, v2)"."""

from hashlib import blake2b
from typing import Any
from urllib.parse import quote

from converters import form, mark, wire
from converters.model import Body, Conversation, Delivery, Direct, Group, Loss, Room, Text, Unknown
from converters.platform import Encoded, Request
from converters.readable import unsupported
from converters.splitting import split
from converters.yunxin.account import Account
from converters.yunxin.ids import SUPER

# `body` takes 5,000 characters of JSON, `text` of v2 as many, a room's `attach` 4,096 of plain text.
_LONGEST = 4980
_LONGEST_IN_ROOM = 4096


def encode(delivery: Delivery, account: Account) -> Encoded:
    """The calls for one delivery; a text that is too long goes in parts, each with an id of its own."""
    said, losses = _text(delivery.event.operation.body, account)
    if not said:
        return Encoded((), (Loss("empty"),))
    parts = _parts(said, delivery.event.conversation)
    build = _v2 if account.api == "v2" else _v1
    requests = tuple(
        build(delivery, account, part, _id(delivery, number), more=number < len(parts) - 1)
        for number, part in enumerate(parts)
    )
    return Encoded(requests, losses)


def _text(body: Body, account: Account) -> tuple[str, tuple[Loss, ...]]:
    match body:
        case Text(text=text):
            return text, ()
        case Unknown(vendor_kind=kind):
            return unsupported(kind, account.language), (Loss("kind", kind),)


def _parts(text: str, conversation: Conversation) -> list[str]:
    if len(text) * 6 <= _LONGEST_IN_ROOM:  # JSON writes no character as more than six
        return [text]
    if isinstance(conversation, Room):
        return split(text, _LONGEST_IN_ROOM, len)
    return split(text, _LONGEST, lambda part: len(wire.dump_any(part).decode()))


def _id(delivery: Delivery, number: int) -> str:
    """32 hex characters, the same for every attempt: a repeat within 60 s is given the first one's answer."""
    name = f"{delivery.event.id}\x1f{delivery.target}" + (f"\x1f{number}" if number else "")
    return blake2b(name.encode(), digest_size=16).hexdigest()


def _uuid(hexes: str) -> str:
    return f"{hexes[:8]}-{hexes[8:12]}-{hexes[12:16]}-{hexes[16:20]}-{hexes[20:]}"


def _ext(delivery: Delivery, account: Account, *, more: bool) -> str:
    marked = {account.mark: mark.make(delivery.event.id, delivery.sender, delivery.receiver, more=more)}
    return wire.dump_any(marked).decode()


def _v1(delivery: Delivery, account: Account, text: str, own_id: str, *, more: bool) -> Request:
    fields: dict[str, str]
    receiver, sender, ext = delivery.receiver, delivery.sender, _ext(delivery, account, more=more)
    body = wire.dump_any({"msg": text}).decode()
    match delivery.event.conversation:
        case Direct():
            path = "msg/sendMsg"
            fields = {"from": sender, "ope": "0", "to": receiver, "type": "0", "body": body, "ext": ext}
        case Group() if receiver.startswith(SUPER):
            path = "superteam/sendMsg"
            fields = {
                "tid": receiver.removeprefix(SUPER),
                "fromAccid": sender,
                "type": "0",
                "body": body,
                "ext": ext,
            }
        case Group():
            path = "msg/sendMsg"
            fields = {"from": sender, "ope": "1", "to": receiver, "type": "0", "body": body, "ext": ext}
        case Room():
            path = "chatroom/sendMsg"
            # Clients drop a repeated msgId; resendFlag has the server look as well.
            fields = {
                "roomid": receiver,
                "msgId": _uuid(own_id),
                "fromAccid": sender,
                "msgType": "0",
                "resendFlag": "1",
            }
            fields |= {"attach": text, "ext": ext}
            if not account.echo:
                fields["route"] = "false"
    if not account.echo and path != "chatroom/sendMsg":
        fields["option"] = '{"route":false}'
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8", "RequestId": own_id}
    return Request("POST", f"/{path}.action", headers, form.write(fields), path)


def _v2(delivery: Delivery, account: Account, text: str, own_id: str, *, more: bool) -> Request:
    receiver = delivery.receiver
    match delivery.event.conversation:
        case Direct():
            kind = "1"
        case Group() if receiver.startswith(SUPER):
            kind, receiver = "3", receiver.removeprefix(SUPER)
        case Group():
            kind = "2"
        case Room():
            # The v2 form for rooms is not documented enough.
            return _v1(delivery, account, text, own_id, more=more)
    conversation = quote(f"{delivery.sender}|{kind}|{receiver}", safe="")
    body: dict[str, Any] = {
        "message": {"message_type": 0, "text": text, "message_client_id": _uuid(own_id)},
        "extension": _ext(delivery, account, more=more),
    }
    if not account.echo:
        body["route_config"] = {"route_enabled": False}
    headers = {"Content-Type": "application/json;charset=utf-8", "X-custom-traceid": own_id}
    path = f"/im/v2/conversations/{conversation}/messages"
    return Request("POST", path, headers, wire.dump_any(body), "v2/messages")
