"""Answers of Easemob's REST API read into outcomes. Source: "Easemob: Error codes", "Easemob: Send messages"."""

import re

from converters import mending
from converters.core import wire
from converters.core.lenient import word
from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from converters.core.quoted import quoted_text
from converters.platform import Answered, Reply, Request
from converters.platforms.easemob.answers import SENDS, Answer, read
from converters.platforms.easemob.batches import apart, asked, halved, named
from converters.platforms.easemob.error_words import known
from converters.platforms.easemob.signing import worn_out

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
_WHOLE = re.compile(r"grpID|must be provided|contain public")
"""About the group, or about us: none of the users stands in the way of the others."""
_UNOPENED = re.compile(r"unopened|not open")
"""Only messages wait for it to be opened: behind a recall, which may never be, they would for nothing."""


def read_reply(request: Request, reply: Reply) -> Answered:
    """What became of one send to one receiver, or of one change, for each whom it is about."""
    answer = answer_of(reply)
    if reply.status == 200:
        return read(request, answer)
    unwell = not_about_it(request, reply, answer)
    if unwell is not None:
        return unwell
    return _refused(request, said_by(reply, answer), word(answer.error_description) if answer else "")


def answer_of(reply: Reply) -> Answer | None:
    """None where it is not readable."""
    try:
        answer, _ = mending.load(reply.body, Answer)
    except wire.Malformed:
        return None
    return answer


def not_about_it(request: Request, reply: Reply, answer: Answer | None) -> NotSent | Unsure | None:
    """What an answer other than 200 says that is not about what was asked for; None where that itself is refused."""
    said = said_by(reply, answer)
    if _ours(request, reply, answer):
        return NotSent(said, reply.retry_after, ours=True)
    if reply.status in {429, 409}:
        return NotSent(said, reply.retry_after, throttled=reply.status == 429)
    if reply.status == 403 and answer and "message send reach limit" in word(answer.error_description):
        return NotSent(f"{said}: message rate limit", reply.retry_after, throttled=True)
    if 400 <= reply.status < 500 and reply.status != 408:
        return None
    return Unsure(said)  # 5xx, 408 and what is not documented: it may have been taken


def _refused(request: Request, said: str, described: str) -> Answered:
    """Refused for one user, so that the others have to be asked for without; or for all."""
    users, who, fine = asked(request), named(described), _done(request.api, described)
    if fine and {user.lower() for user in users} <= {user.lower() for user in who or users}:
        return Delivered("")
    if not users:
        return Refused(said)
    without = apart(request, who, said, fine=fine)
    return without or (None if _WHOLE.search(described) else halved(request, said)) or Refused(said)


def _done(api: str, described: str) -> bool:
    return any(words in described for words in _DONE.get(api, ()))


def _ours(request: Request, reply: Reply, answer: Answer | None) -> bool:
    """Whether it is refused because of us, and not of what is said."""
    if answer is None:  # of what stands before the API: about who calls
        return reply.status in {401, 402, 403, 407}
    if reply.status == 402 or worn_out(reply) or word(answer.error) in _OURS:
        return True
    described = word(answer.error_description)
    if reply.status not in {400, 403} or _done(request.api, described):
        return False
    return quoted_text(_ABOUT_US, described, request) or (request.api in SENDS and quoted_text(_UNOPENED, described, request))


def said_by(reply: Reply, answer: Answer | None) -> str:
    """Status, the platform's word for the error, its code; never the description, which may quote the request."""
    if answer is None:
        return str(reply.status)
    error, code = word(answer.error), word(answer.error_code)
    parts = [str(reply.status)]
    if known(error):
        parts.append(error)
    if code.isascii() and code.isdecimal() and len(code) <= 9:
        parts.append(code)
    return " ".join(parts)
