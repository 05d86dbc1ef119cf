"""Groups and chat rooms, and who is in them. Source: "Easemob: manage groups", "Easemob: manage group members" and
"Easemob: manage chat rooms".

``need_notify`` silences what members see; that it silences callbacks is not said, and here it does not.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Answer, Work, as_object
from tests.simulators.easemob.group_events import ADMIN
from tests.simulators.easemob.group_life import SETTINGS, GroupLife
from tests.simulators.easemob.names import busy, ids, listed, stranger
from tests.simulators.easemob.state import Easemob
from tests.simulators.people import Group

GROUP_ID = re.compile(r"[a-z0-9]{1,64}")
PER_CALL = 60
SETTABLE = ("groupname", "name", "custom", *SETTINGS)
LONGEST = {"groupname": 128, "name": 128, "description": 512, "avatar": 1024, "custom": 8192}
ROOMIEST = 10_000


class Led:
    """The group that a call is about, as the app's admin has it in hand."""

    def __init__(self, easemob: Easemob, group: Group, call: Call, *, room: bool) -> None:
        self.easemob = easemob
        self.group = group
        self.call = call
        self.kind = "room" if room else "group"
        self.key = "id" if room else "groupid"
        """How answers about members call it."""
        self.life = GroupLife(easemob, group, ADMIN, call, room=room)

    def accept(self, api: str, **facts: Any) -> None:
        self.easemob.accept(f"{self.kind}.{api}", **{self.kind: self.group.id}, **facts)

    def request(self) -> dict[str, Any]:
        return as_object(self.call.body) or {}

    def named(self) -> list[str] | Refusal:
        """The users of the path, or of the body; all exist and are 60 at most."""
        names = listed(self.call.path["user"]) if "user" in self.call.path else ids(self.request().get("usernames"))
        if not names or len(names) > PER_CALL:
            return errors.MALFORMED
        return stranger(self.easemob, names) or names

    def members(self) -> list[str] | Refusal:
        """As ``named``, and all in the group."""
        names = self.named()
        if isinstance(names, Refusal):
            return names
        return self.outside(names) or names

    def outside(self, names: list[str]) -> Refusal | None:
        if outside := [name for name in names if name not in self.group.members]:
            return forbidden(f"users {outside} are not members of this group!".replace("'", ""))
        return None


def led(work: Callable[[Led], Answer], *, room: bool) -> Work:
    """*work* on the group that the path names."""

    def call_for(easemob: Easemob, call: Call) -> Answer:
        group = (easemob.rooms if room else easemob.people.groups).get(call.path["group"])
        if group is None:
            return no_group(call.path["group"])
        return work(Led(easemob, group, call, room=room))

    return call_for


def no_group(group_id: str) -> Refusal:
    return Refusal(404, "resource_not_found", f"grpID {group_id} does not exist!")


def forbidden(description: str) -> Refusal:
    return Refusal(403, "forbidden_op", description)


def create(easemob: Easemob, call: Call, *, room: bool) -> Answer:
    """``groupid`` may be chosen, as an app can have it enabled."""
    request = as_object(call.body)
    if request is None:
        return errors.MALFORMED
    owner, members, group_id = request.get("owner"), ids(request.get("members", [])), request.get("groupid")
    if not owner or not isinstance(owner, str):
        return Refusal(400, "invalid_parameter", "owner must be provided")
    if room and not (request.get("name") and request.get("description")):
        return Refusal(400, "invalid_parameter", "name and description must be provided")
    if not room and "public" not in request:
        return Refusal(400, "invalid_parameter", "group must contain public field!")
    legal = group_id is None or (isinstance(group_id, str) and GROUP_ID.fullmatch(group_id))
    if members is None or not legal or too_long(request):
        return errors.MALFORMED
    if group_id is not None and easemob.options.custom_ids == "refused":
        return Refusal(403, "forbidden_op", "custom group id is not opened")
    if easemob.options.custom_ids == "ignored":
        group_id = None
    if group_id in (easemob.rooms if room else easemob.people.groups):
        return Refusal(400, "illegal_argument", f"group ID {group_id} already exists!")
    owner = owner.lower()
    members = [member for member in members if member != owner]
    if unknown := stranger(easemob, (owner, *members)):
        return unknown
    maximum = request.get("maxusers", 1000 if room else 200)
    if not isinstance(maximum, int) or (room and maximum > ROOMIEST):
        return errors.MALFORMED
    if len(members) > maximum:
        return Refusal(403, "exceed_limit", "members size is greater than max user size !")
    if not room and (wrong := busy(easemob, (owner, *members))):
        return wrong
    if request.get("public") and not room:
        request["allowinvites"] = False
    group = GroupLife.begin(easemob, owner, request, ADMIN, call, group_id=group_id, members=members, room=room)
    easemob.accept("room.create" if room else "group.create", group=group.id, members=members)
    return {"entities": [], "data": {"id" if room else "groupid": group.id}}


def too_long(request: dict[str, Any]) -> bool:
    return any(len(str(request.get(name, ""))) > most for name, most in LONGEST.items())


def get(easemob: Easemob, call: Call, *, room: bool) -> Answer:
    """One, or up to 100 separated by commas; those that do not exist are left out unless none does."""
    wanted = call.path["group"].split(",")
    groups = easemob.rooms if room else easemob.people.groups
    found = [group for one in wanted if (group := groups.get(one))]
    if not found or len(wanted) > 100:
        return no_group(wanted[0])
    data = [shown(easemob, group, room=room) for group in found]
    return {"entities": [], "data": data, "count": len(found)}


def shown(easemob: Easemob, group: Group, *, room: bool) -> dict[str, Any]:
    standing = easemob.standing(group, room=room)
    defaults = {"description": "", "public": False, "membersonly": False, "allowinvites": False, "maxusers": 1000 if room else 200}
    return {
        "id": group.id,
        "name": group.name,
        **defaults,
        **group.settings,
        "owner": group.owner,
        "created": group.created,
        "custom": group.custom,
        "mute": standing.mute,
        "disabled": standing.disabled,
        "affiliations_count": len(group.members),
        "affiliations": [*({"member": one} for one in group.members if one != group.owner), {"owner": group.owner}],
    }


def list_all(easemob: Easemob, call: Call, *, room: bool) -> Answer:
    """The newest first; the cursor is the place of the next, which the vendor's is not."""
    query = dict(parse_qsl(call.query.decode("latin-1")))
    limit, begin = query.get("limit", "10"), query.get("cursor", "0")
    if not (limit.isdecimal() and begin.isdecimal() and 1 <= int(limit) <= 1000):
        return Refusal(400, "illegal_argument", "limit must be 1 to 1000")
    groups = list((easemob.rooms if room else easemob.people.groups).values())[::-1]
    page = groups[int(begin) : int(begin) + int(limit)]
    data = [listed_room(group) if room else listed_group(group) for group in page]
    answer: dict[str, Any] = {"entities": [], "data": data, "count": len(page)}
    more = int(begin) + len(page) < len(groups)
    return answer | ({"cursor": str(int(begin) + len(page))} if more else {})


def listed_group(group: Group) -> dict[str, Any]:
    facts = {"groupid": group.id, "groupname": group.name, "owner": group.owner, "affiliations": len(group.members), "type": "group"}
    return facts | {"last_modified": str(group.created)}


def listed_room(room: Group) -> dict[str, Any]:
    return {"id": room.id, "name": room.name, "owner": room.owner, "affiliations_count": len(room.members)}


def modify(one: Led) -> Answer:
    request = one.request()
    if "newowner" in request:
        return hand_over(one, str(request["newowner"]).lower())
    fields = [name for name in SETTABLE if name in request]
    if not fields or too_long(request):
        return errors.MALFORMED
    one.accept("update", fields={name: request[name] for name in fields})
    one.life.update({name: request[name] for name in fields})
    # A room's name is confirmed under a group's word for it.
    return {"entities": [], "data": {"groupname" if name == "name" else name: True for name in fields}}


def hand_over(one: Led, to: str) -> Answer:
    if unknown := stranger(one.easemob, [to]):
        return unknown
    if to == one.group.owner:
        return forbidden(f"new owner {to} is group owner already!")
    if outside := one.outside([to]):
        return outside
    one.accept("owner", user=to)
    one.life.hand_over(to)
    return {"entities": [], "data": {"newowner": True}}


def destroy(one: Led) -> Answer:
    one.accept("destroy")
    one.life.destroy()
    return {"entities": [], "data": {"success": True, one.key: one.group.id}}


def disable(one: Led, *, on: bool) -> Answer:
    one.accept("disable" if on else "enable")
    one.life.disable(on=on)
    return {"entities": [], "data": {"disabled": on}}


def members(one: Led) -> Answer:
    query = dict(parse_qsl(one.call.query.decode("latin-1")))
    if query.get("version") == "v3":
        return member_names(one, query)
    page, size = query.get("pagenum", "1"), query.get("pagesize", "10")
    if not (page.isdecimal() and size.isdecimal() and int(page) >= 1 and 1 <= int(size) <= 1000):
        return Refusal(400, "illegal_argument", "pagesize must be 1 to 1000")
    begin = (int(page) - 1) * int(size)
    owner = one.group.owner
    within = [{"owner" if name == owner else "member": name} for name in one.group.members]
    return {"entities": [], "data": within[begin : begin + int(size)], "count": len(within)}


def member_names(one: Led, query: dict[str, str]) -> Answer:
    """Names alone, by a cursor, which is the place of the next here."""
    limit, begin = query.get("limit", "10"), query.get("cursor") or "0"
    if not (limit.isdecimal() and begin.isdecimal() and 1 <= int(limit) <= 1000):
        return Refusal(400, "illegal_argument", "limit must be 1 to 1000")
    page = one.group.members[int(begin) : int(begin) + int(limit)]
    more = int(begin) + len(page) < len(one.group.members)
    answer: dict[str, Any] = {"entities": [], "data": page, "count": len(page)}
    return answer | ({"cursor": str(int(begin) + len(page))} if more else {})


def add(one: Led) -> Answer:
    """One by path, or up to 60; who is a member already is passed over unless all are."""
    named = one.named()
    if isinstance(named, Refusal):
        return named
    new = [name for name in named if name not in one.group.members]
    if not new:
        return forbidden(f"can not join this group, reason:user: {named[0]} already in group: {one.group.id}")
    maximum = one.group.settings.get("maxusers", 1000 if one.kind == "room" else 200)
    if isinstance(maximum, int) and len(one.group.members) + len(new) > maximum:
        return Refusal(403, "exceed_limit", "members size is greater than max user size !")
    if one.kind == "group" and (wrong := busy(one.easemob, new)):
        return wrong
    kept = [name for name in new if not one.easemob.moods.chance(one.easemob.moods.now.swallow)]
    one.accept("add", members=kept)
    if kept:
        one.life.join(kept, "DIRECT")
    who = {"result": True, "user": new[0]} if "user" in one.call.path else {"newmembers": new}
    return {"entities": [], "data": {**who, one.key: one.group.id, "action": "add_member"}}


def remove(one: Led) -> Answer:
    """Succeeds in part; of one alone the answer is no list."""
    named = listed(one.call.path["user"])
    if not named or len(named) > (100 if one.kind == "room" else PER_CALL):
        return errors.MALFORMED
    if one.group.owner in named:
        return forbidden("forbidden operation on group owner!")
    within = [name for name in named if name in one.group.members]
    data = [
        {"result": name in within, "action": "remove_member"}
        | ({} if name in within else {"reason": f"user {name} doesn't exist."})
        | {"user": name, one.key: one.group.id}
        for name in named
    ]
    if within:
        one.accept("remove", members=within)
        one.life.leave(within, "KICK")
    return {"entities": [], "data": data if len(data) > 1 else data[0]}


def is_joined(one: Led) -> Answer:
    return {"entities": [], "data": one.call.path["user"].lower() in one.group.members}


def of_user(easemob: Easemob, call: Call) -> Answer:
    name = call.path["user"].lower()
    query = dict(parse_qsl(call.query.decode("latin-1")))
    found = [group for group in easemob.people.groups.values() if name in group.members]
    if "pagesize" in query:
        size, page = int(query["pagesize"]), int(query.get("pagenum", "0"))
        if not 1 <= size <= 20:
            return Refusal(400, "illegal_argument", "pagesize must be 1 to 20")
        found = found[page * size : (page + 1) * size]
    return {"entities": [{"groupId": group.id, "name": group.name} for group in found], "count": len(found)}


def calls(*, room: bool) -> list[tuple[str, str, str, str, Work]]:
    base, kind = ("chatrooms", "room") if room else ("chatgroups", "group")

    def one(method: str, path: str, name: str, work: Callable[[Led], Answer]) -> tuple[str, str, str, str, Work]:
        return method, f"{base}/{{group}}{path}", f"{kind}.{name}", f"{kind}.{name}", led(work, room=room)

    return [
        ("POST", base, f"{kind}.create", f"{kind}.create", partial(create, room=room)),
        ("GET", base, f"{kind}.list", f"{kind}.list", partial(list_all, room=room)),
        ("GET", f"{base}/{{group}}", f"{kind}.get", f"{kind}.get", partial(get, room=room)),
        one("PUT", "", "update", modify),
        one("DELETE", "", "destroy", destroy),
        one("POST", "/disable", "disable", partial(disable, on=True)),
        one("POST", "/enable", "disable", partial(disable, on=False)),
        one("GET", "/users", "members", members),
        one("POST", "/users", "add", add),
        one("POST", "/users/{user}", "add", add),
        one("DELETE", "/users/{user}", "remove", remove),
        one("GET", "/user/{user}/is_joined", "members", is_joined),
    ]


CALLS = (("GET", "chatgroups/user/{user}", "group.list", "group.list", of_user), *calls(room=False), *calls(room=True))
