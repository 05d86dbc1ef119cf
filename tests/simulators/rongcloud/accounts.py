"""Users, groups and who may not speak. Source: "RongCloud: users" and "RongCloud: groups"."""

from datetime import UTC, datetime

from tests.simulators.calls import Call
from tests.simulators.people import Group
from tests.simulators.rongcloud.errors import TOO_MANY_USERS, bad, too_long
from tests.simulators.rongcloud.fields import Fields
from tests.simulators.rongcloud.gate import Answer
from tests.simulators.rongcloud.log import BEIJING
from tests.simulators.rongcloud.state import RongCloud

ID = 64
NAME = 64
PORTRAIT = 1024
MEMBERS = 1000
NAMED = 20
LONGEST = 43200
MINUTE = 60_000


def get_token(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """The first one makes the user."""
    user, name, portrait = fields.one("userId"), fields.one("name"), fields.one("portraitUri")
    if len(user.encode()) > ID or len(name) > NAME or len(portrait.encode()) > PORTRAIT:
        return too_long("userId, name or portraitUri is too long")
    users, most = rongcloud.people.users, rongcloud.options.max_users
    if user not in users and most and len(users) >= most:
        return TOO_MANY_USERS
    new = rongcloud.people.add_user(user, rongcloud.now())
    users[user] |= {"name": name, "portrait": portrait}
    rongcloud.accept("user.create" if new else "user.token", call, user=user)
    return {"userId": user, "token": f"token-{user}@{rongcloud.options.app_key}"}


def refresh(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    profile = rongcloud.people.users.get(fields.one("userId"))
    if profile is None:
        return bad("userId is not known")
    for key, name in (("name", "name"), ("portrait", "portraitUri")):
        if fields.has(name):
            profile[key] = fields.one(name)
    return {}


def info(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    profile = rongcloud.people.users.get(fields.one("userId"))
    if profile is None:
        return bad("userId is not known")
    return {
        "userName": profile["name"],
        "userPortrait": profile.get("portrait", ""),
        "createTime": shown(rongcloud, int(str(profile["created"]))),
    }


def check_online(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    return {"status": "1" if rongcloud.online.get(fields.one("userId")) == "0" else "0"}


def groups_of(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """The first 5000, or a page of 1000 at most."""
    user = fields.one("userId")
    mine = [{"id": group.id, "name": group.name} for group in rongcloud.people.groups.values() if user in group.members]
    page, size = fields.number("page"), fields.number("size", 1000) or 1000
    if page is None:
        return {"groups": mine[:5000]}
    return {"groups": mine[(page - 1) * size : page * size]} if 1 <= size <= 1000 else bad("size must be 1 to 1000")


def block(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """``userId`` no longer gets what ``blackUserId`` says."""
    named = fields.many("blackUserId")
    if len(named) > NAMED:
        return too_long(f"blackUserId must be at most {NAMED}")
    black = rongcloud.blocked.setdefault(fields.one("userId"), [])
    black += [one for one in named if one not in black]
    return {}


def unblock(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    named, user = fields.many("blackUserId"), fields.one("userId")
    rongcloud.blocked[user] = [one for one in rongcloud.blocked.get(user, ()) if one not in named]
    return {}


def blocked(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """All, or by page with ``size``; the token is the place of the next, which the vendor's is not."""
    black = rongcloud.blocked.get(fields.one("userId"), [])
    size, begin = fields.number("size"), fields.number("pageToken", 0) or 0
    if size is None:
        return {"users": black}
    page = black[begin : begin + size]
    more = begin + len(page) < len(black)
    return {"users": page} | ({"pageToken": str(begin + len(page))} if more else {})


def create_group(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """One that exists is joined and renamed, as by a join."""
    named, group_id = fields.many("userId"), fields.one("groupId")
    if len(named) > MEMBERS or len(fields.one("groupName")) > NAME or len(group_id) > ID:
        return too_long("userId, groupId or groupName is too long")
    groups = rongcloud.people.groups
    if group_id in groups:
        join(rongcloud, call, fields)
    else:
        groups[group_id] = Group(group_id, fields.one("groupName"), named[0], named, rongcloud.now())
        rongcloud.accept("group.create", call, group=group_id, members=named)
    return {}


def join(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    named, group = fields.many("userId"), rongcloud.people.groups.get(fields.one("groupId"))
    if len(named) > MEMBERS:
        return too_long(f"userId must be at most {MEMBERS}")
    if group is None:
        return bad("groupId is not known")
    group.members += [one for one in named if one not in group.members]
    group.name = fields.one("groupName", group.name)
    rongcloud.accept("group.add", call, group=group.id, members=named)
    return {}


def leave(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    named, group = fields.many("userId"), rongcloud.people.groups.get(fields.one("groupId"))
    if len(named) > MEMBERS:
        return too_long(f"userId must be at most {MEMBERS}")
    if group is None:
        return bad("groupId is not known")
    group.members[:] = [one for one in group.members if one not in named]
    rongcloud.accept("group.remove", call, group=group.id, members=named)
    return {}


def dismiss(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """Any user may."""
    group = rongcloud.people.groups.pop(fields.one("groupId"), None)
    if group is None:
        return bad("groupId is not known")
    rongcloud.accept("group.dismiss", call, group=group.id, operator=fields.one("userId"))
    return {}


def rename(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    group = rongcloud.people.groups.get(fields.one("groupId"))
    if group is None:
        return bad("groupId is not known")
    group.name = fields.one("groupName")
    rongcloud.accept("group.rename", call, group=group.id, name=group.name)
    return {}


def members(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    group = rongcloud.people.groups.get(fields.one("groupId"))
    return bad("groupId is not known") if group is None else {"users": [{"id": one} for one in group.members]}


def gag(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """0 minutes are for ever, no group is every group; sends over the API are not bound by it."""
    named, minutes = fields.many("userId"), fields.number("minute")
    if len(named) > NAMED:
        return too_long(f"userId must be at most {NAMED}")
    if minutes is None or not 0 <= minutes <= LONGEST:
        return bad(f"minute must be from 0 to {LONGEST}")
    end = rongcloud.now() + minutes * MINUTE if minutes else 0
    rongcloud.gags |= {(fields.one("groupId"), user): end for user in named}
    rongcloud.accept("group.gag", call, group=fields.one("groupId"), members=named)
    return {}


def ungag(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    for user in fields.many("userId"):
        rongcloud.gags.pop((fields.one("groupId"), user), None)
    rongcloud.accept("group.ungag", call, group=fields.one("groupId"), members=fields.many("userId"))
    return {}


def gagged(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    group, now = fields.one("groupId"), rongcloud.now()
    listed = [
        {"userId": user, "time": shown(rongcloud, end)}
        for (place, user), end in rongcloud.gags.items()
        if place == group and (not end or end > now)
    ]
    return {"users": listed}


def ban(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """Nobody of these groups may speak in the app; sends over the API are not bound by it."""
    named = fields.many("groupId")
    if len(named) > NAMED:
        return too_long(f"groupId must be at most {NAMED}")
    rongcloud.muted_groups |= set(named)
    rongcloud.accept("group.ban", call, groups=named)
    return {}


def unban(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    named = fields.many("groupId")
    if len(named) > NAMED:
        return too_long(f"groupId must be at most {NAMED}")
    rongcloud.muted_groups -= set(named)
    rongcloud.accept("group.unban", call, groups=named)
    return {}


def bans(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """With a page the groups that are named do not matter."""
    named = [] if fields.has("page") or fields.has("size") else fields.many("groupId")
    return {"groupinfo": [{"groupId": one, "stat": int(one in rongcloud.muted_groups)} for one in named or sorted(rongcloud.muted_groups)]}


def shown(rongcloud: RongCloud, time: int) -> str:
    """By the clocks of the data centre, which the pages do not say."""
    zone = UTC if rongcloud.options.overseas else BEIJING
    return f"{datetime.fromtimestamp(time / 1000, zone):%Y-%m-%d %H:%M:%S}"
