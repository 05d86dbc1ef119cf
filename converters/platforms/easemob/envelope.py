"""The top level of Easemob's callbacks, and what a callback is. Source: "Easemob: Callback overview", "Easemob: Post-delivery callback"."""

from typing import Any, Literal

from msgspec import Struct, field, json, structs

from converters.core.lenient import Word, word
from converters.platforms.easemob.values import table


class Envelope(Struct, frozen=True):
    """The top level of every callback; which fields are there tells what it is: see `what_is`.

    All of them are scalars, but for the payload; `word` reads as nothing what is none, so that one wrong field costs no more than itself.
    """

    call_id: Any = field(default=None, name="callId")
    event_type: Any = field(default=None, name="eventType")
    timestamp: Any = None
    chat_type: Any = None
    content_type: Any = None
    group_id: Any = None
    sender: Any = field(default=None, name="from")
    to: Any = None
    msg_id: Any = None
    payload: Any = None
    appkey: Any = None
    security: Any = None
    event: Any = None
    id: Any = None
    type: Any = None
    step: Any = None
    status: Any = None
    user: Any = None
    recall_id: Any = None
    operation: Any = None
    operator: Any = None


class SignedFields(Struct, frozen=True):
    """What of the top level tells whether it is genuine."""

    call_id: Word = field(default=None, name="callId")
    timestamp: Word = None
    security: Word = None
    appkey: Word = None


What = Literal[
    "message",
    "offline-copy",
    "pre-delivery",
    "group",
    "push",
    "moderation",
    "presence",
    "reaction",
    "thread",
    "notify",
    "group-legacy",
    "edit",
    "recall",
    "read",
    "friend",
    "probe",
    "other",
]

UNSIGNED: frozenset[What] = frozenset({"reaction", "thread", "push"})
"""What the documentation shows without a signature. The last two cause nothing; of the first see `MOST_UNSIGNED`."""

OWN_COPIES = frozenset({"accept", "decline"})
"""What of friends is also told to the devices of who did it, beside `remote_…` to the other one, with the same ids and time."""

_MESSAGES = frozenset({"chat", "groupchat", "group", "chatroom"})
_BY_CHAT_TYPE: dict[str, What] = {
    "muc": "group-legacy",
    "edit": "edit",
    "recall": "recall",
    "read_ack": "read",
    "channel_ack": "read",
    "roster": "friend",
}


def what_is(envelope: Envelope) -> What:
    """The one place that decides it: who checks a callback and who reads it both ask here."""
    kind = word(envelope.chat_type)
    if kind in _MESSAGES:
        said_when = word(envelope.event_type)
        if said_when == "chat_offline":
            return "offline-copy"  # one more for each receiver that is away; the message itself came as `chat`
        # A rule of the other stage may point here; that message may yet be stopped.
        return "message" if said_when else "pre-delivery"
    if word(envelope.event) == "group_op_event":
        return "group"
    if word(envelope.step) == "push":
        return "push"
    if word(envelope.event_type) == "keyword_alert":
        return "moderation"
    if envelope.status is not None and envelope.user is not None:
        return "presence"
    if kind == "notify":
        match table(envelope.payload).get("type"):
            case "reaction":
                return "reaction"
            case "thread":
                return "thread"
            case _:
                return "notify"
    if kind in _BY_CHAT_TYPE:
        return _BY_CHAT_TYPE[kind]
    return "probe" if envelope == Envelope() else "other"


def is_signed(envelope: Envelope | SignedFields) -> bool:
    """Whether it has what a signature is made of; half of that is none."""
    return bool(word(envelope.security) and word(envelope.call_id))


def meaning(envelope: Envelope) -> bytes:
    """All of *envelope* that is ever read, in one form whatever the order of its fields; not what only tells how it was sent."""
    return json.encode(structs.replace(envelope, security=None), order="deterministic")
