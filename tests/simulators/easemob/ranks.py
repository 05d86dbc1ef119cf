"""What members of a group or chat room may: admins, mutes, lists, and the announcement. Source: "Easemob: manage group
members" and "Easemob: manage group announcements"."""

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.simulators.easemob import errors
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Answer, Work
from tests.simulators.easemob.groups import Led, forbidden, led
from tests.simulators.easemob.names import stranger

ADMINS = 99
ANNOUNCEMENT = 512
ATTRIBUTES = 4096


def admins(one: Led) -> Answer:
    return {"entities": [], "data": one.life.standing.admins, "count": len(one.life.standing.admins)}


def add_admin(one: Led) -> Answer:
    name = one.request().get("newadmin")
    if not name or not isinstance(name, str):
        return errors.MALFORMED
    name = name.lower()
    if wrong := stranger(one.easemob, [name]) or one.outside([name]):
        return wrong
    if name == one.group.owner or name in one.life.standing.admins:
        return forbidden(f"user: {name} is admin or owner already in group: {one.group.id}")
    if len(one.life.standing.admins) >= ADMINS:
        return Refusal(403, "exceed_limit", "admin size is greater than max admin size !")
    one.accept("admin.add", user=name)
    one.life.rank(name, on=True)
    return {"entities": [], "data": {"result": "success", "newadmin": name}}


def remove_admin(one: Led) -> Answer:
    name = one.call.path["user"].lower()
    if name not in one.life.standing.admins:
        return forbidden(f"user: {name} is not admin in group: {one.group.id}")
    one.accept("admin.remove", user=name)
    one.life.rank(name, on=False)
    return {"entities": [], "data": {"result": "success", "oldadmin": name}}


def mutes(one: Led) -> Answer:
    muted = [{"expire": end, "user": name} for name, end in one.life.standing.muted.items()]
    return {"entities": [], "data": muted, "count": len(muted)}


def mute(one: Led) -> Answer:
    names, duration = one.members(), one.request().get("mute_duration")
    if isinstance(names, Refusal):
        return names
    if isinstance(duration, bool) or not isinstance(duration, int):
        return errors.MALFORMED
    end = one.life.end_of(duration)
    one.accept("mute", members=names, end=end)
    one.life.mute(names, end)
    return {"entities": [], "data": [{"result": True, "expire": end, "user": name} for name in names]}


def unmute(one: Led) -> Answer:
    names = one.members()
    if isinstance(names, Refusal):
        return names
    one.accept("unmute", members=names)
    one.life.unmute(names)
    return {"entities": [], "data": [{"result": True, "user": name} for name in names]}


def mute_all(one: Led, *, on: bool) -> Answer:
    one.accept("mute_all" if on else "unmute_all")
    one.life.mute_all(on=on)
    return {"entities": [], "data": {"mute": on}}


def blocked(one: Led) -> Answer:
    return {"entities": [], "data": one.life.standing.blocked, "count": len(one.life.standing.blocked)}


def block(one: Led, *, on: bool) -> Answer:
    """Who is blocked is no member any more."""
    names = one.named()
    if isinstance(names, Refusal):
        return names
    if one.group.owner in names:
        return forbidden("forbidden operation on group owner!")
    one.accept("block" if on else "unblock", members=names)
    one.life.block(names, on=on)
    return {"entities": [], "data": results(one, names, "add_blocks" if on else "remove_blocks", "chatroomid")}


def allowed(one: Led) -> Answer:
    return {"entities": [], "data": one.life.standing.allowed, "count": len(one.life.standing.allowed)}


def allow(one: Led, *, on: bool) -> Answer:
    names = one.members()
    if isinstance(names, Refusal):
        return names
    one.accept("allow" if on else "disallow", members=names)
    one.life.allow(names, on=on)
    return {"entities": [], "data": results(one, names, f"{'add' if on else 'remove'}_user_whitelist", "chatroomid")}


def results(one: Led, names: list[str], action: str, key: str = "chatroomid") -> Any:
    """An object for one who is named in the path, a list for those of a body."""
    key = "groupid" if one.kind == "group" else key
    rows = [{"result": True, "action": action, "user": name, key: one.group.id} for name in names]
    return rows[0] if "user" in one.call.path and len(rows) == 1 else rows


def announcement(one: Led) -> Answer:
    return {"entities": [], "data": {"announcement": one.life.standing.announcement}}


def announce(one: Led) -> Answer:
    text = one.request().get("announcement")
    if not isinstance(text, str) or len(text) > ANNOUNCEMENT:
        return errors.MALFORMED
    one.accept("announcement", text=text)
    one.life.announce(text)
    return {"entities": [], "data": {"id": one.group.id, "result": True}}


def set_attributes(one: Led) -> Answer:
    """Of a member in the group. Not called back: the page of the new envelope has no operation for it."""
    names, given = one.members(), one.request().get("metaData")
    if isinstance(names, Refusal):
        return names
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        return errors.MALFORMED
    kept = one.life.standing.attributes.setdefault(names[0], {}) | given
    if sum(len(key.encode()) + len(value.encode()) for key, value in kept.items()) > ATTRIBUTES:
        return Refusal(400, "illegal_argument", "metadata is too large")
    one.accept("attributes", user=names[0], attributes=given)
    one.life.standing.attributes[names[0]] = kept
    return {"entities": [], "data": given}


Ranked = tuple[str, str, str, Callable[[Led], Answer]]
WORK: tuple[Ranked, ...] = (
    ("GET", "/admin", "admin.list", admins),
    ("POST", "/admin", "admin.add", add_admin),
    ("DELETE", "/admin/{user}", "admin.remove", remove_admin),
    ("GET", "/mute", "mute.list", mutes),
    ("POST", "/mute", "mute", mute),
    ("DELETE", "/mute/{user}", "unmute", unmute),
    ("POST", "/ban", "mute_all", partial(mute_all, on=True)),
    ("DELETE", "/ban", "unmute_all", partial(mute_all, on=False)),
    ("GET", "/blocks/users", "block.list", blocked),
    ("POST", "/blocks/users", "block", partial(block, on=True)),
    ("POST", "/blocks/users/{user}", "block", partial(block, on=True)),
    ("DELETE", "/blocks/users/{user}", "unblock", partial(block, on=False)),
    ("GET", "/white/users", "allow.list", allowed),
    ("POST", "/white/users", "allow", partial(allow, on=True)),
    ("POST", "/white/users/{user}", "allow", partial(allow, on=True)),
    ("DELETE", "/white/users/{user}", "disallow", partial(allow, on=False)),
    ("GET", "/announcement", "announcement.get", announcement),
    ("POST", "/announcement", "announcement", announce),
)
CALLS: tuple[tuple[str, str, str, str, Work], ...] = (
    *(
        (method, f"{base}/{{group}}{path}", f"{kind}.{name}", f"{kind}.{name}", led(work, room=kind == "room"))
        for base, kind in (("chatgroups", "group"), ("chatrooms", "room"))
        for method, path, name, work in WORK
    ),
    ("PUT", "metadata/chatgroup/{group}/user/{user}", "group.attributes", "group.attributes", led(set_attributes, room=False)),
)
