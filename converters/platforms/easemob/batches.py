"""Calls for several users at once, of whom each can be refused apart. Source: "Easemob: Manage group members".

One user whom Easemob does not know makes it refuse the whole call (404); removals and mutes are answered user by user.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote

from msgspec import structs

from converters.core import wire
from converters.core.model import Loss
from converters.core.outcome import Delivered
from converters.platform import Partial, Request
from converters.platforms.easemob.requests import escaped

_BY_BODY = {
    f"{kind}/{call}": field
    for kind in ("chatgroups", "chatrooms")
    for call, field in (
        ("users/add", "usernames"),
        ("mute", "usernames"),
        ("white/add", "usernames"),
        ("blocks/add", "usernames"),
        ("create", "members"),
    )
}
_BY_PATH = {f"{kind}/{call}" for kind in ("chatgroups", "chatrooms") for call in ("users/remove", "mute")}
_NAMED = (
    re.compile(r"\busername (\S+) doesn't exist"),
    re.compile(r"\buser:? (\S+) (?:doesn't exist|has joined too many)"),
    re.compile(r"\busers \[([^\]]*)\] are not member"),
)


def asked(request: Request) -> tuple[str, ...]:
    """The users whom *request* is about, each of whom could be asked for alone; none where it is no such call."""
    if request.method == "DELETE":
        path = request.path.rpartition("/")[2]
        return tuple(map(unquote, path.split(","))) if request.api in _BY_PATH and path else ()
    field = _BY_BODY.get(request.api)
    if field is None or not request.body:
        return ()
    users = wire.load_any(request.body).get(field, ())
    return tuple(users)


def narrowed(request: Request, users: Sequence[str]) -> Request:
    """The same for *users* alone."""
    if request.method == "DELETE":
        base = request.path.rpartition("/")[0]
        return structs.replace(request, path=f"{base}/{','.join(map(escaped, users))}")
    body: dict[str, Any] = wire.load_any(request.body)
    field = _BY_BODY[request.api]
    body = {**body, field: list(users)}
    if not users:
        del body[field]
    return structs.replace(request, body=wire.dump_any(body))


def apart(request: Request, refused: Iterable[str], reason: str, *, fine: bool = False) -> Partial | None:
    """*refused* of its users are left out and the others asked for; None where it is about none of *refused*, or has nobody left.

    *fine*: of those nothing has to be done.
    """
    users = asked(request)
    out = {user.lower() for user in refused}
    lost = [user for user in users if user.lower() in out]
    left = [user for user in users if user.lower() not in out]
    if not lost or not (left or request.api.endswith("/create")):
        return None
    if fine:
        return Partial(done=Delivered(""), rest=(narrowed(request, left),))
    return Partial(rest=(narrowed(request, left),), losses=losses(lost), reason=reason)


def halved(request: Request, reason: str) -> Partial | None:
    """Some of its users stand in the way of the others, and it is not said who: each half is asked for alone.

    None where there are no halves. A group is made once, so that it cannot be halved.
    """
    users = asked(request)
    if request.api.endswith("/create") or not users:
        return None
    if len(users) == 1:
        return Partial(losses=losses(users), reason=reason)
    middle = len(users) // 2
    return Partial(rest=(narrowed(request, users[:middle]), narrowed(request, users[middle:])), reason=reason)


def losses(users: Iterable[str]) -> tuple[Loss, ...]:
    return tuple(Loss("member", user) for user in users)


def named(description: str) -> list[str]:
    """The users whom a refusal names."""
    found = [match[1] for pattern in _NAMED for match in pattern.finditer(description)]
    return [user for names in found for user in re.split(r"[,\s]+", names) if user]
