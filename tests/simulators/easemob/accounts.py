"""Users and their attributes. Source: "Easemob: manage users"."""

import re
from typing import Any
from uuid import uuid5

import orjson

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Answer, as_json, as_object, bare
from tests.simulators.easemob.names import ids
from tests.simulators.easemob.state import Easemob

USERNAME = re.compile(r"[a-z0-9_.\-]{1,64}")
PER_CALL = 60
ATTRIBUTES = 2048
NO_USER = Refusal(404, "service_resource_not_found", "Service resource not found")


def register(easemob: Easemob, call: Call) -> Answer:
    """One user, or a list of them; a list of several succeeds in part."""
    asked = as_json(call.body)
    users = [asked] if isinstance(asked, dict) else asked
    if not isinstance(users, list) or not users or not all(isinstance(user, dict) for user in users):
        return errors.MALFORMED
    if len(users) > PER_CALL or (len(users) == PER_CALL and not easemob.options.full_batch):
        size = f"Request body array size[{len(users)}] had almost reached or been greater than the upper range value"
        return Refusal(400, "illegal_argument", f"{size}[{PER_CALL}]")
    names = [str(user.get("username") or "").lower() for user in users]
    for user, name in zip(users, names, strict=True):
        if not USERNAME.fullmatch(name):
            return Refusal(400, "illegal_argument", f"username {name} is not legal")
        if not user.get("password"):
            return Refusal(400, "illegal_argument", "password or pin must provided")
    passwords: dict[str, str] = {}
    for user, name in zip(users, names, strict=True):
        if passwords.setdefault(name, user["password"]) != user["password"]:
            said = f"the same user {name} has a different password, the passwords are {passwords[name]}, {user['password']}"
            return Refusal(400, "duplicate_unique_property_exists", said)
    if len(names) == 1 and names[0] in easemob.people.users:
        return Refusal(
            400,
            "duplicate_unique_property_exists",
            f"Application {easemob.application} Entity user requires that property named username be unique, value of {names[0]} exists",
        )
    now = easemob.now()
    old = [name for name in names if name in easemob.people.users]
    new = [name for name in dict.fromkeys(names) if name not in old]
    for name in new:
        if easemob.moods.chance(easemob.moods.now.swallow):
            continue
        easemob.people.add_user(name, now, password=passwords[name])
        easemob.accept("user.create", user=name)
    failed = [{"username": name, "registerUserFailReason": f"the {name} already exists"} for name in old]
    return {"path": "/users", "entities": [entity(easemob, name) for name in new]} | ({"data": failed} if old else {})


def get_user(easemob: Easemob, call: Call) -> Answer:
    name = call.path["user"].lower()
    if name not in easemob.people.users:
        return NO_USER
    return {"path": "/users", "entities": [entity(easemob, name)], "count": 1}


def entity(easemob: Easemob, name: str) -> dict[str, Any]:
    """A user who was swallowed is shown as well: nobody tells."""
    user = easemob.people.users.get(name, {"created": easemob.now()})
    shown: dict[str, Any] = {
        "uuid": str(uuid5(easemob.space, name)),
        "type": "user",
        "created": user["created"],
        "modified": user["created"],
        "username": name,
        "activated": user.get("activated", True),
    }
    if "nickname" in user:
        shown["nickname"] = user["nickname"]
    return shown | ({"notification_display_style": user["style"]} if "style" in user else {})


def set_attributes(easemob: Easemob, call: Call) -> Answer:
    """A form, not JSON. Source: "Easemob: set user attributes"."""
    if not call.header(b"content-type").startswith("application/x-www-form-urlencoded"):
        return Refusal(415, "unsupported_media_type", "Content type must be application/x-www-form-urlencoded")
    name = call.path["user"].lower()
    if name not in easemob.people.users:
        return NO_USER
    kept = {**easemob.metadata.get(name, {}), **call.form()}
    if len(orjson.dumps(kept)) > ATTRIBUTES:
        return Refusal(403, "FORBIDDEN", "user metadata is too large")
    easemob.metadata[name] = kept
    easemob.accept("metadata.set", user=name, fields=sorted(call.form()))
    return attributes(easemob, call.form())


def get_attributes(easemob: Easemob, call: Call) -> Answer:
    return attributes(easemob, easemob.metadata.get(call.path["user"].lower(), {}))


def drop_attributes(easemob: Easemob, call: Call) -> Answer:
    name = call.path["user"].lower()
    easemob.accept("metadata.drop", user=name)
    easemob.metadata.pop(name, None)
    return attributes(easemob, True)


def get_many_attributes(easemob: Easemob, call: Call) -> Answer:
    request = as_object(call.body)
    targets = ids(request.get("targets")) if request else None
    properties = request.get("properties") if request else None
    if not targets or len(targets) > 100 or not isinstance(properties, list):
        return errors.MALFORMED
    found = {name: easemob.metadata.get(name, {}) for name in targets}
    return attributes(easemob, {name: {key: had[key] for key in properties if key in had} for name, had in found.items()})


def attributes(easemob: Easemob, data: object) -> Answer:
    return bare({"timestamp": easemob.now(), "data": data, "duration": 0})


CALLS = (
    ("POST", "users", "user.create", "user", register),
    ("GET", "users/{user}", "user.get", "user", get_user),
    ("POST", "metadata/user/get", "metadata.get", "metadata.get", get_many_attributes),
    ("PUT", "metadata/user/{user}", "metadata.set", "metadata.set", set_attributes),
    ("GET", "metadata/user/{user}", "metadata.get", "metadata.get", get_attributes),
    ("DELETE", "metadata/user/{user}", "metadata.drop", "metadata.drop", drop_attributes),
)
