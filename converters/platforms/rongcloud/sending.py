"""Calls of RongCloud's Server API. Source: "RongCloud: Send private, group, chatroom, system and ultra group messages"."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from converters.core import urlencoded, wire
from converters.core.model import Delivery, Direct, Group, Room
from converters.platform import Request
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.content import Content, sealed
from converters.platforms.rongcloud.ids import ULTRA, of_ultra
from converters.platforms.rongcloud.messages import EXTRA
from converters.text import echo_mark
from converters.text.extension_payload import key_of

LARGEST = 98_000
"""Bytes of a request; the content may have 128 KB, but an old error code speaks of 100 KB for the whole."""

FORM = "application/x-www-form-urlencoded"
_FORM = {"Content-Type": FORM}
_JSON = {"Content-Type": "application/json"}


class SendRequest(Request, frozen=True):
    """A request that adds a message, and how its answer says that an earlier attempt has done so."""

    duplicate: int = 0
    """0: there is no such answer."""


def call(api: str, fields: dict[str, str], lists: Iterable[tuple[str, str]] = ()) -> Request:
    """A call that sends no message, and may be repeated; *lists* are fields whose name comes several times."""
    body = b"&".join([urlencoded.write(fields), *(urlencoded.write({name: value}) for name, value in lists)])
    return Request("POST", f"/{api}.json", _FORM, body, api, repeatable=True)


def content_of(
    delivery: Delivery,
    account: RongcloudAccount,
    content: Content,
    ext: dict[str, Any],
    receiver: str,
    *,
    sender: str = "",
    more: bool = False,
    part: int = 0,
) -> str:
    """*content* with *ext* and our mark; *sender* where it is not the delivery's."""
    speaker = sender or delivery.sender or account.operator
    marked = echo_mark.of(delivery, account, speaker, receiver, more=more, part=part)
    return sealed(content, ext, account.mark, marked)


def custom_of(delivery: Delivery, account: RongcloudAccount, content: Content, ext: dict[str, Any], more: dict[str, Any]) -> str:
    """The content of a custom message, which has no `extra` unless its app gave it one: our mark stands beside what is theirs."""
    marked = echo_mark.of(delivery, account, delivery.sender or account.operator)
    if ext and EXTRA not in content:
        content, more = {**content, EXTRA: wire.dump_any(ext).decode()}, {**more, EXTRA: True}
    if more:
        content = {**content, key_of(account.mark): more}
    return wire.dump_any({**content, account.mark: marked}).decode()


def message(
    delivery: Delivery, account: RongcloudAccount, name: str, content: str, number: int = 0, *, mentions: bool = False
) -> SendRequest:
    """A message to the delivery's conversation; *number* tells the messages of one event apart."""
    fields = {"fromUserId": delivery.sender or account.operator, "objectName": name, "content": content}
    receiver, own = delivery.receiver, "1" if account.include_sender else "0"
    silent = {"disablePush": "true"} if delivery.silent else {}
    match delivery.event.conversation:
        case Direct():
            api = "message/private/publish"
            verify = "1" if account.verify_blacklist else "0"
            fields |= {"toUserId": receiver, "isIncludeSender": own, "verifyBlacklist": verify} | silent
        case Group() if receiver.startswith(ULTRA):
            return _ultra(delivery, fields | silent, mentions=mentions)
        case Group():
            api = "message/group/publish"
            fields |= {"toGroupId": receiver, "isIncludeSender": own} | silent
            if mentions:
                fields["isMentioned"] = "1"
        case Room():
            api = "message/chatroom/publish"
            fields |= {"toChatroomId": receiver, "isIncludeSender": own}
    return _send(api, fields, delivery, account, number)


def signal(
    delivery: Delivery, account: RongcloudAccount, api: str, name: str, content: str, fields: dict[str, str], number: int = 0
) -> SendRequest:
    """A message that nobody reads; *fields* say to whom."""
    given = {"fromUserId": delivery.sender or account.operator, "objectName": name, "content": content}
    return _send(api, given | fields, delivery, account, number)


def _send(api: str, fields: dict[str, str], delivery: Delivery, account: RongcloudAccount, number: int) -> SendRequest:
    duplicate = 0
    if account.msg_random:
        fields["msgRandom"] = str(random_of(delivery, number))
        duplicate = account.duplicate_code
    body, path = urlencoded.write(fields), f"/{api}.json"
    return SendRequest("POST", path, _FORM, body, api, repeatable=account.msg_random, repeatable_for=60.0, duplicate=duplicate)


def _ultra(delivery: Delivery, fields: dict[str, str], *, mentions: bool) -> SendRequest:
    """Ultra groups take neither msgRandom nor isIncludeSender."""
    group, channel = of_ultra(delivery.receiver)
    body: dict[str, Any] = {**fields, "toGroupIds": [group], "isMentioned": int(mentions)}
    if "disablePush" in fields:
        body["disablePush"] = True
    if channel:
        body["busChannel"] = channel
    return SendRequest("POST", "/message/ultragroup/publish.json", _JSON, wire.dump_any(body), "message/ultragroup/publish")


def random_of(delivery: Delivery, number: int) -> int:
    """63 bits, the same for every attempt."""
    name = f"{delivery.event.id}\x1f{delivery.target}\x1f{number}"
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> 1
