"""What a customer's server sets and asks about users and groups beside the rest. Source: "RongCloud: users", "… groups", "… notification
settings", "… hosted friends and profiles".
"""

from typing import Any

from tests.simulators.calls import Call
from tests.simulators.people import Group
from tests.simulators.rongcloud.accounts import MINUTE, NAMED, shown
from tests.simulators.rongcloud.errors import NOT_ENABLED, bad, too_long
from tests.simulators.rongcloud.fields import Fields, as_object
from tests.simulators.rongcloud.gate import Answer, Work
from tests.simulators.rongcloud.state import RongCloud

LEVELS = ("-1", "0", "1", "2", "4", "5")
TYPES = ("1", "3", "6", "10")
DEACTIVATED = 100
DEACTIVATED = 100
BLOCKED = 43_200
DAY = 1440
FRIENDS = 100


def page_of(rows: list[Any], fields: Fields, most: int) -> tuple[list[Any], str]:
    """The token is the place of the next, which the vendor's is not."""
    begin, size = fields.number("pageToken", 0) or 0, fields.number("size", most) or most
    page = rows[begin : begin + min(size, most)]
    return page, str(begin + len(page)) if begin + len(page) < len(rows) else ""


def set_notification(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    level = fields.one("unpushLevel") or fields.one("isMuted")
    if fields.one("conversationType") not in TYPES or level not in LEVELS:
        return bad("conversationType or unpushLevel is wrong")
    rongcloud.notifications[fields.one("requestId"), fields.one("conversationType"), fields.one("targetId")] = level
    rongcloud.accept("notification.set", call, user=fields.one("requestId"), target=fields.one("targetId"), level=level)
    return {}


def get_notification(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """``isMuted`` holds the level."""
    key = fields.one("requestId"), fields.one("conversationType"), fields.one("targetId")
    return {"isMuted": int(rongcloud.notifications.get(key, "0"))}


def set_period(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    period = fields.number("period")
    if period is None or not 0 <= period < DAY or len(fields.one("startTime").split(":")) != 3:
        return bad("startTime or period is wrong")
    rongcloud.quiet[fields.one("userId")] = {
        "startTime": fields.one("startTime"),
        "period": period,
        "unPushLevel": fields.number("level", 1),
    }
    rongcloud.accept("quiet.set", call, user=fields.one("userId"))
    return {}


def get_period(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    held = rongcloud.quiet.get(fields.one("userId"))
    return {"data": held} if held else {"data": {}}


def drop_period(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    rongcloud.quiet.pop(fields.one("userId"), None)
    return {}


def listed(field: str, *, add: bool) -> Work:
    def work(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
        named, user = fields.many(field), fields.one("userId")
        if len(named) > NAMED:
            return too_long(f"{field} must be at most {NAMED}")
        held = rongcloud.allowed.setdefault(user, [])
        rongcloud.allowed[user] = held + [one for one in named if one not in held] if add else [one for one in held if one not in named]
        return {}

    return work


def allowed(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    return {"users": rongcloud.allowed.get(fields.one("userId"), [])}


def set_tags(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    rongcloud.tags |= {user: fields.many("tags") for user in (fields.many("userIds") or fields.many("userId"))}
    return {}


def get_tags(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    wanted = fields.many("userIds")
    return (
        too_long("userIds must be at most 50") if len(wanted) > 50 else {"result": {user: rongcloud.tags.get(user, []) for user in wanted}}
    )


def ban_user(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    minutes = fields.number("minute")
    if minutes is None or not 1 <= minutes <= BLOCKED or len(fields.many("userId")) > NAMED:
        return bad(f"minute must be from 1 to {BLOCKED}")
    rongcloud.banned |= dict.fromkeys(fields.many("userId"), rongcloud.now() + minutes * MINUTE)
    return {}


def deactivate(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """Source: "RongCloud: Deactivate users". Who is not there is passed over; the users go within 15 minutes, here at once."""
    users = [user for one in fields.many("userId") for user in one.split(",") if user]
    if not users or len(users) > DEACTIVATED:
        return bad(f"userId must name 1 to {DEACTIVATED} users")
    for user in users:
        if rongcloud.people.users.pop(user, None) is not None:
            rongcloud.accept("user.deactivate", call, user=user)
    return {"operateId": str(rongcloud.now())}


def unban_user(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    for user in fields.many("userId"):
        rongcloud.banned.pop(user, None)
    return {}


def banned_users(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    return {
        "users": [
            {"userId": user, "blockEndTime": shown(rongcloud, end)} for user, end in rongcloud.banned.items() if end > rongcloud.now()
        ]
    }


def free(*, add: bool) -> Work:
    def work(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
        named, held = fields.many("userId"), rongcloud.free.setdefault(fields.one("groupId"), [])
        if len(named) > NAMED:
            return too_long(f"userId must be at most {NAMED}")
        held[:] = [one for one in held if one not in named] + (named if add else [])
        return {}

    return work


def free_users(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    return {"userIds": rongcloud.free.get(fields.one("groupId"), [])}


def sync(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """``group[ID]=NAME``: the user is in these groups and in no other."""
    user = fields.one("userId")
    wanted = fields.named("group")
    for group in rongcloud.people.groups.values():
        if user in group.members and group.id not in wanted:
            group.members.remove(user)
    for group_id, name in wanted.items():
        found = rongcloud.people.groups.setdefault(group_id, Group(group_id, name, user, [], rongcloud.now()))
        found.name = name or found.name
        if user not in found.members:
            found.members.append(user)
    rongcloud.accept("group.sync", call, user=user, groups=sorted(wanted))
    return {}


def hosted(work: Work) -> Work:
    """Of a service that is to be switched on."""

    def checked(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
        return work(rongcloud, call, fields) if rongcloud.options.hosted else NOT_ENABLED

    return checked


def add_friend(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    for one, other in ((fields.one("userId"), fields.one("targetId")), (fields.one("targetId"), fields.one("userId"))):
        rongcloud.friends.setdefault((one, other), {"time": rongcloud.now()})
    rongcloud.accept("friend.add", call, user=fields.one("userId"), friend=fields.one("targetId"))
    return {}


def drop_friends(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    user = fields.one("userId")
    for other in fields.one("targetIds").split(","):
        rongcloud.friends.pop((user, other), None)
        rongcloud.friends.pop((other, user), None)
    return {}


def set_friend(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    held = rongcloud.friends.get((fields.one("userId"), fields.one("targetId")))
    if held is None:
        return bad("targetId is no friend")
    held["remarkName"] = fields.one("remarkName")
    return {}


def get_friends(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    user = fields.one("userId")
    rows = [
        {"userId": other, "name": other, "remarkName": "", "friendExtProfile": "{}", **facts}
        for (one, other), facts in rongcloud.friends.items()
        if one == user
    ]
    page, token = page_of(rows, fields, FRIENDS)
    return {"totalCount": len(rows), "pageToken": token, "friendList": page}


def set_profile(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    rongcloud.profiles[fields.one("userId")] = {
        "userProfile": as_object(fields.one("userProfile")) or {},
        "userExtProfile": fields.one("userExtProfile"),
    }
    return {}


def get_profiles(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    wanted = fields.one("userId").split(",")
    return {"userProfiles": [{"userId": user, **rongcloud.profiles[user]} for user in wanted if user in rongcloud.profiles]}


def all_users(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """In a development environment alone."""
    if not rongcloud.options.max_users:
        return NOT_ENABLED
    return {"users": [{"userId": user} for user in rongcloud.people.users]}


CALLS: dict[str, tuple[str, tuple[str, ...], Work]] = {
    "conversation/notification/set": ("notification.set", ("conversationType", "requestId", "targetId"), set_notification),
    "conversation/notification/get": ("notification.get", ("conversationType", "requestId", "targetId"), get_notification),
    "user/blockPushPeriod/set": ("quiet.set", ("userId", "startTime", "period"), set_period),
    "user/blockPushPeriod/get": ("quiet.get", ("userId",), get_period),
    "user/blockPushPeriod/delete": ("quiet.delete", ("userId",), drop_period),
    "user/whitelist/add": ("user.allow", ("userId", "whiteUserId"), listed("whiteUserId", add=True)),
    "user/whitelist/remove": ("user.disallow", ("userId", "whiteUserId"), listed("whiteUserId", add=False)),
    "user/whitelist/query": ("user.allowed", ("userId",), allowed),
    "user/tag/set": ("user.tag", ("userId",), set_tags),
    "user/tag/batch/set": ("user.tag", ("userIds",), set_tags),
    "user/tags/get": ("user.tags", ("userIds",), get_tags),
    "user/deactivate": ("user.deactivate", ("userId",), deactivate),
    "user/block": ("user.ban", ("userId", "minute"), ban_user),
    "user/unblock": ("user.unban", ("userId",), unban_user),
    "user/block/query": ("user.banned", (), banned_users),
    "user/query": ("user.list", (), all_users),
    "group/user/ban/whitelist/add": ("group.free", ("userId", "groupId"), free(add=True)),
    "group/user/ban/whitelist/rollback": ("group.unfree", ("userId", "groupId"), free(add=False)),
    "group/user/ban/whitelist/query": ("group.freed", ("groupId",), free_users),
    "group/sync": ("group.sync", ("userId",), sync),
    "friend/add": ("friend.add", ("userId", "targetId"), hosted(add_friend)),
    "friend/delete": ("friend.delete", ("userId", "targetIds"), hosted(drop_friends)),
    "friend/profile/set": ("friend.set", ("userId", "targetId"), hosted(set_friend)),
    "friend/get": ("friend.get", ("userId",), hosted(get_friends)),
    "user/profile/set": ("profile.set", ("userId",), hosted(set_profile)),
    "user/profile/batch/query": ("profile.get", ("userId",), hosted(get_profiles)),
}
"""Path, name in the journal, required fields."""
