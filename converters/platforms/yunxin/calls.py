"""Calls of Yunxin's REST API, v1 (forms) and v2 (JSON), and whom they are for. Source: "Yunxin: API call signature"."""

from hashlib import blake2b
from typing import Any, Literal
from urllib.parse import quote

from msgspec import Struct

from converters.core import urlencoded, wire
from converters.core.model import Delivery, Direct, Group, Room
from converters.platform import Request
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.ids import SUPER, USER_IDS

FORM = "application/x-www-form-urlencoded;charset=utf-8"
JSON = "application/json;charset=utf-8"


class Recipient(Struct, frozen=True):
    """Where a message goes; *kind* as v2 counts it, 0 for a room."""

    kind: Literal[0, 1, 2, 3]
    to: str


def place(delivery: Delivery) -> Recipient:
    receiver = delivery.receiver
    match delivery.event.conversation:
        case Direct():
            return Recipient(1, receiver)
        case Group() if receiver.startswith(SUPER):
            return Recipient(3, receiver.removeprefix(SUPER))
        case Group():
            return Recipient(2, receiver)
        case Room():
            return Recipient(0, receiver)


def speaker(delivery: Delivery, account: YunxinAccount) -> str:
    """In whose name it is done; "" where nobody said who did it and the settings name nobody."""
    return delivery.sender or account.operator


def other_end(delivery: Delivery, author: str) -> str:
    """To whom *author* wrote."""
    conversation = delivery.event.conversation
    if not isinstance(conversation, Direct):
        return place(delivery).to
    if author != delivery.receiver:
        return delivery.receiver
    if delivery.sender:
        return delivery.sender
    both = [USER_IDS.write(user).native for user in conversation.users]
    return next((user for user in both if user != author), author)


def own_id(delivery: Delivery, number: int = 0) -> str:
    """32 hex characters, the same for every attempt: a repeat within 60 s is given the first one's answer."""
    return _own_id(delivery.event.id, delivery.target, number)


def client_id_of(event: str, target: str) -> str:
    """The client's id that a send of v2 gave to the first message of *event*."""
    return uuid(_own_id(event, target, 0))


def _own_id(event: str, target: str, number: int) -> str:
    name = f"{event}\x1f{target}" + (f"\x1f{number}" if number else "")
    return blake2b(name.encode(), digest_size=16).hexdigest()


def uuid(hexes: str) -> str:
    return f"{hexes[:8]}-{hexes[8:12]}-{hexes[12:16]}-{hexes[16:20]}-{hexes[20:]}"


def call(api: str, fields: dict[str, str], own: str, *, repeatable: bool = False) -> Request:
    """A call of v1."""
    headers = {"Content-Type": FORM, "RequestId": own}
    return Request("POST", f"/{api}.action", headers, urlencoded.write(fields), api, repeatable)


def call_v2(method: str, path: str, api: str, body: dict[str, Any] | None, own: str, *, repeatable: bool = False) -> Request:
    headers = {"Content-Type": JSON, "X-custom-traceid": own}
    return Request(method, path, headers, b"" if body is None else wire.dump_any(body), api, repeatable)


def conversation_id(sender: str, where: Recipient) -> str:
    return quote(f"{sender}|{where.kind}|{where.to}", safe="")


def whole(tid: str) -> int | str:
    """A team's number as v2 wants it; an id that is none stays a text."""
    return int(tid) if tid.isascii() and tid.isdecimal() else tid


def listed(values: list[str]) -> str:
    return wire.dump_any(values).decode()
