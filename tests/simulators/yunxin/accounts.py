"""Accounts. Source: "Yunxin: Server API, users"."""

import re

import orjson

from tests.simulators.calls import Call
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.state import Yunxin

ACCID = re.compile(r"[A-Za-z0-9_@.\-]{1,32}")
PER_CALL = 200
LIMITS = {"name": 64, "icon": 1024, "token": 128, "sign": 256, "email": 64, "birth": 16, "mobile": 32, "ex": 1024}
SHOWN = ("name", "icon", "sign", "email", "birth", "mobile", "gender", "ex")


def bad_profile(form: dict[str, str]) -> bool:
    too_long = any(len(form.get(name, "")) > limit for name, limit in LIMITS.items())
    return too_long or form.get("gender", "0") not in ("0", "1", "2")


def profile(form: dict[str, str]) -> dict[str, object]:
    return {name: int(form[name]) if name == "gender" else form[name] for name in SHOWN if name in form}


def create_user(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    accid = form.get("accid", "").lower()
    if not ACCID.fullmatch(accid) or bad_profile(form):
        return Refusal(414, "parameter error")
    if not yunxin.people.add_user(accid, yunxin.now(), **profile(form)):
        return Refusal(414, "already register", facts={"user": accid})
    yunxin.accept("user.create", call, user=accid)
    return {"info": {"token": form.get("token") or f"token-{accid}", "accid": accid, "name": form.get("name", "")}}


def get_users(yunxin: Yunxin, call: Call) -> Answer:
    """Unknown accids are left out; the vendor does not say."""
    accids = names(call.form().get("accids", ""))
    if not accids or len(accids) > PER_CALL:
        return Refusal(414, "accids must be a JSON array of at most 200")
    users = yunxin.people.users
    known = [
        {
            "accid": accid,
            **{key: value for key, value in users[accid].items() if key in SHOWN},
            "valid": users[accid].get("valid", True),
            **({"mute": users[accid].get("mute", False)} if call.form().get("muteStatus") == "true" else {}),
        }
        for accid in accids
        if accid in users
    ]
    return {"uinfos": known}


def update_user(yunxin: Yunxin, call: Call) -> Answer:
    """An empty text clears."""
    form = call.form()
    accid = form.get("accid", "").lower()
    if bad_profile(form):
        return Refusal(414, "parameter error")
    if (user := yunxin.people.users.get(accid)) is None:
        return Refusal(414, f"{accid} not register")
    user |= profile(form)
    for key in [key for key, value in user.items() if value == ""]:
        del user[key]
    yunxin.accept("user.update", call, user=accid, **profile(form))
    return {}


def block_user(yunxin: Yunxin, call: Call) -> Answer:
    """The account stays, and nobody logs in with it."""
    accid = call.form().get("accid", "").lower()
    if (user := yunxin.people.users.get(accid)) is None:
        return Refusal(414, f"{accid} not register")
    user["valid"] = False
    yunxin.accept("user.block", call, user=accid)
    return {}


def names(raw: str) -> list[str] | None:
    """A JSON array of ids, numbers among them or not, in lower case; None when it is not one."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str | int) for one in value):
        return None
    return [str(one).lower() for one in value]
