"""The life of teams and superteams. Source: "Yunxin: team/create.action" and those beside it, and superteam/ likewise.

Whoever adds, mutes or renames must be owner or manager there, else the server refuses; who joined by themselves are added by the
settings' `operator`, as there is no call for it.
"""

from converters.core import wire
from converters.core.model import Delivery, Loss
from converters.core.operations import (
    AdminsChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    GroupLife,
    MembersAdded,
    MembersRemoved,
    Muted,
    OwnerChanged,
)
from converters.platform import Encoded, Request
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import call, listed, own_id, place
from converters.text import echo_mark

_AT_ONCE, _MANAGERS_AT_ONCE = 200, 10
_LENGTHS = {"tname": 64, "intro": 512, "announcement": 1024, "icon": 1024}
_WELCOME = {"zh": "邀请你加入群组", "en": "You are invited"}

_NOBODY = Encoded((), (Loss("nobody"),))


def team_life(delivery: Delivery, account: YunxinAccount, operation: GroupLife) -> Encoded:
    if isinstance(operation, GroupCreated):
        if not delivery.receiver:
            return _create(delivery, account, operation)
        return _fill(_team(delivery, account), operation)
    team = _team(delivery, account)
    if isinstance(operation, MembersAdded | MembersRemoved | AdminsChanged) and not operation.users:
        return Encoded((), (Loss("empty"),))
    match operation:
        case GroupDismissed():
            return team.act("dismiss" if team.is_super else "remove", {})
        case GroupChanged():
            return _change(team, operation)
        case MembersAdded(users=users):
            return _how(_add(team, users), operation)
        case MembersRemoved(users=users, how="left"):
            return team.calls([("leave", {"accid": delivery.named(user)}) for user in users], owned=False)
        case MembersRemoved(users=users):
            return team.act_on("kick", "kickAccids" if team.is_super else "members", users, {}, _AT_ONCE)
        case OwnerChanged(user=user):
            new = {"accid" if team.is_super else "newowner": delivery.named(user)}
            return team.act("changeOwner", {**new, "leave": "2"}, (user,))
        case AdminsChanged(users=users, added=added):
            verb, field = "addManager" if added else "removeManager", "managerAccids" if team.is_super else "members"
            return team.act_on(verb, field, users, {}, _MANAGERS_AT_ONCE)
        case Muted():
            return _mute(team, operation)


class _Team:
    """Calls about one team in the name of who did it there."""

    def __init__(self, delivery: Delivery, account: YunxinAccount, kind: str, tid: str) -> None:
        self.delivery, self.operator, self.kind, self.tid = delivery, account.operator, kind, tid
        self.done_by, self.language = delivery.sender, account.language
        self.is_super = kind == "superteam"

    def owner(self, users: tuple[str, ...]) -> str:
        """Who does it to *users*: nobody adds, mutes or makes an owner of themselves."""
        named = map(self.delivery.named, users)
        return self.done_by if self.done_by and self.done_by not in named else self.operator

    def calls(self, wanted: list[tuple[str, dict[str, str]]], users: tuple[str, ...] = (), *, owned: bool = True) -> Encoded:
        owner = self.owner(users) if owned else ""
        if owned and not owner:
            return _NOBODY
        requests: list[Request] = []
        for number, (verb, fields) in enumerate(wanted):
            whole = {"tid": self.tid} | ({"owner": owner} if owned else {}) | fields
            requests.append(call(f"{self.kind}/{verb}", whole, own_id(self.delivery, number), repeatable=True))
        return Encoded(tuple(requests))

    def act(self, verb: str, fields: dict[str, str], users: tuple[str, ...] = ()) -> Encoded:
        return self.calls([(verb, fields)], users)

    def act_on(self, verb: str, field: str, users: tuple[str, ...], fields: dict[str, str], at_once: int) -> Encoded:
        names = [self.delivery.named(user) for user in users]
        parts = [names[start : start + at_once] for start in range(0, len(names), at_once)]
        return self.calls([(verb, {field: listed(part), **fields}) for part in parts], users)


def _team(delivery: Delivery, account: YunxinAccount) -> _Team:
    where = place(delivery)
    return _Team(delivery, account, "superteam" if where.kind == 3 else "team", where.to)


def _add(team: _Team, users: tuple[str, ...]) -> Encoded:
    words = {"msg": _WELCOME[team.language]}
    if team.is_super:
        return team.act_on("invite", "inviteAccids", users, words, _AT_ONCE)
    return team.act_on("add", "members", users, {"magree": "0", **words}, _AT_ONCE)


def _how(done: Encoded, added: MembersAdded) -> Encoded:
    """Who is added was invited, as members there read it."""
    joined = added.how == "joined" and done.requests
    return Encoded(done.requests, (*done.losses, Loss("how"))) if joined else done


def _fill(team: _Team, made: GroupCreated) -> Encoded:
    """A new group that is there already, made by hand or by an import: its members come in."""
    team.done_by = team.delivery.named(made.owner) if made.owner else team.done_by
    users = tuple(user for user in made.members if team.delivery.named(user) != team.done_by)
    return _add(team, users) if users else Encoded((), (Loss("empty"),))


def _create(delivery: Delivery, account: YunxinAccount, made: GroupCreated) -> Encoded:
    """`custom` holds our mark: the copy of the first members, and the owner's list of teams, tell us whose team it is."""
    owner = delivery.named(made.owner) if made.owner else delivery.sender or account.operator
    if not owner:
        return _NOBODY
    losses: list[Loss] = []
    members = [one for user in made.members if (one := delivery.named(user)) != owner]
    if len(members) >= _AT_ONCE:
        losses.append(Loss("members", str(len(members) - _AT_ONCE + 1)))
    fields = {
        "tname": _fitting("tname", made.name, losses) or _fitting("tname", delivery.origin, losses) or "-",
        "owner": owner,
        "members": listed(members[: _AT_ONCE - 1]),
        "msg": _WELCOME[account.language],
        "magree": "0",
        "joinmode": "1",
        "beinvitemode": "1",
        "custom": wire.dump_any({account.mark: echo_mark.of_group(delivery, account, owner)}).decode(),
    }
    if made.description:
        fields["intro"] = _fitting("intro", made.description, losses)
    if icon := _fitting("icon", made.avatar, losses):
        fields["icon"] = icon
    return Encoded((call("team/create", fields, own_id(delivery)),), tuple(losses))


def _change(team: _Team, changed: GroupChanged) -> Encoded:
    losses: list[Loss] = []
    known = {
        "tname": changed.name or None,  # a team has a name
        "intro": changed.description,
        "announcement": changed.announcement,
        "icon": changed.avatar,
    }
    fields = {
        name: fitting for name, value in known.items() if value is not None and ((fitting := _fitting(name, value, losses)) or not value)
    }
    if not fields:
        return Encoded((), tuple(losses) or (Loss("empty"),))
    if changed.name == "":
        losses.append(Loss("name"))
    done = team.act("updateTinfo" if team.is_super else "update", fields)
    return Encoded(done.requests, (*done.losses, *losses))


def _mute(team: _Team, muted: Muted) -> Encoded:
    users, on = muted.users, "1" if muted.muted else "0"
    names = [team.delivery.named(user) for user in users]
    if not users:
        done = team.act("mute" if team.is_super else "muteTlistAll", {"muteType": on})
    elif team.is_super:
        done = team.act_on("muteTlist", "muteAccids", users, {"mute": on}, _AT_ONCE)
    else:
        done = team.calls([("muteTlist", {"accid": name, "mute": on}) for name in names], users)
    return Encoded(done.requests, (*done.losses, Loss("until"))) if muted.until and done.requests else done


def _fitting(name: str, value: str, losses: list[Loss]) -> str:
    """*value* as long as it may be; an address that is too long is none."""
    most = _LENGTHS[name]
    if len(value) <= most:
        return value
    losses.append(Loss("length", name))
    return "" if name == "icon" else value[:most]
