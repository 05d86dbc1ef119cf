"""Accounts and teams. Source: "Yunxin: Server API, users" and "Yunxin: Server API, teams"."""

import re

import orjson

from tests.simulators.calls import Call
from tests.simulators.people import Group
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.state import Yunxin

ACCID = re.compile(r"[A-Za-z0-9_@.\-]{1,32}")
PER_CALL = 200


def create_user(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    accid = form.get("accid", "").lower()
    if not ACCID.fullmatch(accid) or len(form.get("name", "")) > 64 or len(form.get("token", "")) > 128:
        return Refusal(414, "parameter error")
    profile = {key: value for key, value in form.items() if key not in ("accid", "token")}
    if not yunxin.people.add_user(accid, yunxin.now(), **profile):
        return Refusal(414, "already register", facts={"user": accid})
    yunxin.accept("user.create", call, user=accid)
    return {
        "info": {"token": form.get("token") or f"token-{accid}", "accid": accid, "name": form.get("name", "")}
    }


def get_users(yunxin: Yunxin, call: Call) -> Answer:
    """Unknown accids are left out; the vendor does not say."""
    accids = names(call.form().get("accids", ""))
    if not accids or len(accids) > PER_CALL:
        return Refusal(414, "accids must be a JSON array of at most 200")
    users = yunxin.people.users
    known = [{"accid": accid, **users[accid], "valid": True} for accid in accids if accid in users]
    for profile in known:
        profile.pop("created", None)
    return {"uinfos": known}


def create_team(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    members, owner = names(form.get("members", "")), form.get("owner", "").lower()
    name, invitation = form.get("tname", ""), form.get("msg", "")
    if (
        members is None
        or not 0 < len(name) <= 64
        or not 0 < len(invitation) <= 150
        or len(members) >= PER_CALL
    ):
        return Refusal(414, "parameter error")
    if form.get("magree") not in ("0", "1") or form.get("joinmode") not in ("0", "1", "2"):
        return Refusal(414, "bad magree or joinmode")
    if unknown := next((one for one in (owner, *members) if one not in yunxin.people.users), None):
        return Refusal(414, f"{unknown} not register")
    team = yunxin.make_group([owner])
    team.name, team.custom = name, form.get("custom", "")
    yunxin.accept("team.create", call, group=team.id, members=members)
    join(yunxin, call, team, members, form["magree"])
    return {"tid": team.id}


def add_members(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    members, team = names(form.get("members", "")), yunxin.people.groups.get(form.get("tid", ""))
    if not members or len(members) > PER_CALL or form.get("magree") not in ("0", "1"):
        return Refusal(414, "parameter error")
    if team is None:
        return Refusal(803, "no such team")
    if form.get("owner", "").lower() != team.owner:
        return Refusal(802, "no permission")
    if unknown := next((one for one in members if one not in yunxin.people.users), None):
        return Refusal(414, f"{unknown} not register")
    new = [member for member in members if member not in team.members]
    if not new:
        return Refusal(809, "already in team")
    yunxin.accept("team.add", call, group=team.id, members=new)
    join(yunxin, call, team, new, form["magree"])
    return {}


def join(yunxin: Yunxin, call: Call, team: Group, newcomers: list[str], consent: str) -> None:
    """With *consent* "0" they are in at once; else nothing is seen of them until they agree."""
    newcomers = [one for one in dict.fromkeys(newcomers) if one not in team.members]
    if consent == "0" and newcomers:
        team.members += newcomers
        yunxin.pull_in(team, newcomers, call)


def query_teams(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    wanted = names(form.get("tids", ""))
    if not wanted or form.get("ope") not in ("0", "1"):
        return Refusal(414, "parameter error")
    known = [team for tid in wanted if (team := yunxin.people.groups.get(tid))]
    if len(known) < len(wanted) and form.get("ignoreInvalid") != "true":
        return Refusal(803, "no such team")
    return {"tinfos": [shown(team, form["ope"] == "1") for team in known]}


def shown(team: Group, with_members: bool) -> dict[str, object]:
    facts: dict[str, object] = {
        "tname": team.name,
        "owner": team.owner,
        "maxusers": 200,
        "tid": int(team.id) if team.id.isdecimal() else team.id,
        "size": len(team.members),
        "custom": team.custom,
        "mute": False,
        "createtime": team.created,
        "updatetime": team.created,
    }
    return facts | {"admins": [], "members": team.members[1:]} if with_members else facts


def names(raw: str) -> list[str] | None:
    """A JSON array of ids, numbers among them or not, in lower case; None when it is not one."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str | int) for one in value):
        return None
    return [str(one).lower() for one in value]
