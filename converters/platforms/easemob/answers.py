"""Answers with status 200: whether they say that what was asked for is done. Source: each call's page, and its sample.

Success is believed where it is written, and nowhere else: an answer that does not say so is refused with a reason, and a person sees it.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from converters.core import wire
from converters.core.lenient import Word, word
from converters.core.outcome import Delivered, Refused, Unsure
from converters.platform import Answered, Partial, Request
from converters.platforms.easemob.batches import asked, losses, narrowed

SENDS = frozenset({"messages/users", "messages/chatgroups", "messages/chatrooms"})

DONE = Delivered("")
UNREADABLE = Unsure("unreadable answer")
UNCONFIRMED = Refused("answered 200, and not that it is done")
DENIED = Refused("answered 200, and that it is not done")


class Answer(Struct, frozen=True):
    data: Any = None
    entities: Any = None
    error: Word = None
    error_code: Word = None
    error_description: Word = None
    requestStatusCode: Any = None  # noqa: N815 - Easemob's name


def read(request: Request, answer: Answer | None) -> Answered:
    """What a 200 says of each thing that *request* asked for."""
    if answer is None:
        return UNREADABLE
    if answer.error is not None:
        return DENIED
    form = _FORMS.get(request.api)
    return _sent(request, answer) if form is None else form(request, answer)


def _sent(request: Request, answer: Answer) -> Answered:
    """`data` names each target and the id of its message."""
    data = answer.data
    if not isinstance(data, dict) or len(data) != 1:
        return UNREADABLE
    ((target, remote_id),) = data.items()
    if request.body and str(target).lower() not in {str(to).lower() for to in wire.load_any(request.body).get("to", ())}:
        return Unsure("answered for somebody else")
    # The oldest endpoint answers the word "success" in place of an id.
    if isinstance(remote_id, str | int) and word(remote_id) not in {"", "success"}:
        return Delivered(word(remote_id))
    return UNREADABLE


def _created(_: Request, answer: Answer) -> Answered:
    made = answer.data.get("groupid") if isinstance(answer.data, dict) else None
    return Delivered(word(made)) if isinstance(made, str | int) and word(made) else UNREADABLE


def _added(request: Request, answer: Answer) -> Answered:
    """Who is new is named; who is not was there before, or was passed over: asked for once more, the call tells which."""
    data = answer.data
    new = data.get("newmembers") if isinstance(data, dict) else None
    if not isinstance(new, list):
        return UNCONFIRMED
    users = asked(request)
    done = {word(user).lower() for user in new if isinstance(user, str | int)}
    left = [user for user in users if user.lower() not in done]
    if not left:
        return DONE
    if len(left) == len(users):  # it was asked for once more, or alone
        return Partial(losses=losses(left), reason="answered 200 without them")
    return Partial(done=DONE, rest=(narrowed(request, left),))


def _each(*harmless: str) -> Callable[[Request, Answer], Answered]:
    """`data` tells of each user; a refusal in one of *harmless* words says that it is as it should be."""

    def read(request: Request, answer: Answer) -> Answered:
        rows = answer.data if isinstance(answer.data, list) else [answer.data]
        done: set[str] = set()
        refused: set[str] = set()
        for row in rows:
            if not isinstance(row, dict) or not isinstance(row.get("result"), bool):
                return UNCONFIRMED
            user = row.get("user")
            reason = row.get("reason")
            fine = row["result"] or (isinstance(reason, str) and any(words in reason for words in harmless))
            (done if fine else refused).add(word(user).lower() if isinstance(user, str | int) else "")
        users = asked(request)
        if not users:
            return DENIED if refused else DONE
        if len(users) == 1 and len(rows) == 1:
            done, refused = ({users[0].lower()}, set()) if done else (set(), {users[0].lower()})
        lost = [user for user in users if user.lower() not in done]
        if not lost:
            return DONE
        reason = "answered 200 and refused" if refused else "answered 200 without them"
        return Partial(done=DONE if len(lost) < len(users) else None, losses=losses(lost), reason=reason)

    return read


def _says(field: str, *wanted: object) -> Callable[[Request, Answer], Answered]:
    def read(_: Request, answer: Answer) -> Answered:
        said = answer.data.get(field) if isinstance(answer.data, dict) else None
        if said is None:
            return UNCONFIRMED
        return DONE if any(said is one or (isinstance(one, str) and said == one) for one in wanted) else DENIED

    return read


def _changed(_: Request, answer: Answer) -> Answered:
    """`data` says of each field whether it was changed."""
    said = list(answer.data.values()) if isinstance(answer.data, dict) else []
    if any(value is False for value in said):
        return DENIED
    return DONE if True in said else UNCONFIRMED


def _all_muted(request: Request, answer: Answer) -> Answered:
    said = answer.data.get("mute") if isinstance(answer.data, dict) else None
    if not isinstance(said, bool):
        return UNCONFIRMED
    return DONE if said is (request.method != "DELETE") else DENIED


def _rewritten(_: Request, answer: Answer) -> Answered:
    return DONE if answer.data == "success" else DENIED if answer.data == "failure" else UNCONFIRMED


def _reacted(_: Request, answer: Answer) -> Answered:
    status = answer.requestStatusCode
    if status is None:
        return UNCONFIRMED
    return DONE if isinstance(status, str) and status.lower() == "ok" else DENIED


def _known(request: Request, answer: Answer) -> Answered:
    """`entities` holds whom it is about; a list of names in `data` does as well."""
    rows = [row for held in (answer.entities, answer.data) if isinstance(held, list) for row in held]
    if isinstance(answer.data, dict):
        rows.append(answer.data)
    names = set()
    for row in rows:
        if isinstance(row, dict) and row.get("result") is False:
            return DENIED
        name = next((row[key] for key in ("username", "user") if row.get(key)), None) if isinstance(row, dict) else row
        if isinstance(name, str | int):
            names.add(word(name).lower())
    wanted = _about(request)
    return DONE if (names if not wanted else wanted in names) else UNCONFIRMED


def _about(request: Request) -> str:
    """The one user whom a call about friends and blocks is about."""
    if not request.body:
        return unquote(request.path.rpartition("/")[2]).lower()
    users = wire.load_any(request.body).get("usernames", ())
    return str(users[0]).lower() if users else ""


def _registered(_: Request, answer: Answer) -> Answered:
    """An account that was there is named in `data`, with why it was not made."""
    failed = answer.data if isinstance(answer.data, list) else []
    reasons = [row.get("registerUserFailReason") for row in failed if isinstance(row, dict)]
    if reasons:
        return DONE if all(isinstance(one, str) and "already exist" in one for one in reasons) else DENIED
    return DONE if answer.entities else UNCONFIRMED


_GONE = ("doesn't exist", "not member", "not in ")
_FORMS: dict[str, Callable[[Request, Answer], Answered]] = {
    "chatgroups/create": _created,
    "users": _registered,
    "messages/msg_recall": _says("recalled", "yes", True),
    "messages/rewrite": _rewritten,
    "reaction/add": _reacted,
    "reaction/remove": _reacted,
    "contacts/add": _known,
    "contacts/remove": _known,
    "blocks/add": _known,
    "blocks/remove": _known,
}
for _kind in ("chatgroups", "chatrooms"):
    _FORMS |= {
        f"{_kind}/users/add": _added,
        f"{_kind}/users/remove": _each(*_GONE),
        f"{_kind}/mute": _each(),
        f"{_kind}/white/add": _each("already"),
        f"{_kind}/blocks/add": _each("already"),
        f"{_kind}/delete": _says("success", True),
        f"{_kind}/modify": _changed,
        f"{_kind}/announcement": _says("result", True, "success"),
        f"{_kind}/owner": _says("newowner", True),
        f"{_kind}/admin": _says("result", True, "success"),
        f"{_kind}/ban": _all_muted,
    }
