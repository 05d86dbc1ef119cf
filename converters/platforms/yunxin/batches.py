"""Calls for several users at once, of whom each can be refused apart. Source: "Yunxin: Server API, teams", "…, superteams".

A repeat under the same RequestId is given the first one's answer, so that a call for fewer users goes under another.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from urllib.parse import parse_qsl

from msgspec import structs

from converters.core import urlencoded, wire
from converters.core.lenient import word
from converters.core.model import Loss
from converters.platform import Partial, Request

_FIELDS = {
    "team/create": "members",
    "team/add": "members",
    "team/kick": "members",
    "team/addManager": "members",
    "team/removeManager": "members",
    "superteam/invite": "inviteAccids",
    "superteam/kick": "kickAccids",
    "superteam/addManager": "managerAccids",
    "superteam/removeManager": "managerAccids",
    "superteam/muteTlist": "muteAccids",
}
_ID = "RequestId"


def asked(request: Request) -> tuple[str, ...]:
    """The users whom *request* is about, each of whom could be asked for alone; none where it is no such call."""
    field = _FIELDS.get(request.api)
    listed = _fields(request).get(field) if field and request.body else None
    return tuple(wire.load_any(listed)) if listed else ()


def failed(named: object) -> set[str]:
    """The users whom an answer names as not taken, in whichever of its forms, in lower case."""
    if isinstance(named, str):
        try:
            named = wire.load_any(named)
        except wire.Malformed:
            named = [named] if named else []
    if isinstance(named, dict):
        return failed(named.get("accid"))
    users = named if isinstance(named, list) else []
    ids = [user.get("account_id") if isinstance(user, dict) else user for user in users]
    return {word(user).lower() for user in ids if isinstance(user, str | int)}


def apart(request: Request, stranger: str, reason: str) -> Partial | None:
    """All but *stranger* are asked for; None where it is about nobody else."""
    users = asked(request)
    left = [user for user in users if user.lower() != stranger.lower()]
    if len(left) == len(users) or not (left or request.api == "team/create"):
        return None
    return Partial(rest=(_narrowed(request, left),), losses=lost(users, {stranger.lower()}), reason=reason)


def halved(request: Request) -> Partial | None:
    """Each half is asked for alone. A team is made once, so that it cannot be halved."""
    users = asked(request)
    if request.api == "team/create" or len(users) < 2:
        return None
    middle = len(users) // 2
    return Partial(rest=(_narrowed(request, users[:middle]), _narrowed(request, users[middle:])))


def lost(users: Iterable[str], refused: set[str] | None = None) -> tuple[Loss, ...]:
    """Of *users* those who are *refused*, or all."""
    return tuple(Loss("member", user) for user in users if refused is None or user.lower() in refused)


def _narrowed(request: Request, users: Sequence[str]) -> Request:
    fields = _fields(request) | {_FIELDS[request.api]: wire.dump_any(list(users)).decode()}
    name = f"{request.headers.get(_ID, '')}\x1f" + "\x1f".join(users)
    own = blake2b(name.encode(), digest_size=16).hexdigest()
    return structs.replace(request, headers={**request.headers, _ID: own}, body=urlencoded.write(fields))


def _fields(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))
