"""Groups whose owners, managers and names the service keeps. Source: "RongCloud: Batch query group information", "… Paginate group member
information", "… Paginated query of user's joined groups", "… hosted groups: import, managers".

A classic group becomes one by an import. What the list of joined groups says of a group's owner the page does not show: here it says nothing.
"""

from typing import Any

from tests.simulators.calls import Call
from tests.simulators.people import Group
from tests.simulators.rongcloud.errors import NOT_ENABLED, Refusal, bad
from tests.simulators.rongcloud.fields import Fields, as_object, dumped
from tests.simulators.rongcloud.gate import Answer, Work
from tests.simulators.rongcloud.management import hosted, page_of
from tests.simulators.rongcloud.state import RongCloud

PAGE, PROFILES = 100, 50
MEMBER, MANAGER, OWNER = 1, 2, 3
HOSTED, MANAGERS, ALIASES = "hosted", "managers", "aliases"


def found(rongcloud: RongCloud, fields: Fields) -> Group | Refusal:
    group = rongcloud.people.groups.get(fields.one("groupId"))
    return group if group is not None and group.settings.get(HOSTED) else bad("groupId is not hosted")


def held(group: Group, name: str) -> dict[str, Any]:
    facts: Any = group.settings.setdefault(name, {})
    kept: dict[str, Any] = facts
    return kept


def role_of(group: Group, user: str) -> int:
    return OWNER if user == group.owner else MANAGER if user in held(group, MANAGERS) else MEMBER


def import_group(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    group = rongcloud.people.groups.get(fields.one("groupId"))
    if group is None:
        return bad("groupId is not known")
    group.owner, group.name = fields.one("owner", group.owner), fields.one("name", group.name)
    group.settings[HOSTED] = True
    for name in ("groupProfile", "groupExtProfile", "permissions"):
        if fields.has(name):
            if as_object(fields.one(name)) is None:
                return bad(f"{name} must be a JSON object")
            group.settings[name] = fields.one(name)
    rongcloud.accept("hosted.import", call, group=group.id)
    return {}


def shown(group: Group) -> dict[str, Any]:
    texts = {name: group.settings.get(name, dumped({})) for name in ("groupProfile", "groupExtProfile", "permissions")}
    return {"groupId": group.id, "name": group.name, **texts, "createTime": group.created}


def profiles(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    wanted = fields.many("groupIds")
    if len(wanted) > PROFILES:
        return bad(f"groupIds must be at most {PROFILES}")
    groups = [group for one in wanted if (group := rongcloud.people.groups.get(one)) is not None and group.settings.get(HOSTED)]
    return {"profiles": [{**shown(group), "owner": group.owner, "memberCount": len(group.members)} for group in groups]}


def joined(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    user, role = fields.one("userId"), fields.number("role", 0) or 0
    mine = [group for group in rongcloud.people.groups.values() if user in group.members and group.settings.get(HOSTED)]
    page, token = page_of([shown(group) for group in mine if role in {0, role_of(group, user)}], fields, PAGE)
    return {"pageToken": token, "groups": page}


def members(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    group, kind = found(rongcloud, fields), fields.number("type", 0) or 0
    if isinstance(group, Refusal):
        return group
    listed = [
        {
            "userId": user,
            "nickname": held(group, ALIASES).get(user, ""),
            "role": str(role_of(group, user)),
            "time": str(group.created + place),
            "extra": "",
        }
        for place, user in enumerate(group.members)
        if kind in {0, role_of(group, user)}
    ]
    page, token = page_of(listed, fields, PAGE)
    return {"totalCount": len(listed), "pageToken": token, "members": page}


def managers(*, add: bool) -> Work:
    def work(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
        group = found(rongcloud, fields)
        if isinstance(group, Refusal):
            return group
        for user in fields.one("userIds").split(","):
            held(group, MANAGERS).pop(user, None)
            if add and user in group.members:
                held(group, MANAGERS)[user] = True
        rongcloud.accept("hosted.manager", call, group=group.id)
        return {}

    return work


def set_member(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    group = found(rongcloud, fields)
    if isinstance(group, Refusal):
        return group
    held(group, ALIASES)[fields.one("userId")] = fields.one("nickname")
    return {}


CALLS: dict[str, tuple[str, tuple[str, ...], Work]] = {
    "entrust/group/import": ("hosted.import", ("groupId", "owner"), hosted(import_group)),
    "entrust/group/profile/query": ("hosted.get", ("groupIds",), hosted(profiles)),
    "entrust/joined/group/query": ("hosted.get", ("userId",), hosted(joined)),
    "entrust/group/member/query": ("hosted.get", ("groupId",), hosted(members)),
    "entrust/group/member/set": ("hosted.set", ("groupId", "userId"), hosted(set_member)),
    "entrust/group/manager/add": ("hosted.manager", ("groupId", "userIds"), hosted(managers(add=True))),
    "entrust/group/manager/remove": ("hosted.manager", ("groupId", "userIds"), hosted(managers(add=False))),
}
for _name in ("create", "join", "quit", "dismiss", "query", "profile/update", "transfer/owner", "member/kick"):
    CALLS[f"entrust/group/{_name}"] = ("hosted.other", (), lambda rongcloud, call, fields: NOT_ENABLED)
