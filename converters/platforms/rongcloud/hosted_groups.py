"""Groups of the hosted service, which keeps owners, managers, profiles and names. Source: "RongCloud: Paginated query of user's joined groups",
"… Paginate group member information", "… Batch query group information".
"""

from collections.abc import Generator, Sequence
from typing import Any, Literal

from converters.core import wire
from converters.core.lenient import milliseconds
from converters.inventory import Group, GroupMember
from converters.migration import Found, NoAnswer, Reading
from converters.paging import Page, PageReading, paged
from converters.platform import TimeRange
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.content import text
from converters.platforms.rongcloud.inventory_history import ask, rows
from converters.platforms.rongcloud.sending import call

_PAGE = 100
_ROLES: dict[str, Literal["owner", "admin"]] = {"2": "admin", "3": "owner"}
_ASKED_FIRST = {"0", "2"}
"""Values of `joinPerm`: the owner, or a manager too, lets in who asks."""


def hosted(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: RongcloudAccount) -> Reading:
    """The groups of a user, with their profiles. An app without the service answers that it is not switched on."""
    del span, account

    def page(user: str, cursor: str) -> PageReading:
        asked = {"userId": user, "size": str(_PAGE), "order": "0"} | ({"pageToken": cursor} if cursor else {})
        answer = yield from ask(call("entrust/joined/group/query", asked))
        if isinstance(answer, str):
            return answer
        held = [row for row in rows(answer, "groups") if isinstance(row, dict) and text(row.get("groupId"))]
        found = tuple(each for row in held for each in (Found("group", text(row.get("groupId"))), _group(row)))
        return Page(found, text(answer.get("pageToken")) if held else "")

    return (yield from paged(subjects, cursor, page))


def ranks(group: str) -> "Generator[Any, Any, dict[str, GroupMember] | NoAnswer]":
    """Members by id, with rank and name; empty where the group is none of the service's."""
    found: dict[str, GroupMember] = {}
    cursor = ""
    while True:
        asked = {"groupId": group, "type": "0", "size": str(_PAGE), "order": "0"} | ({"pageToken": cursor} if cursor else {})
        answer = yield from ask(call("entrust/group/member/query", asked))
        if isinstance(answer, str):
            return answer if isinstance(answer, NoAnswer) else {}
        before = len(found)
        for row in rows(answer, "members"):
            if isinstance(row, dict) and (user := text(row.get("userId"))):
                extra = text(row.get("extra"))
                found[user] = GroupMember(
                    group=group,
                    user=user,
                    role=_ROLES.get(text(row.get("role")), "member"),
                    name=text(row.get("nickname")),
                    attributes={"extra": extra} if extra else {},
                    joined=milliseconds(text(row.get("time")), 0),
                )
        cursor = text(answer.get("pageToken"))
        if not cursor or len(found) == before:
            return found


def _group(row: dict[str, Any]) -> Group:
    profile, permissions = _object(row.get("groupProfile")), _object(row.get("permissions"))
    own = text(row.get("groupExtProfile"))
    return Group(
        id=text(row.get("groupId")),
        name=text(row.get("name")),
        owner="",
        description=text(profile.get("introduction")),
        announcement=text(profile.get("announcement")),
        avatar=text(profile.get("portraitUrl")),
        ext="" if own == "{}" else own,
        approval=text(permissions.get("joinPerm")) in _ASKED_FIRST,
        created=milliseconds(text(row.get("createTime")), 0),
    )


def _object(held: object) -> dict[str, Any]:
    """Objects are texts of JSON in these answers."""
    if isinstance(held, str):
        try:
            held = wire.load_any(held)
        except wire.Malformed:
            return {}
    return held if isinstance(held, dict) else {}
