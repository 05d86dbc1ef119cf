"""What a migration reads beside the rest, and the calls about users that nothing else needs. Source: "Yunxin: Server API, users", "… teams",
"… superteams", "Yunxin: history/querySessionList.action".

Of ``superteam/getTlists`` the names of the answer's fields are on no page: ``tlists`` is the name in the official server SDK for Java 1.2.0, as are
``data`` around sessions and ``tinfos`` of ``superteam/joinTeams``.
"""

from typing import Any

from tests.simulators.calls import Call
from tests.simulators.messages import between_two
from tests.simulators.people import Group
from tests.simulators.yunxin import roomlists
from tests.simulators.yunxin.accounts import names
from tests.simulators.yunxin.gate import Answer, Refusal, Work
from tests.simulators.yunxin.history import item
from tests.simulators.yunxin.state import Yunxin
from tests.simulators.yunxin.teamlife import managers, muted
from tests.simulators.yunxin.teams import BAD, NO_PERMISSION, NO_TEAM, NOT_IN, manages

PAGE = 100


def unknown(user: str) -> Refusal:
    return Refusal(414, f"{user} not register")


def known(yunxin: Yunxin, call: Call) -> dict[str, object] | Refusal:
    user = call.form().get("accid", "").lower()
    return yunxin.people.users.get(user) or unknown(user)


def update_token(yunxin: Yunxin, call: Call) -> Answer:
    found = known(yunxin, call)
    if isinstance(found, Refusal):
        return found
    found["token"] = call.form().get("token", found.get("token", ""))
    yunxin.accept("user.token", call, user=call.form()["accid"].lower())
    return {}


def refresh_token(yunxin: Yunxin, call: Call) -> Answer:
    found = known(yunxin, call)
    if isinstance(found, Refusal):
        return found
    user = call.form()["accid"].lower()
    found["token"] = f"token-{user}-{yunxin.now()}"
    return {"info": {"token": found["token"], "accid": user}}


def flagged(field: str, value: object, api: str) -> Work:
    def work(yunxin: Yunxin, call: Call) -> Answer:
        found = known(yunxin, call)
        if isinstance(found, Refusal):
            return found
        found[field] = value if value is not None else call.form().get("mute", call.form().get("donnopOpen")) == "true"
        yunxin.accept(api, call, user=call.form()["accid"].lower())
        return {}

    return work


def online(yunxin: Yunxin, call: Call) -> Answer:
    """Nobody is: devices are not simulated."""
    accids = names(call.form().get("accids", ""))
    if not accids:
        return BAD
    return {"data": {"invalidAccids": [one for one in accids if one not in yunxin.people.users], "status": {}}}


def friendship(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    pair = form.get("accid", "").lower(), form.get("faccid", "").lower()
    facts = yunxin.friends.get(pair)
    return Refusal(404, "not a friend") if facts is None else {"friend": {"faccid": pair[1], "bidirection": True, **facts}}


def team_of(yunxin: Yunxin, call: Call) -> Group | Refusal:
    return yunxin.people.groups.get(call.form().get("tid", "")) or NO_TEAM


def list_mutes(yunxin: Yunxin, call: Call) -> Answer:
    team = team_of(yunxin, call)
    if isinstance(team, Refusal):
        return team
    if not manages(team, call.form().get("owner", "").lower()):
        return NO_PERMISSION
    return {"mutes": [{"nick": nick(team, one), "accid": one, "tid": team.id, "type": 0} for one in muted(team)]}


def facts_of(team: Group, user: str) -> dict[str, Any]:
    held = team.settings.setdefault("of members", {})
    assert isinstance(held, dict)
    facts: dict[str, Any] = held.setdefault(user, {})
    return facts


def nick(team: Group, user: str) -> str:
    return str(facts_of(team, user).get("nick", ""))


def mute_team(yunxin: Yunxin, call: Call) -> Answer:
    """``ope`` 1: its reminders are off for this member, 2: on again."""
    team, form = team_of(yunxin, call), call.form()
    user = form.get("accid", "").lower()
    if isinstance(team, Refusal):
        return team
    if user not in team.members:
        return NOT_IN
    if form.get("ope") not in ("1", "2"):
        return BAD
    facts_of(team, user)["silent"] = form["ope"] == "1"
    yunxin.accept("team.remind", call, group=team.id, user=user)
    return {}


def update_nick(yunxin: Yunxin, call: Call) -> Answer:
    team, form = team_of(yunxin, call), call.form()
    user = form.get("accid", "").lower()
    if isinstance(team, Refusal):
        return team
    if not manages(team, form.get("owner", "").lower()):
        return NO_PERMISSION
    if user not in team.members:
        return NOT_IN
    if len(form.get("nick", "")) > 32 or len(form.get("custom", "")) > 1024:
        return BAD
    facts_of(team, user).update({key: form[key] for key in ("nick", "custom") if key in form})
    yunxin.accept("team.nick", call, group=team.id, user=user)
    return {}


def memberships(yunxin: Yunxin, call: Call) -> Answer:
    user = call.form().get("accid", "").lower()
    teams = [team for team in yunxin.people.groups.values() if user in team.members and "superteam" not in team.settings]
    return {
        "data": [
            {
                "tid": int(team.id) if team.id.isdecimal() else team.id,
                "accid": user,
                "nick": nick(team, user),
                "mute": user in muted(team),
                "managerPushEnable": False,
                "pushEnable": not facts_of(team, user).get("silent"),
                "createtime": team.created,
                "updatetime": team.created,
            }
            for team in teams
        ]
    }


def superteam_members(yunxin: Yunxin, call: Call) -> Answer:
    """By the time of joining: here all of a team have that of its creation, each a millisecond behind the one before."""
    team, form = team_of(yunxin, call), call.form()
    limit, since = form.get("limit", "100"), form.get("timetag", "0")
    if isinstance(team, Refusal) or "superteam" not in team.settings:
        return NO_TEAM
    if not (limit.isdecimal() and since.isdecimal() and 1 <= int(limit) <= PAGE):
        return BAD
    listed: list[dict[str, Any]] = [
        {
            "accid": user,
            "nick": nick(team, user),
            "type": 1 if user == team.owner else 2 if user in managers(team) else 0,
            "silentType": int(user in muted(team)),
            "custom": str(facts_of(team, user).get("custom", "")),
            "createtime": team.created + place,
        }
        for place, user in enumerate(team.members)
    ]
    return {"tlists": [one for one in listed if one["createtime"] >= int(since)][: int(limit)]}


def sessions(yunxin: Yunxin, call: Call) -> Answer:
    """The newest first, from before ``maxTimestamp`` on; a session of two has the peer's accid, one of a team the tid."""
    form = call.form()
    user = form.get("accid", "").lower()
    if user not in yunxin.people.users:
        return unknown(user)
    least, most = int(form.get("minTimestamp", "0")), int(form.get("maxTimestamp", str(1 << 62)))
    limit = int(form.get("limit", "100"))
    if not 1 <= limit <= PAGE or least >= most:
        return BAD
    talks: list[dict[str, Any]] = []
    for peer in yunxin.people.users:
        if peer != user and (last := yunxin.archive.latest(between_two(user, peer))):
            talks.append({"sessionType": 0, "accid": peer, "updateTime": last.time, "lastMsg": item(yunxin, last)})
    for team in yunxin.people.groups.values():
        if user in team.members and (last := yunxin.archive.latest(f"group|{team.id}")):
            kind = 2 if "superteam" in team.settings else 1
            talks.append({"sessionType": kind, "tid": team.id, "updateTime": last.time, "lastMsg": item(yunxin, last)})
    talks = sorted((one for one in talks if least <= one["updateTime"] < most), key=lambda one: -one["updateTime"])
    page = talks[:limit]
    if form.get("needLastMsg") == "0":
        page = [{key: value for key, value in one.items() if key != "lastMsg"} for one in page]
    answer = {"hasMore": len(talks) > limit, "sessions": page}
    return {"data": answer} if yunxin.options.sessions == "within" else answer


CLASSIC: dict[str, tuple[str, Work]] = {
    "user/update": ("user.token", update_token),
    "user/refreshToken": ("user.token", refresh_token),
    "user/block": ("user.block", flagged("valid", value=False, api="user.block")),
    "user/unblock": ("user.unblock", flagged("valid", value=True, api="user.unblock")),
    "user/mute": ("user.mute", flagged("mute", value=None, api="user.mute")),
    "user/setDonnop": ("user.donnop", flagged("donnop", value=None, api="user.donnop")),
    "user/userOnlineStatus": ("user.online", online),
    "friend/getByAccid": ("friend.get", friendship),
    "team/listTeamMute": ("team.query", list_mutes),
    "team/muteTeam": ("team.remind", mute_team),
    "team/updateTeamNick": ("team.nick", update_nick),
    "team/listMemberInfo": ("team.query", memberships),
    "superteam/getTlists": ("superteam.query", superteam_members),
    "history/querySessionList": ("history.sessions", sessions),
    "chatroom/membersByPage": ("chatroom.get", roomlists.members),
    "chatroom/queryUserRoomIds": ("chatroom.get", roomlists.open_rooms),
}
