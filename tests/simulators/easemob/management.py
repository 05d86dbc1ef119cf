"""What an administrator does to users. Source: "Easemob: manage users", "… offline messages", "… global mute", "… push display"."""

from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid5

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.accounts import NO_USER, entity
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Answer, as_json, as_object
from tests.simulators.easemob.names import ids
from tests.simulators.easemob.state import Easemob

LONGEST_NAME = 100
PUSH_NAMES = 50
PAGE = 100
STATUSES = 100


def list_users(easemob: Easemob, call: Call) -> Answer:
    """The oldest first; the cursor is the place of the next, which the vendor's is not, and comes while there are more."""
    query = dict(parse_qsl(call.query.decode("latin-1")))
    limit, begin = query.get("limit", "10"), query.get("cursor", "0")
    if not (limit.isdecimal() and begin.isdecimal() and int(limit) >= 1):
        return Refusal(400, "illegal_argument", "limit must be 1 to 100")
    names = list(easemob.people.users)
    page = names[int(begin) : int(begin) + min(int(limit), PAGE)]
    more = int(begin) + len(page) < len(names)
    answer: dict[str, Any] = {"path": "/users", "entities": [entity(easemob, name) for name in page], "count": len(page)}
    return answer | ({"cursor": str(int(begin) + len(page))} if more else {})


def known(easemob: Easemob, call: Call) -> str | None:
    name = call.path["user"].lower()
    return name if name in easemob.people.users else None


def change_password(easemob: Easemob, call: Call) -> Answer:
    name, request = known(easemob, call), as_object(call.body)
    password = request.get("newpassword") if request else None
    if name is None:
        return NO_USER
    if not isinstance(password, str) or not 0 < len(password) <= 64:
        return errors.MALFORMED
    easemob.people.users[name]["password"] = password
    easemob.accept("user.password", user=name)
    return {"entities": []}


def activate(easemob: Easemob, call: Call) -> Answer:
    return _state(easemob, call, on=True)


def deactivate(easemob: Easemob, call: Call) -> Answer:
    return _state(easemob, call, on=False)


def _state(easemob: Easemob, call: Call, *, on: bool) -> Answer:
    name = known(easemob, call)
    if name is None:
        return NO_USER
    easemob.people.users[name]["activated"] = on
    easemob.accept("user.activate" if on else "user.deactivate", user=name)
    return {"path": "/users", "entities": [entity(easemob, name)]}


def delete_user(easemob: Easemob, call: Call) -> Answer:
    """With the groups and rooms that the user owns."""
    from tests.simulators.easemob.group_events import ADMIN
    from tests.simulators.easemob.group_life import GroupLife

    name = known(easemob, call)
    if name is None:
        return NO_USER
    shown = entity(easemob, name)
    for room, held in ((False, easemob.people.groups), (True, easemob.rooms)):
        for group in [one for one in held.values() if one.owner == name]:
            GroupLife(easemob, group, ADMIN, call, room=room).destroy()
        for group in [one for one in held.values() if name in one.members]:
            group.members.remove(name)
    del easemob.people.users[name]
    easemob.accept("user.delete", user=name)
    return {"path": "/users", "entities": [shown]}


QUIET = ("notification_no_disturbing", "notification_no_disturbing_start", "notification_no_disturbing_end")
"""Of the official server SDK for Java 0.6, and of the entity of a user in older pages."""


def set_push(easemob: Easemob, call: Call) -> Answer:
    """The name that a push shows, whether it shows what was said, and quiet hours, which newer pages set otherwise."""
    name, request = known(easemob, call), as_object(call.body)
    if name is None:
        return NO_USER
    if not request or not request.keys() <= {"nickname", "notification_display_style", *QUIET}:
        return errors.MALFORMED
    nickname, style = request.get("nickname"), request.get("notification_display_style")
    if nickname is not None and (not isinstance(nickname, str) or len(nickname) > LONGEST_NAME):
        return Refusal(400, "illegal_argument", "NICKNAME_TOO_LONG")
    if style is not None and str(style) not in ("0", "1"):
        return errors.MALFORMED
    if nickname is not None:
        easemob.people.users[name]["nickname"] = nickname
    if style is not None:
        easemob.people.users[name]["style"] = int(style)
    easemob.people.users[name] |= {field: request[field] for field in QUIET if field in request}
    easemob.accept("push.display", user=name, fields=sorted(request))
    return {"path": "/users", "entities": [entity(easemob, name)]}


def set_push_names(easemob: Easemob, call: Call) -> Answer:
    """Users who do not exist are left out, which the page does not say."""
    asked = as_json(call.body)
    if not isinstance(asked, list) or not 0 < len(asked) <= PUSH_NAMES:
        return errors.MALFORMED
    done = []
    for one in asked:
        if not isinstance(one, dict) or not isinstance(one.get("username"), str) or not isinstance(one.get("push_nickname"), str):
            return errors.MALFORMED
        if len(one["push_nickname"]) > LONGEST_NAME:
            return Refusal(400, "illegal_argument", "NICKNAME_TOO_LONG")
        if (name := one["username"].lower()) in easemob.people.users:
            easemob.people.users[name]["nickname"] = one["push_nickname"]
            done.append({"push_nickname": one["push_nickname"], "username": name})
    easemob.accept("push.names", users=[one["username"] for one in done])
    return {"path": "/push", "entities": done}


def offline_count(easemob: Easemob, call: Call) -> Answer:
    name = known(easemob, call)
    return NO_USER if name is None else {"entities": [], "data": {name: easemob.offline[name]}}


def offline_status(easemob: Easemob, call: Call) -> Answer:
    name, message = known(easemob, call), call.path["message"]
    if name is None:
        return NO_USER
    return {"entities": [], "data": {message: "undelivered" if easemob.find(message) and easemob.offline[name] else "delivered"}}


def status(easemob: Easemob, call: Call) -> Answer:
    """Nobody is ever online: devices are not simulated."""
    name = known(easemob, call)
    return NO_USER if name is None else {"path": f"/users/{name}/status", "data": {name: "offline"}}


def statuses(easemob: Easemob, call: Call) -> Answer:
    request = as_object(call.body)
    names = ids(request.get("usernames")) if request else None
    if not names or len(names) > STATUSES:
        return errors.MALFORMED
    return {"data": [{name: "offline"} for name in names]}


def disconnect(easemob: Easemob, call: Call) -> Answer:
    name = known(easemob, call)
    if name is None:
        return NO_USER
    easemob.accept("user.disconnect", user=name)
    return {"data": {"result": True}}


def mute(easemob: Easemob, call: Call) -> Answer:
    """Seconds for each kind of conversation: above 0, 0 to lift, -1 for ever. That it stops REST sends as well one page says, and it does not here."""
    request = as_object(call.body)
    name = str(request.get("username") or "").lower() if request else ""
    if name not in easemob.people.users:
        return NO_USER
    assert request is not None
    given = {kind: request[kind] for kind in ("chat", "groupchat", "chatroom") if kind in request}
    if not given or not all(isinstance(one, int) and one >= -1 for one in given.values()):
        return errors.MALFORMED
    easemob.muted[name] = easemob.muted.get(name, {}) | given
    easemob.accept("mute.global", user=name, **given)
    return {"path": "/mutes", "data": {"result": "ok"}}


def get_mute(easemob: Easemob, call: Call) -> Answer:
    name = known(easemob, call)
    if name is None:
        return NO_USER
    held = dict.fromkeys(("chat", "groupchat", "chatroom"), 0) | easemob.muted.get(name, {})
    return {"path": "/mutes", "data": {"userid": name, **held, "unixtime": easemob.now() // 1000}}


def delete_channel(easemob: Easemob, call: Call) -> Answer:
    """The conversation of one side; nothing that others see changes."""
    name, request = known(easemob, call), as_object(call.body)
    if name is None:
        return NO_USER
    if not request or not isinstance(request.get("channel"), str) or request.get("type") not in ("chat", "groupchat"):
        return errors.MALFORMED
    easemob.accept("channel.delete", user=name, channel=request["channel"])
    return {"path": f"/users/{name}/user_channel", "data": {"result": "ok"}}


def user_token(easemob: Easemob, request: dict[str, Any]) -> dict[str, Any] | Refusal:
    """A user's, by password or by the app's own word; it opens nothing of the REST API."""
    name = str(request.get("username") or "").lower()
    if request["grant_type"] == "inherit" and request.get("autoCreateUser") is True:
        easemob.people.add_user(name, easemob.now())
    user = easemob.people.users.get(name)
    if user is None:
        return Refusal(404, "resource_not_found", "user not found")
    if request["grant_type"] == "password" and user.get("password") != request.get("password"):
        return Refusal(400, "invalid_grant", "invalid username or password")
    token = uuid5(easemob.space, name).hex
    return {"access_token": f"YWMu{token}", "expires_in": int(request.get("ttl") or 5_184_000), "user": entity(easemob, name)}


CALLS = (
    ("GET", "users", "user.list", "user", list_users),
    ("PUT", "users/{user}/password", "user.password", "user", change_password),
    ("POST", "users/{user}/activate", "user.state", "user", activate),
    ("POST", "users/{user}/deactivate", "user.state", "user", deactivate),
    ("DELETE", "users/{user}", "user.delete", "user", delete_user),
    ("PUT", "users/{user}", "push.display", "push.display", set_push),
    ("PUT", "push/nickname", "push.names", "push.names", set_push_names),
    ("GET", "users/{user}/offline_msg_count", "user.offline", "user", offline_count),
    ("GET", "users/{user}/offline_msg_status/{message}", "user.offline", "user", offline_status),
    ("GET", "users/{user}/status", "user.status", "user", status),
    ("POST", "users/batch/status", "user.status", "user", statuses),
    ("GET", "users/{user}/disconnect", "user.disconnect", "user", disconnect),
    ("POST", "mutes", "mute.global", "mute.global", mute),
    ("GET", "mutes/{user}", "mute.global", "mute.global", get_mute),
    ("DELETE", "users/{user}/user_channel", "channel.delete", "channel.delete", delete_channel),
)
