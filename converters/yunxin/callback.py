"""Copies that Yunxin posts to us: their shape, and whether they are genuine. Source: "Yunxin: Message copy (抄送)"."""

from typing import Any

from msgspec import Struct, field

from converters import wire
from converters.ids import fold
from converters.lenient import Word, milliseconds, word
from converters.model import Conversation, Direct, Group, Room, conversation_key, direct
from converters.platform import Accepted, Incoming, Probe, Rejected, Verdict
from converters.yunxin.account import Account
from converters.yunxin.ids import SUPER
from converters.yunxin.signing import digest_fits, signature_fits
from converters.yunxin.values import parsed, text

MESSAGE, ROOM_MESSAGE, ROOM_MEMBER = "1", "4", "9"
LOGIN, LOGOUT, RECEIPT, READ = "2", "3", "30", "85"
RECALLS, EDITS = {"7", "8", "25"}, {"89", "90", "91"}
_PEOPLE = {"7", "89"}  # recall and edit between two people; the next two lines for teams and superteams
_TEAM = {"8", "90"}
_SUPER = {"25", "91"}


class Copy(Struct, frozen=True, rename="camel"):
    """One copy. Every value is documented as a string, and some come as numbers."""

    event_type: Word = None
    conv_type: Word = None
    from_account: Word = None
    from_client_type: Word = None
    from_nick: Word = None
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


class Report(Struct, frozen=True, rename="camel"):
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


def conversation_of(copy: Copy) -> Conversation | None:
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


def receiver_of(copy: Copy, conversation: Conversation) -> str:
    """The other one of two, or the team or room."""
    return fold(word(copy.to)) if isinstance(conversation, Direct) else conversation.id


def by_server(copy: Copy) -> bool:
    """Whether the server API can have sent it, as all that is ours: what a client sends says which kind of client it is."""
    return word(copy.from_client_type).upper() in {"REST", "32", ""}


def receipts(report: Report) -> list[dict[str, Any]]:
    """The receipts of eventType 30, each an object."""
    listed = parsed(report.objects)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def conversation_reported(report: Report) -> Conversation | None:
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


def check(incoming: Incoming, account: Account, now: int) -> Verdict:
    """Whether a copy is from Yunxin and for *account*; the console's trial `{}` is let through unsigned as well."""
    headers, body = incoming.headers, incoming.body
    digest, current, signature = (headers.get(name, "") for name in ("md5", "curtime", "checksum"))
    probe = body.strip() == b"{}"
    if not signature:
        return Probe() if probe else Rejected("unsigned")
    app_key = headers.get("appkey")
    if app_key is not None and app_key != account.app_key:
        return Rejected("unknown-key")
    if not digest_fits(body, digest):
        return Rejected("bad-digest")
    if not signature_fits(account, digest, current, signature):
        return Rejected("bad-signature")
    window = account.callback_window * 1000
    if window and abs(milliseconds(current, 0) - now) > window:
        return Rejected("stale")
    return Probe() if probe else Accepted(_key(body, account))


def _key(body: bytes, account: Account) -> bytes:
    try:
        conversation = conversation_of(wire.load(body, Copy)) or conversation_reported(wire.load(body, Report))
    except wire.Malformed:
        conversation = None  # genuine all the same: it is stored, and becomes a dead letter when it is read
    return conversation_key(conversation) if conversation else b"?" + account.app_key.encode()
