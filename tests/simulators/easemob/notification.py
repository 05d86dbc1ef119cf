"""Do-not-disturb and the language of pushes. Source: "Easemob: set up offline push"."""

import re
from typing import Any

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Answer, as_object
from tests.simulators.easemob.state import Easemob

INTERVAL = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
TYPES = ("DEFAULT", "ALL", "AT", "NONE")
WEEK = 604_800_000
UNKNOWN = Refusal(400, "RequiredPropertyNotFoundException", "user not found")


def wrong(name: str) -> Refusal:
    return Refusal(400, "IllegalArgumentException", f"parameters is invalid : {name}")


def set_one(easemob: Easemob, call: Call) -> Answer:
    """The interval counts for the global setting alone, whose key is the user's own id; the answer has the end of a silence."""
    user, kind, key = (call.path[part].lower() for part in ("user", "kind", "key"))
    request = as_object(call.body)
    if user not in easemob.people.users:
        return UNKNOWN
    if kind not in ("user", "chatgroup"):
        return wrong("chattype")
    if request is None:
        return errors.MALFORMED
    alone = kind == "user" and key == user
    mode, interval, duration = request.get("type"), request.get("ignoreInterval"), request.get("ignoreDuration")
    if mode is not None and (mode not in TYPES or (alone and mode == "DEFAULT")):
        return wrong("type")
    if interval and (not isinstance(interval, str) or not INTERVAL.fullmatch(interval)):
        return wrong("ignoreInterval")
    if duration is not None and (isinstance(duration, bool) or not isinstance(duration, int) or not 0 <= duration <= WEEK):
        return wrong("ignoreDuration")
    held = easemob.notifications.setdefault((user, kind, key), {})
    if mode is not None:
        held["type"] = mode
    if interval and alone:
        held["ignoreInterval"] = interval
    if duration is not None:
        held["ignoreDuration"] = easemob.now() + duration if duration else 0
    easemob.accept("notification", user=user, chat=kind, key=key, fields=sorted(request))
    return shown(held)


def get_one(easemob: Easemob, call: Call) -> Answer:
    user, kind, key = (call.path[part].lower() for part in ("user", "kind", "key"))
    return UNKNOWN if user not in easemob.people.users else shown(easemob.notifications.get((user, kind, key), {}))


def shown(held: dict[str, Any]) -> Answer:
    return {"path": "/users", "entities": [], "data": {"type": "DEFAULT", "ignoreInterval": "", "ignoreDuration": 0} | held}


def set_language(easemob: Easemob, call: Call) -> Answer:
    user, request = call.path["user"].lower(), as_object(call.body)
    language = request.get("translationLanguage") if request else None
    if user not in easemob.people.users:
        return UNKNOWN
    if not isinstance(language, str) or not language:
        return wrong("translationLanguage")
    easemob.people.users[user]["language"] = language
    easemob.accept("notification.language", user=user, language=language)
    return {"path": "/users", "entities": [], "data": {"language": language}}


def get_language(easemob: Easemob, call: Call) -> Answer:
    user = call.path["user"].lower()
    if user not in easemob.people.users:
        return UNKNOWN
    return {"path": "/users", "entities": [], "data": {"language": easemob.people.users[user].get("language", "")}}


CALLS = (
    ("PUT", "users/{user}/notification/language", "notification.language", "notification", set_language),
    ("GET", "users/{user}/notification/language", "notification.language", "notification", get_language),
    ("PUT", "users/{user}/notification/{kind}/{key}", "notification", "notification", set_one),
    ("GET", "users/{user}/notification/{kind}/{key}", "notification", "notification", get_one),
)
