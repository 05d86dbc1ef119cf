"""Callbacks that RongCloud posts to us: their shape, and whether they are genuine.

A message comes as a form; newer callbacks, and lines of the hourly log, as JSON. Source: "RongCloud: Full message routing",
"RongCloud: Message history".
"""

from binascii import a2b_qp
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from converters import mending
from converters.core import wire
from converters.core.lenient import word
from converters.core.model import Conversation, Group, Loss, Room, conversation_key, direct
from converters.platform import Accepted, EarlyRejection, Incoming, Rejected, SingleUse, Verdict
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.ids import ultra
from converters.platforms.rongcloud.signing import fits, is_ours
from converters.routing.user_ids import fold

RECALL = "RC:RcCmd"

# The log has the numbers of the API where routing has words.
_CHANNELS = {
    "1": "PERSON", "2": "PERSONS", "3": "GROUP", "4": "TEMPGROUP", "5": "CUSTOMERSERVICE", "6": "NOTIFY", "7": "MC", "8": "MP",
    "10": "ULTRAGROUP",
}  # fmt: skip
_LOGGED = {
    "fromUserId": "fromUserId", "targetId": "toUserId", "classname": "objectName", "content": "content", "msgUID": "msgUID",
    "source": "source", "timestamp": "msgTimestamp", "targetType": "channelType",
}  # fmt: skip

_SIGNS = bytes.maketrans(b"+&=%", b" \x1e\x1f=")
_ODD = b"\n\r\x1e\x1f"
"""What would not come out of that as it went in: ends of lines, and what stands for the signs between fields (as `%1E`, too)."""

Fields = dict[str, str]


class RoutedMessage(Struct, frozen=True):
    """A message, or what is routed as one."""

    fields: Fields
    losses: tuple[Loss, ...] = ()
    """What of the bytes could not be kept."""


class ServiceEvent(Struct, frozen=True):
    """Anything else: who is there, what was taken back, what belongs to services beside the chat."""

    value: Any
    losses: tuple[Loss, ...] = ()


def read(body: bytes) -> RoutedMessage | ServiceEvent:
    """What a callback is: who checks it and who reads it both ask here. Raises Malformed."""
    if not is_json(body):
        return _form(body)
    value, losses = mending.load_any(body)
    fields = fields_in(value)
    return ServiceEvent(value, losses) if fields is None else RoutedMessage(fields, losses)


def _form(body: bytes) -> RoutedMessage:
    """Strictly where that can be; a byte that is no UTF-8 costs one sign, and not the message."""
    try:
        return RoutedMessage(fields_of(body))
    except wire.Malformed:
        fields: Fields = {}
        lost: dict[Loss, None] = {}
        for pair in body.replace(b"+", b" ").split(b"&"):
            name, _, value = pair.partition(b"=")
            key, losses = mending.text(unquote_to_bytes(name))
            said, more = mending.text(unquote_to_bytes(value))
            fields[key] = fields.get(key) or said
            lost |= dict.fromkeys((*losses, *more))
        fields.pop("", None)
        return RoutedMessage(fields, tuple(lost))


def fields_of(body: bytes) -> Fields:
    """A form in UTF-8; of a name that comes several times, the first value that is not empty. Raises Malformed."""
    try:
        fields = _at_once(body)
        if fields is None:
            fields = {}
            for pair in body.decode().replace("+", " ").split("&"):
                name, _, value = pair.partition("=")
                name = unquote_to_bytes(name).decode()
                fields[name] = fields.get(name) or unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise wire.Malformed("a form that is not in UTF-8") from None
    fields.pop("", None)
    return fields


def _at_once(body: bytes) -> Fields | None:
    """Several times faster than one by one: quoted-printable is the same but for its sign, and is read in C. None where it may not be so."""
    if len(body.translate(None, _ODD)) != len(body) or b"%1" in body:
        return None
    found = a2b_qp(body.translate(_SIGNS))
    # Each escape takes two bytes away; where it was none, the two do not read alike.
    if len(found) != len(body) - 2 * body.count(b"%"):
        return None
    pairs = [each.split("\x1f") for each in found.decode().split("\x1e")]
    try:
        fields: Fields = dict(pairs)
    except ValueError:  # a name alone, or more than a name and a value
        return None
    return fields if len(fields) == len(pairs) else None


def fields_in(value: object) -> Fields | None:
    """The same out of JSON: of a routed message, or of a line of the log; None for anything else."""
    if not isinstance(value, dict) or "eventType" in value:
        return None
    if "objectName" in value:
        return {str(name): _written(one) for name, one in value.items()}
    if "classname" not in value:
        return None
    fields = {_LOGGED[name]: _written(one) for name, one in value.items() if name in _LOGGED}
    if group := _written(value.get("GroupId")):
        fields["toUserId"] = fields.get("toUserId") or group
    if _written(value.get("isSensitiveWord")) == "true":
        fields["sensitiveType"] = "1"  # stopped or with a word replaced: the log does not tell them apart
    return fields


def _written(value: object) -> str:
    return word(value) if isinstance(value, str | int | float | bool | None) else wire.dump_any(value).decode()


def channel_of(fields: Fields) -> str:
    given = fields.get("channelType", "").upper()
    return _CHANNELS.get(given, given)


_SAYS_SOURCE = {"PERSON", "GROUP"}


def by_server(fields: Fields, *, unsaid: bool = False) -> bool:
    """Whether it is told that the customer's own server has sent it, by the Server API, and no user's client.

    *unsaid*: so it is where a channel that says who sends does not say it. Source: "RongCloud: Full message routing", `source`.
    """
    source, channel = fields.get("source", "").lower(), channel_of(fields)
    # Only the Server API can send a system message.
    return source == "server" or channel == "NOTIFY" or (unsaid and not source and channel in _SAYS_SOURCE)


def place(channel: str, sender: str, to: str, bus_channel: str = "") -> Conversation | None:
    """The conversation in RongCloud's own ids; None for what belongs to none."""
    if not to:
        return None
    match channel:
        case "PERSON" | "NOTIFY":
            return direct(sender, to) if sender else None
        case "GROUP":
            return Group(to)
        case "TEMPGROUP":
            return Room(to)
        case "ULTRAGROUP":
            return Group(ultra(to, bus_channel))
        case _:
            return None


def place_in(told: dict[str, Any], fields: Fields) -> Conversation | None:
    """Where a recall happened: the command itself may be addressed to its sender. *told* has its names in lower case."""
    sender, to = fields.get("fromUserId", ""), fields.get("toUserId", "")
    number = _CHANNELS.get(_written(told.get("conversationtype")), "")
    channel = number or channel_of(fields)
    target = _written(told.get("targetid"))
    if not target or (channel == "PERSON" and fold(target) == fold(sender)):
        target = to
    return place(channel, sender, target, _written(told.get("channelid")) or fields.get("busChannel", ""))


def lowered(content: object) -> dict[str, Any]:
    """Some pages write the names of a recall with capitals."""
    return {str(name).lower(): value for name, value in content.items()} if isinstance(content, dict) else {}


def conversation_of(fields: Fields) -> Conversation | None:
    if fields.get("objectName") == RECALL:
        try:
            return place_in(lowered(mending.load_any(fields.get("content", ""))[0]), fields)
        except wire.Malformed:
            return None
    return place(channel_of(fields), fields.get("fromUserId", ""), fields.get("toUserId", ""), fields.get("busChannel", ""))


def told_in(value: Any) -> Conversation | None:
    """The conversation of a callback that is no message."""
    if isinstance(value, list):
        first = value[0] if value else None
        user = _written(first.get("userid")) if isinstance(first, dict) else ""
        return direct(user, user) if user else None
    where = value.get("conversationInfo") if isinstance(value, dict) else None
    if not isinstance(where, dict):
        return None
    channel = _CHANNELS.get(_written(where.get("conversationType")), "")
    sender, target = _written(value.get("fromUserId")), _written(where.get("targetId"))
    return place(channel, sender, target, _written(where.get("busChannel")))


def is_json(body: bytes) -> bool:
    return body[:1] in (b"{", b"[")


class _Signature(Struct, frozen=True):
    app_key: str
    """"" where it is not named."""
    nonce: str
    timestamp: str
    digest: str

    @property
    def signed(self) -> str:
        """All that is signed, as it is: where the one ends and the other begins is not."""
        return self.nonce + self.timestamp

    @property
    def at(self) -> int:
        """Milliseconds since 1970; 0 of what no callback has for a time."""
        written = self.timestamp
        if not (written.isascii() and written.isdecimal()):
            return 0
        # The oldest callbacks have seconds.
        return {13: int(written[:13]), 10: int(written[:10]) * 1000}.get(len(written), 0)


def check_headers(headers: Mapping[str, str], query: str, account: RongcloudAccount, now: int) -> EarlyRejection | None:
    """All that can be told of a callback's origin: what is said is signed by nothing."""
    given = _signed(headers, query)
    if given is None:
        return EarlyRejection("unsigned")
    if given.app_key and given.app_key != account.app_key:
        return EarlyRejection("unknown-key")
    if not fits(account, given.nonce, given.timestamp, given.digest):
        return EarlyRejection("bad-signature")
    # The same secret signs what we ask of RongCloud, with the same words.
    if is_ours(account, given.signed):
        return EarlyRejection("our-own")
    if account.callback_window and abs(given.at - now) > account.callback_window * 1000:
        return EarlyRejection("stale")
    return None


def check(incoming: Incoming, account: RongcloudAccount, now: int) -> Verdict:
    """Whether a callback is from RongCloud and for *account*: by the query, or by headers where the query has nothing."""
    held = check_headers(incoming.headers, incoming.query, account, now)
    return Accepted(_key(incoming.body, account)) if held is None else Rejected(held.reason)


def once(incoming: Incoming, account: RongcloudAccount, now: int) -> SingleUse | None:
    """The nonce and time of a callback, which stand for one body alone."""
    del now
    given = _signed(incoming.headers, incoming.query)
    if given is None:
        return None
    until = given.at + account.callback_window * 1000 if account.callback_window else 0
    return SingleUse(given.signed, blake2b(incoming.body, digest_size=16).digest(), given.at, until)


def _signed(headers: Mapping[str, str], query: str) -> _Signature | None:
    try:
        # Never out of the body, whose `timestamp` is another one.
        named = fields_of(query.encode())
    except wire.Malformed:
        return None
    for held in (named, headers):
        for before in ("", "rc-"):
            digest, nonce = held.get(f"{before}signature"), held.get(f"{before}nonce")
            timestamp = held.get("signTimestamp") or held.get(f"{before}timestamp")
            if digest and nonce and timestamp:
                app_key = held.get("appKey") or held.get(f"{before}app-key") or ""
                return _Signature(app_key, nonce, timestamp, digest)
    return None


def _key(body: bytes, account: RongcloudAccount) -> bytes:
    try:
        match read(body):
            case RoutedMessage(fields=fields):
                conversation = conversation_of(fields)
            case ServiceEvent(value=value):
                conversation = told_in(value)
    except wire.Malformed:
        conversation = None  # genuine all the same: it is stored, and becomes a dead letter when it is read
    return conversation_key(conversation) if conversation else b"?" + account.app_key.encode()
