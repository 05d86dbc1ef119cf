"""What an answer says of each piece of a migration's call. Source: as of `converters.platforms.easemob.inventory`, and "Easemob: Error codes".

Descriptions are looked into and never repeated: they quote ids, and one of them passwords.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from converters.core import wire
from converters.core.lenient import word
from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from converters.migration import Bisect, ItemOutcome, Piece, Present
from converters.platform import Partial, Reply, Request
from converters.platforms.easemob.answers import Answer
from converters.platforms.easemob.replies import answer_of, not_about_it, read_reply, said_by
from converters.platforms.easemob.values import table, text

_DONE = Delivered("")
_UNREADABLE = Unsure("unreadable answer")
_ALONE = Refused("answered 200 without it")
_AGAIN = NotSent("answered 200 without it: asked for again")
_BESIDE = NotSent("refused together with another")
_WHOLE = re.compile(r"grpID|group not exists|Inviter's contact max|service (is )?not|must be provided")
"""About the whole call: none of its pieces stands in the way of the others."""
_ILLEGAL = re.compile(
    r"\busername \[?([^\s\]]+)\]? is not legal|\bnot in the group: (\S+)|\busername (\S+) doesn't exist|\buser:? (\S+) has joined too many"
)

Outcomes = tuple[ItemOutcome, ...]


def read(pieces: Sequence[Piece], request: Request, reply: Reply) -> Outcomes:
    """An outcome for each of *pieces*, of which *request* was made."""
    users = _asked(request, len(pieces))
    answer = answer_of(reply)
    if reply.status != 200:
        unwell = not_about_it(request, reply, answer)
        if unwell is not None:
            return (unwell,) * len(pieces)
        return _refused(pieces[0].part, users, said_by(reply, answer), word(answer.error_description) if answer else "", request, reply)
    if answer is None:
        return (_UNREADABLE,) * len(pieces)
    reader = _READERS.get(pieces[0].part)
    if reader is not None:
        return _each(users, reader(answer))
    return _as_live(users, request, reply)


def _asked(request: Request, count: int) -> tuple[str, ...]:
    """The users of the call in the order of its pieces; "" where it is about one thing alone."""
    if request.body and request.body[:1] in b"[{":
        body = wire.load_any(request.body)
        rows = body if isinstance(body, list) else body.get("usernames")
        if isinstance(rows, list) and len(rows) == count:
            return tuple(str(row["username"] if isinstance(row, dict) else row).lower() for row in rows)
    return ("",) * count


def _each(users: Sequence[str], found: "dict[str, ItemOutcome] | ItemOutcome") -> Outcomes:
    """Of a user whom the answer does not name it is not known what became: alone, it would have been named."""
    if not isinstance(found, dict):
        return (found,) * len(users)
    missing: ItemOutcome = _ALONE if len(users) == 1 else _AGAIN
    return tuple(found.get(user, missing) for user in users)


def _as_live(users: Sequence[str], request: Request, reply: Reply) -> Outcomes:
    """A call that the relay makes as well: its answer is read as that of the relay's."""
    answered = read_reply(request, reply)
    if not isinstance(answered, Partial):
        return (answered,) * len(users)
    return _apart(users, answered)


def _apart(users: Sequence[str], answered: Partial) -> Outcomes:
    lost = {loss.detail.lower() for loss in answered.losses}
    if not lost and answered.done is None:
        return (_bisected(users, answered.reason),) * len(users)
    left = {user for rest in answered.rest for user in _asked_of(rest)}
    reason = answered.reason or "refused"
    return tuple(Refused(reason) if user in lost or (not user and lost) else (_AGAIN if user in left else _DONE) for user in users)


def _asked_of(request: Request) -> Iterator[str]:
    body = wire.load_any(request.body) if request.body else {}
    for user in body.get("usernames", ()) if isinstance(body, dict) else ():
        yield str(user).lower()


def _bisected(users: Sequence[str], reason: str) -> ItemOutcome:
    return Bisect(reason) if len(users) > 1 else Refused(reason)


def _refused(part: str, users: Sequence[str], said: str, described: str, request: Request, reply: Reply) -> Outcomes:
    """A call that is refused whole: for one of its users, for each of them, or for what it is about."""
    if any(words in described for words in _THERE.get(part, ())):
        return (Present(_there(part, request)),) * len(users)
    if part == "member" and "already in group" in described:  # said only where all of them are
        return (Present(),) * len(users)
    if _WHOLE.search(described) or users[0] == "":
        return _as_live(users, request, reply) if users[0] == "" else (Refused(said),) * len(users)
    named = {
        one.strip("[],.").lower() for match in _ILLEGAL.finditer(described) for group in match.groups() if group for one in group.split(",")
    }
    guilty = named & set(users)
    if guilty and len(guilty) < len(users):
        return tuple(Refused(said) if user in guilty else _BESIDE for user in users)
    return (_bisected(users, said),) * len(users)


_THERE: dict[str, tuple[str, ...]] = {
    "user": ("username be unique",),
    "group": ("already exists",),
    "room": ("already exists",),
    "admin": ("already",),
    "room-admin": ("already",),
}
"""Words of a refusal that says that it is there."""


def _there(part: str, request: Request) -> str:
    """The id of a group that was there: it was ours to choose."""
    return str(wire.load_any(request.body).get("groupid", "")) if part in {"group", "room"} else ""


def _names(rows: object, key: str = "username") -> dict[str, ItemOutcome]:
    found: dict[str, ItemOutcome] = {}
    for row in rows if isinstance(rows, list) else ():
        name = row.get(key) if isinstance(row, dict) else row
        if isinstance(name, str | int) and not isinstance(name, bool):
            found[str(name).lower()] = _DONE
    return found


def _registered(answer: Answer) -> dict[str, ItemOutcome]:
    found = _names(answer.entities)
    for row in answer.data if isinstance(answer.data, list) else ():
        if not isinstance(row, dict):
            continue
        reason = row.get("registerUserFailReason")
        there = isinstance(reason, str) and "already exist" in reason
        found[text(row.get("username")).lower()] = Present() if there else Refused("answered 200 and not registered")
    return found


_FRIENDS: dict[str, ItemOutcome] = {
    "success": _DONE,
    "NotExistFailed": Refused("no such user"),
    "maxLimitFailed": Refused("too many friends"),
    "UnKnowFailed": Refused("answered 200 and not imported"),
}
"""The fields' names are as the page has them."""


def _befriended(answer: Answer) -> dict[str, ItemOutcome]:
    data = table(answer.data)
    return {name: outcome for field, outcome in _FRIENDS.items() for name in _names(data.get(field))}


def _attributed(answer: Answer) -> dict[str, ItemOutcome]:
    """The page's sample has a colon at the end of each field's name."""
    data = {name.rstrip(":"): value for name, value in table(answer.data).items()}
    found = _names(data.get("updateMetadataSucceeded"))
    failed = data.get("updateMetadataFailed")
    for row in failed if isinstance(failed, list) else ():
        name = row.get("username") if isinstance(row, dict) else row
        found[text(name).lower()] = Refused("answered 200 and not set")
    return found


def _made(answer: Answer) -> ItemOutcome:
    data = table(answer.data)
    made = text(data.get("groupid")) or text(data.get("id"))
    return Delivered(made) if made else _UNREADABLE


def _kept(answer: Answer) -> ItemOutcome:
    """An answer that shows what is set now."""
    return _DONE if isinstance(answer.data, dict) or answer.entities else Refused("answered 200, and not that it is done")


def _remarked(answer: Answer) -> ItemOutcome:
    """A 200 without an error: of what it says the page has only the status."""
    return _DONE if answer.error is None else Refused("answered 200, and that it is not done")


_READERS: dict[str, "Callable[[Answer], dict[str, ItemOutcome] | ItemOutcome]"] = {
    "user": _registered,
    "attributes": _kept,
    "push-name": lambda answer: _names(answer.entities),
    "push-style": _kept,
    "ban": _kept,
    "friend": _befriended,
    "remark": _remarked,
    "friend-remark": _remarked,
    "block": lambda answer: _names(answer.data) | _names(answer.entities),
    "group": _made,
    "room": _made,
    "member-attributes": _attributed,
    "setting": _kept,
    "language": _kept,
}
