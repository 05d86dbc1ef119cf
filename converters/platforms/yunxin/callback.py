"""Copies that Yunxin posts to us: their shape, what they are, and whether they are genuine. Source: "Yunxin: Message copy (抄送)"."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from converters import mending
from converters.core import wire
from converters.core.lenient import Word, milliseconds, word
from converters.core.model import Conversation, Direct, Group, Room, conversation_key, direct
from converters.platform import Accepted, EarlyRejection, Incoming, Probe, Rejected, Verdict
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.ids import SUPER
from converters.platforms.yunxin.signing import digest_fits, signature_fits
from converters.platforms.yunxin.values import parsed, text
from converters.routing.user_ids import fold

MESSAGE, ROOM_MESSAGE, ROOM_MEMBER = "1", "4", "9"
LOGIN, LOGOUT, RECEIPT, READ = "2", "3", "30", "85"
_LONGEST_PROBE = 16
RECALLS, EDITS = {"7", "8", "25"}, {"89", "90", "91"}
_PEOPLE = {"7", "89"}  # recall and edit between two people; the next two lines for teams and superteams
_TEAM = {"8", "90"}
_SUPER = {"25", "91"}


class CopiedMessage(Struct, frozen=True, rename="camel"):
    """One copy. Every value is documented as a string, and some come as numbers."""

    event_type: Word = None
    conv_type: Word = None
    from_account: Word = None
    from_client_type: Word = None
    from_nick: Any = None
    msg_timestamp: Word = None
    msg_type: Word = None
    msgid_client: Word = None
    msgid_server: Word = None
    room_id: Word = None
    to: Word = None
    body: Any = None
    attach: Any = None
    ext: Any = None
    antispam: Word = None
    blacklist: Word = None
    sender: Word = field(default=None, name="from")
    """Of recalls and edits, where it is not called fromAccount."""
    from_client_ip: Any = None
    """Only of what the server asks about before it delivers."""


class CopiedEvent(Struct, frozen=True, rename="camel"):
    """What a copy holds that is no message."""

    event_type: Word = None
    sender: Word = field(default=None, name="from")
    to: Word = None
    msg_id: Word = None
    client_id: Word = None
    send_time: Word = None
    delete_time: Word = None
    self_msg: Word = None
    modify_account_id: Word = None
    modify_time: Word = None
    text: Any = None
    attachment: Any = None
    extension: Any = None
    objects: Any = None
    msg_type: Word = None
    accid: Word = None
    ack_accid: Word = None
    ack_team_id: Word = None
    ack_msg_time: Word = None
    room_id: Word = None
    event: Word = None
    timestamp: Word = None
    client_type: Word = None
    device_id: Word = None
    code: Word = None


def conversation_of(copy: CopiedMessage) -> Conversation | None:
    """The conversation in Yunxin's own ids; None for what belongs to none."""
    event, to = word(copy.event_type), fold(word(copy.to))
    if event == ROOM_MESSAGE:
        room = word(copy.room_id)
        return Room(room) if room else None
    kind = word(copy.conv_type).upper()
    sender = fold(word(copy.from_account or copy.sender))
    if not to:
        return None
    if kind == "SUPER_TEAM" or event in _SUPER or (kind == "CUSTOM_TEAM" and "SUPERTEAM" in word(copy.msg_type).upper()):
        return Group(SUPER + to)
    if kind in {"TEAM", "CUSTOM_TEAM"} or event in _TEAM:
        return Group(to)
    if sender and (kind in {"PERSON", "CUSTOM_PERSON"} or event in _PEOPLE):
        return direct(sender, to)
    return None


def receiver_of(copy: CopiedMessage, conversation: Conversation) -> str:
    """The other one of two, or the team or room."""
    return fold(word(copy.to)) if isinstance(conversation, Direct) else conversation.id


def by_server(copy: CopiedMessage) -> bool:
    """Whether the server API can have sent it, as all that is ours: what a client sends says which kind of client it is."""
    return word(copy.from_client_type).upper() in {"REST", "32", ""}


def receipts(report: CopiedEvent) -> list[dict[str, Any]]:
    """The receipts of eventType 30, each an object."""
    listed = parsed(report.objects)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def conversation_reported(report: CopiedEvent) -> Conversation | None:
    """Whose conversation eventType 9, 30 (its first receipt), 85 and logins are about."""
    reader, other, event = fold(word(report.accid)), fold(word(report.ack_accid)), word(report.event_type)
    if event == ROOM_MEMBER:
        room = word(report.room_id)
        return Room(room) if room else None
    if event == RECEIPT:
        first = next(iter(receipts(report)), {})
        reader, other = fold(text(first, "fromAccount")), fold(text(first, "toAccount"))
    elif event in {LOGIN, LOGOUT}:
        other = reader
    elif word(report.msg_type) == "1":
        team = word(report.ack_team_id)
        return Group(team) if team else None
    return direct(reader, other) if reader and other else None


def is_probe(body: bytes) -> bool:
    """The console's trial of the address."""
    return body.strip() == b"{}"


What = Literal["other-product", "probe", "pre-delivery", "message", "notification", "withheld", "report", "event"]

_REPORTS = RECALLS | EDITS | {RECEIPT, READ, ROOM_MEMBER, LOGIN, LOGOUT}
_BEFORE = {"1", "2", "22"}  # messages that the server asks about; it asks about more, under numbers that copies use


def what_is(headers: Mapping[str, str], body: bytes, copy: CopiedMessage) -> What:
    """The one place that decides it: who checks a copy and who reads it both ask here."""
    if "type" in headers:
        return "other-product"  # audio and video use the same address, and the same numbers for other events
    event = word(copy.event_type)
    if not event and is_probe(body):
        return "probe"
    # Only questions have a number for a number; some copies do as well, but then a convType.
    if (
        type(copy.event_type) is int
        and copy.conv_type is None
        and (copy.from_client_ip is not None or (event in _BEFORE and copy.msgid_client is not None))
    ):
        return "pre-delivery"
    if event in _REPORTS:
        return "report"
    if event not in {MESSAGE, ROOM_MESSAGE}:
        return "event"
    if withheld(copy):
        return "withheld"
    custom = word(copy.conv_type).upper().startswith("CUSTOM_")
    return "notification" if custom or word(copy.msg_type).upper() == "NOTIFICATION" else "message"


_TRUE = {"true", "1"}


def withheld(copy: CopiedMessage) -> str:
    """Why a message of a copy has not reached those it was said to, or is none; "" where it has."""
    if word(copy.blacklist).lower() in _TRUE:
        return "blacklisted"
    if word(copy.antispam).lower() in _TRUE:
        return "moderated"  # held back from the receiver there; it must not reach them by way of us
    return "event:tunnel" if word(copy.msg_type).upper() == "DATATUNNEL_NEW" else ""


def check_headers(headers: Mapping[str, str], query: str, account: YunxinAccount, now: int) -> EarlyRejection | None:
    """All but the digest of the body: the checksum is over the digest that the headers claim."""
    del query
    signature = headers.get("checksum", "")
    if not signature:
        return EarlyRejection("unsigned", _LONGEST_PROBE)
    app_key = headers.get("appkey")
    if app_key is not None and app_key != account.app_key:
        return EarlyRejection("unknown-key")
    digest, current = headers.get("md5", ""), headers.get("curtime", "")
    if not signature_fits(account, digest, current, signature):
        return EarlyRejection("bad-signature")
    window = account.callback_window * 1000
    if window and abs(milliseconds(current, 0) - now) > window:
        return EarlyRejection("stale")
    return None


def check(incoming: Incoming, account: YunxinAccount, now: int) -> Verdict:
    """Whether a copy is from Yunxin and for *account*; the console's trial `{}` is let through unsigned as well."""
    headers, body = incoming.headers, incoming.body
    probe = is_probe(body)
    held = check_headers(headers, incoming.query, account, now)
    if held is not None:
        return Probe() if probe and held.reason == "unsigned" else Rejected(held.reason)
    if not digest_fits(body, headers.get("md5", "")):
        return Rejected("bad-digest")
    return Probe() if probe else Accepted(_key(body, account))


def author(body: bytes) -> str:
    """Who sends, or whose doing is reported."""
    try:
        copy, report = mending.load(body, CopiedMessage)[0], mending.load(body, CopiedEvent)[0]
    except wire.Malformed:
        return ""
    return word(report.modify_account_id) or word(copy.from_account) or word(copy.sender) or word(report.accid)


def _key(body: bytes, account: YunxinAccount) -> bytes:
    try:
        conversation = conversation_of(mending.load(body, CopiedMessage)[0]) or conversation_reported(mending.load(body, CopiedEvent)[0])
    except wire.Malformed:
        conversation = None  # genuine all the same: it is stored, and becomes a dead letter when it is read
    return conversation_key(conversation) if conversation else b"?" + account.app_key.encode()
