"""Answers of RongCloud's Server API read into outcomes. Source: "RongCloud: Server API status codes"."""

from typing import Any

from msgspec import Struct

from converters.core import wire
from converters.core.lenient import Word, word
from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.platform import Reply, Request
from converters.platforms.rongcloud.callback import fields_of
from converters.platforms.rongcloud.content import text
from converters.platforms.rongcloud.groups import CREATE
from converters.platforms.rongcloud.sending import FORM, SendRequest

_WAIT = 1.0  # seconds; nothing is said of it
_DONE = {200, 10000}
_ALREADY = {1015}  # a room to destroy that is not there
_UNKNOWN = {1000, 1050}  # internal errors: it may have been taken
_OURS = {1001, 1004, 1006, 2007}
_CLOSED = {1007, 1009}
"""About the app as well. Only messages wait for it to be opened: behind a recall, a receipt or typing, for which it may never be, they would for nothing,
and whoever reads much would hold the app."""
_GATEWAY = {401, 402, 403, 407}
"""Without a code it is no answer of the API, but of what stands before it: about who calls, and not about what is said."""
_WORDS = {
    1001: "App Key and App Secret do not match",
    1002: "bad parameter",
    1003: "no data",
    1004: "bad signature",
    1005: "parameter too long",
    1006: "app locked or deleted",
    1007: "not allowed for this app",
    1009: "service not enabled",
    1016: "too many rooms",
    1019: "too many blocked words",
    1508: "too large",
    2007: "too many test users",
    405: "group is full",
}


_TARGETS = {"userId": "toUserId", "groupId": "toGroupId", "chatroomId": "toChatroomId"}


class _Answer(Struct, frozen=True):
    code: Word = None
    uids: Any = None

    @classmethod
    def of(cls, body: bytes) -> "_Answer | None":
        try:
            value = wire.load(body, _Body)
        except wire.Malformed:
            return None
        return cls(value.code, value.messageUIDs)


class _Body(Struct, frozen=True):
    code: Word = None
    messageUIDs: Any = None  # noqa: N815 - RongCloud's name


def read_reply(request: Request, reply: Reply) -> Outcome:
    """What became of one call."""
    answer = _Answer.of(reply.body)
    code = _number(answer.code) if answer is not None else None
    if reply.status == 429 or code == 1008:
        return NotSent("too many calls", _WAIT, throttled=True)
    if code and isinstance(request, SendRequest) and request.duplicate == code:
        return Delivered("")  # an earlier attempt of ours arrived; its id is not said
    if code is None:
        if reply.status in _GATEWAY:
            return NotSent(f"http {reply.status}: who calls is refused", ours=True)
        if 400 <= reply.status < 500 and reply.status != 408:
            return Refused(f"http {reply.status}")
        return Unsure("unreadable answer" if reply.status == 200 else f"http {reply.status}")
    if reply.status == 200 and code in _DONE:
        uids = answer.uids if answer else None
        return Delivered(_id(request, uids)) if _for_whom(request, uids) else Unsure("answered for somebody else")
    if code in _ALREADY and not isinstance(request, SendRequest):
        return Delivered("")
    if code in _UNKNOWN or reply.status >= 500 or reply.status == 408:
        return Unsure(f"code {code}")
    if 300 <= reply.status < 400:
        return Unsure(f"http {reply.status}")
    said = f"code {code}: {_WORDS[code]}" if code in _WORDS else f"code {code}"
    if code in _OURS or (code in _CLOSED and request.api.startswith("message/") and request.api.endswith("/publish")):
        return NotSent(said, ours=True)
    return Refused(said)


def _for_whom(request: Request, uids: object) -> bool:
    """Whether an answer that names its target names the one that was asked for."""
    one = uids[0] if isinstance(uids, list) and uids else None
    fields = fields_of(request.body) if request.headers.get("Content-Type") == FORM else {}
    for said, asked in _TARGETS.items():
        if isinstance(one, dict) and asked in fields and isinstance(one.get(said), str | int):
            return text(one[said]).lower() == fields[asked].lower()
    return True


def _id(request: Request, uids: object) -> str:
    """The message's id, which older deployments do not tell; of a new group the one that we gave it."""
    if request.api == CREATE:
        return fields_of(request.body).get("groupId", "")
    if not request.api.endswith("/publish"):
        return ""
    one = uids[0] if isinstance(uids, list) and uids else None
    return text(one.get("messageUID")) if isinstance(one, dict) else ""


def _number(code: Word) -> int | None:
    try:
        return int(word(code))
    except ValueError:
        return None
