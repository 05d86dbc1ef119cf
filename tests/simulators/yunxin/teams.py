"""Teams and superteams, which differ in the names of some fields. Source: "Yunxin: Server API, teams" and
"Yunxin: Server API, superteams"."""

from collections.abc import Sequence
from typing import Any

from tests.simulators.calls import Call
from tests.simulators.people import Group
from tests.simulators.yunxin.accounts import PER_CALL, names
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.state import Yunxin
from tests.simulators.yunxin.teamlife import happen, invite, managers, muted

LIMITS = {"tname": 64, "msg": 150, "announcement": 1024, "intro": 512, "custom": 1024, "icon": 1024, "attach": 512}
SETTINGS = ("announcement", "intro", "icon", "joinmode", "beinvitemode", "invitemode", "uptinfomode", "upcustommode")
MAXIMUM = 200
MANAGERS = 10
BAD = Refusal(414, "parameter error")
NO_TEAM = Refusal(803, "no such team")
NO_PERMISSION = Refusal(802, "no permission")
NOT_IN = Refusal(804, "not in team")
MANY = ("members", "inviteAccids", "kickAccids", "managerAccids", "muteAccids")
ONE = ("member", "accid")


class Teams:
    """The calls of one kind of team; what a team asks of its callers is the same for both."""

    def __init__(self, *, superteam: bool) -> None:
        self.superteam = superteam
        self._name = "superteam" if superteam else "team"

    def create(self, yunxin: Yunxin, call: Call) -> Answer:
        form = call.form()
        owner, members = form.get("owner", "").lower(), self._listed(form)
        if members is None or not form.get("tname") or too_long(form) or len(members) >= PER_CALL:
            return BAD
        if not self.superteam and (form.get("magree") not in ("0", "1") or not form.get("msg")):
            return Refusal(414, "bad magree or msg")
        if form.get("joinmode") not in ("0", "1", "2"):
            return Refusal(414, "bad joinmode")
        if unknown := unknown_among(yunxin, [owner, *members]):
            return unknown
        team = yunxin.make_group([owner])
        team.name, team.custom = form["tname"], form.get("custom", form.get("serverCustom", ""))
        team.settings |= settings(form)
        if self.superteam:
            team.settings["superteam"] = True
        if (limit := form.get("teamMemberLimit", "")).isdecimal():
            team.settings["max"] = int(limit)
        members, failed = apart(yunxin, members)
        yunxin.accept(f"{self._name}.create", call, group=team.id, members=members)
        self._join(yunxin, call, team, owner, members, form)
        return {"tid": team.id, **failed}

    def add(self, yunxin: Yunxin, call: Call) -> Answer:
        form = call.form()
        team, members = self._find(yunxin, form), self._listed(form)
        if not members or len(members) > PER_CALL or too_long(form):
            return BAD
        if not self.superteam and form.get("magree") not in ("0", "1"):
            return Refusal(414, "bad magree")
        if isinstance(team, Refusal):
            return team
        operator = form.get("owner", "").lower()
        if not manages(team, operator):
            return NO_PERMISSION
        if unknown := unknown_among(yunxin, members):
            return unknown
        new = [member for member in dict.fromkeys(members) if member not in team.members]
        if not new:
            return Refusal(809, "already in team")
        if len(team.members) + len(new) > maximum(team):
            return Refusal(801, "team is full")
        new, failed = apart(yunxin, new)
        yunxin.accept(f"{self._name}.add", call, group=team.id, members=new)
        self._join(yunxin, call, team, operator, new, form)
        return failed

    def kick(self, yunxin: Yunxin, call: Call) -> Answer:
        return self._about_members(yunxin, call, "kick", by_managers=True)

    def add_manager(self, yunxin: Yunxin, call: Call) -> Answer:
        return self._about_members(yunxin, call, "add_manager")

    def remove_manager(self, yunxin: Yunxin, call: Call) -> Answer:
        return self._about_members(yunxin, call, "remove_manager")

    def mute(self, yunxin: Yunxin, call: Call) -> Answer:
        form = call.form()
        if form.get("mute") not in ("0", "1"):
            return BAD
        return self._about_members(yunxin, call, "mute", by_managers=True, mute=form["mute"] == "1")

    def leave(self, yunxin: Yunxin, call: Call) -> Answer:
        form = call.form()
        team, user = self._find(yunxin, form), form.get("accid", "").lower()
        if isinstance(team, Refusal):
            return team
        if user not in team.members:
            return NOT_IN
        if user == team.owner:
            return NO_PERMISSION
        return self._carry_out(yunxin, call, team, "leave", user, [])

    def remove(self, yunxin: Yunxin, call: Call) -> Answer:
        form = call.form()
        team, owner = self._find(yunxin, form), form.get("owner", "").lower()
        if isinstance(team, Refusal):
            return team
        return self._carry_out(yunxin, call, team, "remove", owner, []) if owner == team.owner else NO_PERMISSION

    def update(self, yunxin: Yunxin, call: Call) -> Answer:
        form = call.form()
        team, owner = self._find(yunxin, form), form.get("owner", "").lower()
        if isinstance(team, Refusal):
            return team
        changes = settings(form) | {name: form[name] for name in ("tname", "custom") if name in form}
        if "serverCustom" in form:
            changes["custom"] = form["serverCustom"]
        if not changes or too_long(form):
            return BAD
        if not manages(team, owner):
            return NO_PERMISSION
        return self._carry_out(yunxin, call, team, "update", owner, [], **changes)

    def mute_all(self, yunxin: Yunxin, call: Call) -> Answer:
        """The notification of it is an update; which key tells of the mute is not on the page."""
        form = call.form()
        team, owner = self._find(yunxin, form), form.get("owner", "").lower()
        if isinstance(team, Refusal):
            return team
        kind = {"true": 1, "false": 0}.get(form.get("mute", ""), form.get("muteType"))
        if str(kind) not in ("0", "1", "3"):
            return BAD
        if not manages(team, owner):
            return NO_PERMISSION
        return self._carry_out(yunxin, call, team, "update", owner, [], muteType=int(str(kind)))

    def change_owner(self, yunxin: Yunxin, call: Call) -> Answer:
        form = call.form()
        team, owner, new = self._find(yunxin, form), form.get("owner", "").lower(), form.get("newowner", "").lower()
        if self.superteam:  # so the vendor's server SDK
            new = form.get("accid", new).lower()
        if isinstance(team, Refusal):
            return team
        if form.get("leave") not in ("1", "2"):
            return BAD
        if owner != team.owner:
            return NO_PERMISSION
        if new not in team.members:
            return NOT_IN
        return self._carry_out(yunxin, call, team, "change_owner", owner, [new], leave=form["leave"] == "1")

    def query(self, yunxin: Yunxin, call: Call) -> Answer:
        form = call.form()
        wanted = names(form.get("tids", ""))
        if not wanted or (not self.superteam and form.get("ope") not in ("0", "1")):
            return BAD
        found = [self._find(yunxin, {"tid": tid}) for tid in wanted]
        known = [team for team in found if isinstance(team, Group)]
        if len(known) < len(wanted) and form.get("ignoreInvalid") != "true":
            return NO_TEAM
        return {"tinfos": [shown(team, with_members=form.get("ope") == "1") for team in known]}

    def query_detail(self, yunxin: Yunxin, call: Call) -> Answer:
        team = self._find(yunxin, call.form())
        if isinstance(team, Refusal):
            return team

        def member(user: str) -> dict[str, object]:
            times = {"createtime": team.created, "updatetime": team.created}
            held = team.settings.get("of members", {})
            own = held.get(user, {}) if isinstance(held, dict) else {}
            named = {"nick": own.get("nick", user), "custom": own.get("custom", "")}
            return {"accid": user, "mute": user in muted(team), **named, **times}

        plain = [one for one in team.members if one != team.owner and one not in managers(team)]
        people = {"owner": member(team.owner), "admins": [member(one) for one in managers(team)], "members": [member(one) for one in plain]}
        return {"tinfo": shown(team, with_members=False) | people}

    def joined(self, yunxin: Yunxin, call: Call) -> Answer:
        user = call.form().get("accid", "").lower()
        teams = [
            team for team in yunxin.people.groups.values() if user in team.members and ("superteam" in team.settings) is self.superteam
        ]
        name = "tinfos" if self.superteam else "infos"
        return {"count": len(teams), name: [shown(team, with_members=False) for team in teams]}

    def _about_members(self, yunxin: Yunxin, call: Call, what: str, *, by_managers: bool = False, **changes: Any) -> Answer:
        form = call.form()
        team, members = self._find(yunxin, form), self._listed(form)
        if not members or len(members) > (MANAGERS if "manager" in what else PER_CALL):
            return BAD
        if isinstance(team, Refusal):
            return team
        operator = form.get("owner", "").lower()
        if operator != team.owner and not (by_managers and manages(team, operator)):
            return NO_PERMISSION
        if team.owner in members:
            return NO_PERMISSION
        if any(one not in team.members for one in members):
            return NOT_IN
        return self._carry_out(yunxin, call, team, what, operator, members, **changes)

    def _carry_out(self, yunxin: Yunxin, call: Call, team: Group, what: str, operator: str, users: Sequence[str], **changes: Any) -> Answer:
        facts = {"group": team.id, "operator": operator, "members": list(users), **changes}
        yunxin.accept(f"{self._name}.{what}", call, **facts)
        happen(yunxin, team, what, operator, users, call, **changes)
        return {}

    def _join(self, yunxin: Yunxin, call: Call, team: Group, operator: str, members: list[str], form: dict[str, str]) -> None:
        """With consent given they are in at once; else they are asked."""
        new = [one for one in dict.fromkeys(members) if one not in team.members]
        if not new:
            return
        if self.superteam or form["magree"] == "0":
            happen(yunxin, team, "add", operator, new, call)
        else:
            invite(yunxin, team, "invite", operator, new, form.get("msg", ""), call)

    def _find(self, yunxin: Yunxin, form: dict[str, str]) -> Group | Refusal:
        team = yunxin.people.groups.get(form.get("tid", ""))
        if team is None:
            return NO_TEAM
        return team if ("superteam" in team.settings) is self.superteam else Refusal(805, "wrong type of team")

    def _listed(self, form: dict[str, str]) -> list[str] | None:
        for field in MANY:
            if field in form:
                return names(form[field])
        return next(([form[field].lower()] for field in ONE if form.get(field)), None)


def settings(form: dict[str, str]) -> dict[str, object]:
    """Modes are numbers, the rest is text."""
    given = ((name, form[name]) for name in SETTINGS if name in form)
    return {name: int(value) if name.endswith("mode") and value.isdecimal() else value for name, value in given}


def too_long(form: dict[str, str]) -> bool:
    return any(len(form.get(name, "")) > limit for name, limit in LIMITS.items())


def manages(team: Group, user: str) -> bool:
    return user == team.owner or user in managers(team)


def maximum(team: Group) -> int:
    limit = team.settings.get("max", MAXIMUM)
    assert isinstance(limit, int)
    return limit


def apart(yunxin: Yunxin, users: list[str]) -> tuple[list[str], dict[str, Any]]:
    """Those who may be in one team more, and what the answer says of the others."""
    full = [user for user in users if sum(user in team.members for team in yunxin.people.groups.values()) >= yunxin.options.max_teams]
    return [user for user in users if user not in full], {"faccid": {"accid": full, "msg": "team count exceed"}} if full else {}


def unknown_among(yunxin: Yunxin, users: list[str]) -> Refusal | None:
    unknown = next((one for one in users if one not in yunxin.people.users), None)
    return None if unknown is None else Refusal(414, f"{unknown} not register")


def shown(team: Group, *, with_members: bool) -> dict[str, object]:
    mute = team.settings.get("muteType", 0)
    facts: dict[str, object] = {
        "tname": team.name,
        "owner": team.owner,
        "maxusers": maximum(team),
        "tid": int(team.id) if team.id.isdecimal() else team.id,
        "size": len(team.members),
        "custom": team.custom,
        "muteType": mute,
        "mute": mute != 0,
        "createtime": team.created,
        "updatetime": team.created,
        **{name: team.settings[name] for name in SETTINGS if name in team.settings},
    }
    if not with_members:
        return facts
    plain = [one for one in team.members if one != team.owner and one not in managers(team)]
    return facts | {"admins": managers(team), "members": plain}
