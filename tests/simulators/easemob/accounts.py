"""Users and groups. Source: "Easemob: manage users" and "Easemob: manage groups"."""

import re
from collections.abc import Sequence
from typing import Any

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Answer, as_json, as_object
from tests.simulators.easemob.state import Easemob
from tests.simulators.people import Group

USERNAME = re.compile(r"[a-z0-9_.\-]{1,64}")
GROUP_ID = re.compile(r"[a-z0-9]{1,64}")
PER_CALL = 60


def register(easemob: Easemob, call: Call) -> Answer:
    """One user, or a list of them; a list of several succeeds in part."""
    asked = as_json(call.body)
    users = [asked] if isinstance(asked, dict) else asked
    if not isinstance(users, list) or not users or not all(isinstance(user, dict) for user in users):
        return errors.MALFORMED
    if len(users) > PER_CALL:
        size = f"Request body array size[{len(users)}] had almost reached or been greater than the upper range value"
        return Refusal(400, "illegal_argument", f"{size}[{PER_CALL}]")
    names = [str(user.get("username") or "").lower() for user in users]
    for user, name in zip(users, names, strict=True):
        if not USERNAME.fullmatch(name):
            return Refusal(400, "illegal_argument", f"username {name} is not legal")
        if not user.get("password"):
            return Refusal(400, "illegal_argument", "password or pin must provided")
    if len(names) == 1 and names[0] in easemob.people.users:
        return Refusal(
            400,
            "duplicate_unique_property_exists",
            f"Application {easemob.application} Entity user requires that property named username be unique, "
            f"value of {names[0]} exists",
        )
    now = easemob.now()
    new = [name for name in names if easemob.people.add_user(name, now)]
    old = [name for name in names if name not in new]
    for name in new:
        easemob.accept("user.create", user=name)
    failed = [{"username": name, "registerUserFailReason": f"the {name} already exists"} for name in old]
    return {"path": "/users", "entities": [entity(easemob, name) for name in new]} | (
        {"data": failed} if old else {}
    )


def get_user(easemob: Easemob, call: Call) -> Answer:
    name = call.path["user"].lower()
    if name not in easemob.people.users:
        return Refusal(404, "service_resource_not_found", "Service resource not found")
    return {"path": "/users", "entities": [entity(easemob, name)], "count": 1}


def entity(easemob: Easemob, name: str) -> dict[str, Any]:
    created = easemob.people.users[name]["created"]
    return {"type": "user", "created": created, "modified": created, "username": name, "activated": True}


def create_group(easemob: Easemob, call: Call) -> Answer:
    """``groupid`` may be chosen, as an app can have it enabled."""
    request = as_object(call.body)
    if request is None:
        return errors.MALFORMED
    owner, members = request.get("owner"), ids(request.get("members", []))
    if not owner or not isinstance(owner, str):
        return Refusal(400, "invalid_parameter", "owner must be provided")
    if "public" not in request:
        return Refusal(400, "invalid_parameter", "group must contain public field!")
    group_id = request.get("groupid")
    if members is None or not (
        group_id is None or (isinstance(group_id, str) and GROUP_ID.fullmatch(group_id))
    ):
        return errors.MALFORMED
    if group_id in easemob.people.groups:
        return Refusal(400, "illegal_argument", f"group ID {group_id} already exists!")
    owner = owner.lower()
    members = [member for member in members if member != owner]
    if unknown := stranger(easemob, (owner, *members)):
        return unknown
    maximum = request.get("maxusers", 200)
    if len(members) > maximum:
        return Refusal(403, "exceed_limit", "members size is greater than max user size !")
    group = easemob.make_group([owner], group_id)
    group.name, group.custom = str(request.get("groupname", "")), str(request.get("custom", ""))
    shown = ("description", "avatar", "public", "membersonly", "allowinvites", "maxusers")
    group.settings = {name: request[name] for name in shown if name in request}
    easemob.accept("group.create", group=group.id, members=members)
    easemob.join(group, members, call)
    return {"entities": [], "data": {"groupid": group.id}}


def add_members(easemob: Easemob, call: Call) -> Answer:
    group_id = call.path["group"]
    group = easemob.people.groups.get(group_id)
    if group is None:
        return Refusal(404, "resource_not_found", f"grpID {group_id} does not exist!")
    request = as_object(call.body)
    members = ids(request.get("usernames")) if request else None
    if not members or len(members) > PER_CALL:
        return errors.MALFORMED
    if unknown := stranger(easemob, members):
        return unknown
    new = [member for member in members if member not in group.members]
    if not new:
        reason = f"user: {members[0]} already in group: {group_id}"
        return Refusal(403, "forbidden_op", f"can not join this group, reason:{reason}")
    easemob.accept("group.add", group=group_id, members=new)
    easemob.join(group, new, call)
    return {"entities": [], "data": {"newmembers": new, "groupid": group_id, "action": "add_member"}}


def get_groups(easemob: Easemob, call: Call) -> Answer:
    """One, or up to 100 separated by commas; those that do not exist are left out unless none does."""
    wanted = call.path["group"].split(",")
    found = [group for one in wanted if (group := easemob.people.groups.get(one))]
    if not found or len(wanted) > 100:
        return Refusal(404, "resource_not_found", f"grpID {wanted[0]} does not exist!")
    return {"entities": [], "data": [shown_group(group) for group in found], "count": len(found)}


def shown_group(group: Group) -> dict[str, Any]:
    defaults = {
        "description": "",
        "public": False,
        "membersonly": False,
        "allowinvites": False,
        "maxusers": 200,
    }
    members = [{"member": member} for member in group.members if member != group.owner]
    return {
        "id": group.id,
        "name": group.name,
        **defaults,
        **group.settings,
        "owner": group.owner,
        "created": group.created,
        "custom": group.custom,
        "mute": False,
        "disabled": False,
        "affiliations_count": len(group.members),
        "affiliations": [*members, {"owner": group.owner}],
    }


def stranger(easemob: Easemob, names: Sequence[str]) -> Refusal | None:
    """The refusal for the first who is no user."""
    for name in names:
        if name not in easemob.people.users:
            return Refusal(404, "resource_not_found", f"username {name} doesn't exist!")
    return None


def ids(value: object) -> list[str] | None:
    """Distinct ids in lower case; None when *value* is no list of strings."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return None
    return list(dict.fromkeys(one.lower() for one in value))
