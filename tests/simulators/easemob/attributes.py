"""Attributes of groups' members and of chat rooms; super admins of rooms. Source: "Easemob: group member attributes", "Easemob: chat room
attributes", "Easemob: chat room super admins"."""

from typing import Any
from urllib.parse import parse_qsl

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.accounts import NO_USER
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Answer, as_json, as_object, bare
from tests.simulators.easemob.groups import Led, led, no_group
from tests.simulators.easemob.names import ids
from tests.simulators.easemob.state import Easemob

BATCH = 20
GOT = 10
KEY, VALUE, ALL = 16, 512, 4096
ROOM_KEYS = 10
ROOM_KEY, ROOM_VALUE = 128, 4096


def wrong(status: int, description: str) -> Refusal:
    return Refusal(status, "metadata_error", description)


def flaw(held: object) -> Refusal | None:
    if not isinstance(held, dict) or not all(isinstance(value, str) for value in held.values()):
        return errors.MALFORMED
    if not all(0 < len(key.encode()) <= KEY for key in held):
        return wrong(400, "exceeds chatgroup user metadata single key limit")
    if not all(len(value.encode()) <= VALUE for value in held.values()):
        return wrong(400, "exceeds chatgroup user metadata single value limit")
    return None


def set_many(easemob: Easemob, call: Call) -> Answer:
    """An empty value deletes. One who is not in the group stops the whole call; one who has too much is named. The colons are the page's."""
    group = easemob.people.groups.get(call.path["group"])
    asked = as_json(call.body)
    if group is None:
        return wrong(404, "group not exists")
    if not isinstance(asked, list) or not asked or not all(isinstance(one, dict) and isinstance(one.get("username"), str) for one in asked):
        return errors.MALFORMED
    if len(asked) > BATCH:
        return wrong(400, "exceeds chatgroup metadata batch put users limit")
    if outside := [one["username"] for one in asked if one["username"].lower() not in group.members]:
        return wrong(400, f"Some users are not in the group: {','.join(outside)}")
    if bad := next((bad for one in asked if (bad := flaw(one.get("metadata")))), None):
        return bad
    kept = easemob.standing(group, room=False).attributes
    done, failed = [], []
    for one in asked:
        name = one["username"].lower()
        held = {key: value for key, value in (kept.get(name, {}) | one["metadata"]).items() if value}
        if sum(len(key.encode()) + len(value.encode()) for key, value in held.items()) > ALL:
            failed.append({"username": name, "error": "exceeds chatgroup user metadata total limit"})
            continue
        kept[name] = held
        done.append({"username": name, "metadata": held})
    easemob.accept("group.attributes", group=group.id, users=[one["username"] for one in done])
    return bare({"timestamp": easemob.now(), "data": {"updateMetadataFailed:": failed, "updateMetadataSucceeded:": done}, "duration": 0})


def get_one(one: Led) -> Answer:
    names = one.members()
    if isinstance(names, Refusal):
        return names
    return bare({"timestamp": one.easemob.now(), "data": one.life.standing.attributes.get(names[0], {}), "duration": 0})


def get_many(one: Led) -> Answer:
    request = one.request()
    targets, wanted = ids(request.get("targets")), request.get("properties") or None
    if not targets or len(targets) > GOT:
        return errors.MALFORMED
    held = {name: one.life.standing.attributes.get(name, {}) for name in targets}
    data = {name: {key: value for key, value in had.items() if wanted is None or key in wanted} for name, had in held.items()}
    return bare({"timestamp": one.easemob.now(), "data": data, "duration": 0})


def set_room(easemob: Easemob, call: Call) -> Answer:
    """Only who set a key may set it again, but with ``forced`` in the path."""
    room, user = easemob.rooms.get(call.path["room"]), call.path["user"].lower()
    request = as_object(call.body)
    given = request.get("metaData") if request else None
    if room is None:
        return no_group(call.path["room"])
    if user not in easemob.people.users:
        return NO_USER
    if not isinstance(given, dict) or not 0 < len(given) <= ROOM_KEYS:
        return errors.MALFORMED
    if not all(isinstance(value, str) and len(key) <= ROOM_KEY and len(value) <= ROOM_VALUE for key, value in given.items()):
        return errors.MALFORMED
    kept, forced = easemob.room_attributes.setdefault(room.id, {}), call.path.get("forced") is not None
    done = [key for key in given if forced or kept.get(key, (user, ""))[0] == user]
    kept |= {key: (user, given[key]) for key in done}
    easemob.accept("room.attributes", room=room.id, keys=done)
    return {"data": {"status": "ok", "successKeys": done, "errorKeys": {key: "errorMsg" for key in given if key not in done}}}


def get_room(easemob: Easemob, call: Call) -> Answer:
    room, request = easemob.rooms.get(call.path["room"]), as_object(call.body) or {}
    if room is None:
        return no_group(call.path["room"])
    wanted = request.get("keys") or None
    held = {key: value for key, (_, value) in easemob.room_attributes.get(room.id, {}).items()}
    return {"data": {key: value for key, value in held.items() if wanted is None or key in wanted}}


def super_admins(easemob: Easemob, call: Call) -> Answer:
    query = dict(parse_qsl(call.query.decode("latin-1")))
    page, size = int(query.get("pagenum", "1")), int(query.get("pagesize", "10"))
    said = (
        {"params": {name: [query[name]] for name in ("pagenum", "pagesize") if name in query}} if query else {}
    )  # SDKs read their own page from it
    return {**said, "entities": [], "data": easemob.super_admins[(page - 1) * size : page * size], "count": len(easemob.super_admins)}


def add_super_admin(easemob: Easemob, call: Call) -> Answer:
    request = as_object(call.body)
    name = str(request.get("superadmin") or "").lower() if request else ""
    if name not in easemob.people.users:
        return Refusal(404, "resource_not_found", f"username {name} doesn't exist!")
    if name not in easemob.super_admins:
        easemob.super_admins.append(name)
    easemob.accept("room.super_admin", user=name)
    return {"entities": [], "data": {"result": "success", "resource": ""}}


def remove_super_admin(easemob: Easemob, call: Call) -> Answer:
    name = call.path["user"].lower()
    if name not in easemob.super_admins:
        return Refusal(404, "resource_not_found", f"super admin {name} doesn't exist!")
    easemob.super_admins.remove(name)
    return {"entities": [], "data": {"newSuperAdmin": name, "resource": ""}}


def joined_rooms(easemob: Easemob, call: Call) -> Answer:
    name = call.path["user"].lower()
    found = [room for room in easemob.rooms.values() if name in room.members]
    return {"entities": [], "data": [{"id": room.id, "name": room.name} for room in found], "count": len(found)}


CALLS: tuple[tuple[str, str, str, str, Any], ...] = (
    ("PUT", "metadata/chatgroup/{group}/users/batch", "group.attributes", "group.attributes", set_many),
    ("GET", "metadata/chatgroup/{group}/user/{user}", "group.attributes.get", "group.attributes.get", led(get_one, room=False)),
    ("POST", "metadata/chatgroup/{group}/get", "group.attributes.get", "group.attributes.get", led(get_many, room=False)),
    ("PUT", "metadata/chatroom/{room}/user/{user}", "room.attributes", "room.attributes", set_room),
    ("PUT", "metadata/chatroom/{room}/user/{user}/{forced}", "room.attributes", "room.attributes", set_room),
    ("POST", "metadata/chatroom/{room}", "room.attributes", "room.attributes", get_room),
    ("GET", "chatrooms/super_admin", "room.super_admin", "room.super_admin", super_admins),
    ("POST", "chatrooms/super_admin", "room.super_admin", "room.super_admin", add_super_admin),
    ("DELETE", "chatrooms/super_admin/{user}", "room.super_admin", "room.super_admin", remove_super_admin),
    ("GET", "users/{user}/joined_chatrooms", "room.joined", "room.joined", joined_rooms),
)
