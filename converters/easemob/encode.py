"""Deliveries written as calls of Easemob's REST API. Source: "Easemob: Send messages"."""

from typing import Any

from converters import mark, wire
from converters.easemob.account import Account
from converters.model import Body, Delivery, Direct, Group, Loss, Room, Text, Unknown
from converters.platform import Encoded, Request
from converters.readable import unsupported
from converters.splitting import split

# Request body and ext may have 5 KB in all; what is counted is not said. The rest of the request stays under 700 bytes.
_LONGEST = 4300


def encode(delivery: Delivery, account: Account) -> Encoded:
    """The calls for one delivery; a text that is too long goes in parts."""
    said, losses = _text(delivery.event.operation.body, account)
    if not said:
        return Encoded((), (Loss("empty"),))
    parts = _parts(said)
    requests = tuple(
        _request(delivery, account, part, more=number < len(parts) - 1) for number, part in enumerate(parts)
    )
    return Encoded(requests, losses)


def _text(body: Body, account: Account) -> tuple[str, tuple[Loss, ...]]:
    match body:
        case Text(text=text):
            return text, ()
        case Unknown(vendor_kind=kind):
            return unsupported(kind, account.language), (Loss("kind", kind),)


def _parts(text: str) -> list[str]:
    if len(text) * 6 <= _LONGEST:  # JSON writes no character as more than six bytes
        return [text]
    return split(text, _LONGEST, lambda part: len(wire.dump_any(part)))


def _request(delivery: Delivery, account: Account, text: str, *, more: bool) -> Request:
    message: dict[str, Any] = {
        "from": delivery.sender,
        "to": [delivery.receiver],
        "type": "txt",
        "body": {"msg": text},
        "ext": {account.mark: mark.make(delivery.event.id, delivery.sender, delivery.receiver, more=more)},
    }
    match delivery.event.conversation:
        case Direct():
            api = "messages/users"
            if account.sync_device:
                message["sync_device"] = True
        case Group():
            api = "messages/chatgroups"
        case Room():
            api = "messages/chatrooms"
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    return Request("POST", f"/{account.org}/{account.app}/{api}", headers, wire.dump_any(message), api)
