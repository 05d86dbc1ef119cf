"""Answers of Easemob's REST API read into outcomes. Source: "Easemob: Error codes", "Easemob: Send messages"."""

import re
from typing import Any

from msgspec import Struct

from converters import wire
from converters.easemob.signing import worn_out
from converters.lenient import Word, word
from converters.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.platform import Reply, Request


class _Answer(Struct, frozen=True):
    data: Any = None
    error: Word = None
    error_code: Word = None
    error_description: Word = None


_SENDS = frozenset({"messages/users", "messages/chatgroups", "messages/chatrooms"})

_DONE = {
    "messages/msg_recall": ("not_found msg",),  # recalled already, or kept no longer
    "reaction/add": ("operation this message",),
    "reaction/remove": ("operation this message",),
    "chatgroups/users/add": ("already in group",),
    "chatgroups/users/remove": ("not members of this group", "not member of this group"),
    "chatrooms/users/remove": ("not members of this", "not member of this"),
    "chatgroups/owner": ("already",),
    "chatgroups/admin": ("already",),
    "chatrooms/admin": ("already",),
    "chatgroups/delete": ("does not exist", "doesn't exist"),
    "users": ("username be unique",),
    "chatrooms/delete": ("does not exist", "doesn't exist"),
}
"""Words of a refusal that says that it is as it should be."""

_OURS = {"resource_limited", "organization_application_not_found"}
"""The plan's quota; our app itself."""
_ABOUT_US = re.compile(
    r"\bapp(lication| ?key)? (is |has |was )?(been )?(expired|disabled|closed|suspended|forbidden|blocked)|white ?list|\bip (is|not|address|forbid)"
    r"|service (is |has |was )?(been )?(expired|disabled|closed|suspended|stopped)|arrears|overdue|欠费|到期|白名单",
    re.IGNORECASE,
)
"""None of these texts is published: a refusal that names the app, its plan or our address is not about the message."""
_UNOPENED = re.compile(r"unopened|not open")
"""Only messages wait for it to be opened: behind a recall, which may never be, they would for nothing."""


def read_reply(request: Request, reply: Reply) -> Outcome:
    """What became of one send to one receiver, or of one change."""
    try:
        answer = wire.load(reply.body, _Answer)
    except wire.Malformed:
        answer = None
    if reply.status == 200:
        return _delivered(request.api, answer)
    said = _said(reply.status, answer)
    if _ours(request.api, reply, answer):
        return NotSent(said, _retry_after(reply), ours=True)
    if reply.status in {429, 409}:
        return NotSent(said, _retry_after(reply), throttled=reply.status == 429)
    if reply.status == 403 and answer and "message send reach limit" in word(answer.error_description):
        return NotSent(f"{said}: message rate limit", _retry_after(reply), throttled=True)
    if 400 <= reply.status < 500 and reply.status != 408:
        if answer and any(words in word(answer.error_description) for words in _DONE.get(request.api, ())):
            return Delivered("")
        return Refused(said)
    return Unsure(said)  # 5xx, 408 and what is not documented: it may have been taken


def _ours(api: str, reply: Reply, answer: _Answer | None) -> bool:
    """Whether it is refused because of us, and not of what is said."""
    if answer is None:  # of what stands before the API: about who calls
        return reply.status in {401, 402, 403, 407}
    if reply.status == 402 or worn_out(reply) or word(answer.error) in _OURS:
        return True
    described = word(answer.error_description)
    if reply.status not in {400, 403} or any(words in described for words in _DONE.get(api, ())):
        return False
    return bool(_ABOUT_US.search(described) or (api in _SENDS and _UNOPENED.search(described)))


def _delivered(api: str, answer: _Answer | None) -> Outcome:
    if api and api not in _SENDS and api != "chatgroups/create":
        return Delivered("")
    data = answer.data if answer is not None else None
    if api == "chatgroups/create":
        data = {"groupid": data.get("groupid")} if isinstance(data, dict) else None
    if isinstance(data, dict) and len(data) == 1:
        (remote_id,) = data.values()
        # The oldest endpoint answers the word "success" in place of an id.
        if isinstance(remote_id, str | int) and word(remote_id) not in {"", "success"}:
            return Delivered(word(remote_id))
    return Unsure("unreadable answer")


def _said(status: int, answer: _Answer | None) -> str:
    """Status, the platform's word for the error, its code; never the description, which may quote the request."""
    if answer is None:
        return str(status)
    error, code = word(answer.error), word(answer.error_code)
    parts = [str(status)]
    if error.isascii() and error.replace("_", "").isalnum() and len(error) <= 64:
        parts.append(error)
    if code.isascii() and code.isdecimal() and len(code) <= 9:
        parts.append(code)
    return " ".join(parts)


def _retry_after(reply: Reply) -> float | None:
    """Seconds, where the header is there; the documentation names none."""
    given = reply.headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdecimal() and len(given) < 6 else None
