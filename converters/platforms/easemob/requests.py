"""The shape of every call. Source: "Easemob: Send messages", "Easemob: Group management"."""

from typing import Any
from urllib.parse import quote

from converters.core import wire
from converters.core.model import Delivery, Direct, Group, Room
from converters.platform import Request
from converters.platforms.easemob.account import EasemobAccount
from converters.text import echo_mark

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}

_SILENT = {"em_ignore_notification": True}
ADMIN = "admin"
"""As whom Easemob itself sends what names no sender."""


def send(
    delivery: Delivery,
    account: EasemobAccount,
    kind: str,
    body: dict[str, Any],
    ext: dict[str, Any],
    *,
    more: bool = False,
    part: int = 0,
    online_only: bool = False,
) -> Request:
    """A message of *kind* in the conversation, with *ext* and our mark."""
    sender = sender_of(delivery, account)
    message: dict[str, Any] = {
        "from": sender,
        "to": [delivery.receiver],
        "type": kind,
        "body": body,
        "ext": extension(delivery, account, sender, ext, more=more, part=part),
    }
    match delivery.event.conversation:
        case Direct():
            api = "messages/users"
            if account.sync_device and not online_only:
                message["sync_device"] = True
        case Group():
            api = "messages/chatgroups"
        case Room():
            api = "messages/chatrooms"
    if online_only:
        message["routetype"] = "ROUTE_ONLINE"
    return written(account, api, message)


def sender_of(delivery: Delivery, account: EasemobAccount) -> str:
    return delivery.sender or account.operator or ADMIN


def extension(delivery: Delivery, account: EasemobAccount, sender: str, ext: dict[str, Any], *, more: bool, part: int) -> dict[str, Any]:
    """*ext* with our mark."""
    return {**ext, **(_SILENT if delivery.silent else {}), account.mark: echo_mark.of(delivery, account, sender, more=more, part=part)}


def written(account: EasemobAccount, api: str, message: dict[str, Any]) -> Request:
    return Request("POST", f"/{account.org}/{account.app}/{api}", dict(_HEADERS), wire.dump_any(message), api)


def call(
    account: EasemobAccount, method: str, path: str, api: str, body: dict[str, Any] | list[Any] | None = None, *, repeatable: bool = True
) -> Request:
    """Anything that is no message; *path* is already escaped."""
    raw = wire.dump_any(body) if body is not None else b""
    return Request(method, f"/{account.org}/{account.app}/{path}", dict(_HEADERS), raw, api, repeatable)


def escaped(part: str) -> str:
    """For a path or a query."""
    return part if part.isalnum() and part.isascii() else quote(part, safe="")
