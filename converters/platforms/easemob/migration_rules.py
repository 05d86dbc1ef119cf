"""What Easemob takes in a migration.

Sources: "Easemob: User management", "User attributes", "Manage contacts", "Manage groups", "Import messages", "Limits", "Pricing: features of editions".
"""

from collections.abc import Callable
from typing import Literal

from msgspec import structs

from converters.core import wire
from converters.core.model import Event
from converters.core.operations import Post
from converters.inventory import AnyItem, Friendship, Group, GroupMember, Room, RoomMember, Setting, User
from converters.migration_rules import Call, Edition, MigrationRules, Quota, TextLimit
from converters.platforms.easemob.order_list import order
from converters.probing import Findings

_USER = "users"
"""Registration, password, push nickname and push style share it; one page adds all push settings, which the careful reading believes."""


def attributes_of(item: AnyItem) -> dict[str, str]:
    """The profile of a user under the names that the clients read."""
    if not isinstance(item, User):
        return {}
    gender = {"": "", "male": "1", "female": "2"}[item.gender]
    known = {
        "nickname": item.name,
        "avatarurl": item.avatar,
        "phone": item.phone,
        "mail": item.mail,
        "gender": gender,
        "sign": item.sign,
        "birth": item.birth,
    }
    return {**{name: value for name, value in known.items() if value}, **item.attributes}


def message_size(event: Event) -> int:
    """Body and extension. The page does not say what exactly is counted: our own mark, about 200 bytes, is in it."""
    operation = event.operation
    if not isinstance(operation, Post):
        return 0
    return len(wire.dump(operation.body)) + (len(wire.dump_any(operation.ext)) if operation.ext else 2) + 200


def _here(item: AnyItem) -> int:
    """Whose account is gone at the source gets none."""
    return int(isinstance(item, User) and item.state != "deleted")


def _attributes(item: AnyItem) -> int:
    return int(bool(_here(item) and attributes_of(item)))


def _push_name(item: AnyItem) -> int:
    return int(isinstance(item, User) and bool(_here(item) and (item.push_name or item.name)))


def _push_style(item: AnyItem) -> int:
    return int(isinstance(item, User) and bool(_here(item) and item.push_style))


def _banned(item: AnyItem) -> int:
    return int(isinstance(item, User) and item.state == "banned")


def _remarks(item: AnyItem) -> int:
    return bool(item.remark) + bool(item.friend_remark) if isinstance(item, Friendship) else 0


def _member(item: AnyItem) -> int:
    """The owner comes with the group; of a room, only who has a role or a mute."""
    if isinstance(item, RoomMember):
        return int(item.role != "owner" and bool(item.role == "admin" or item.muted or item.allowed))
    return int(isinstance(item, GroupMember) and item.role != "owner")


def _admin(item: AnyItem) -> int:
    return int(isinstance(item, GroupMember | RoomMember) and item.role == "admin")


def _muted(item: AnyItem) -> int:
    return int(isinstance(item, GroupMember | RoomMember) and item.muted and item.role != "owner")


def _allowed(item: AnyItem) -> int:
    """Who is not on a room's list leaves it two minutes after going offline, and an admin has to be in it."""
    if isinstance(item, RoomMember):
        return int(item.role != "owner" and (item.allowed or item.role == "admin"))
    return int(isinstance(item, GroupMember) and item.allowed)


def _member_attributes(item: AnyItem) -> int:
    return int(isinstance(item, GroupMember) and bool(item.name or item.attributes))


def _invites(item: AnyItem) -> int:
    """A call that makes a public group takes no notice of it."""
    return int(isinstance(item, Group) and item.public and item.invites)


def _announced(item: AnyItem) -> int:
    return int(isinstance(item, Group | Room) and bool(item.announcement))


def _all_muted(item: AnyItem) -> int:
    return int(isinstance(item, Group | Room) and item.muted)


def _rings(item: AnyItem) -> int:
    if not isinstance(item, Setting):
        return 0
    alone = not item.peer and not item.group
    return bool(item.mode or item.until or (alone and item.quiet_from and item.quiet_to)) + bool(item.language)


def _call(api: str, kind: str, entries: Callable[[AnyItem], int] | None = None, batch: int = 1, quota: str = "") -> Call:
    """One of its own owner, group or room, where several entries go in it."""
    together: Literal["all", "owner"] = "owner" if batch > 1 and kind != "user" else "all"
    return Call(api=api, kind=kind, quota=quota or api, batch=batch, together=together, entries=entries or (lambda _: 1))


CALLS = (
    _call("users", "user", _here, 59, _USER),  # one error says that exactly 60 may be too many
    _call("users/attributes", "user", _attributes),
    _call("push/nickname", "user", _push_name, 50, _USER),
    _call("push/style", "user", _push_style, quota=_USER),
    _call("users/state", "user", _banned, quota=_USER),
    _call("contacts/import", "friendship", batch=10),
    _call("contacts/remark", "friendship", _remarks),
    _call("blocks/add", "block", batch=50, quota="blocks"),
    _call("chatgroups/create", "group"),
    _call("chatgroups/modify", "group", _invites),
    _call("chatgroups/announcement", "group", _announced),
    _call("chatgroups/ban", "group", _all_muted),
    _call("chatrooms/create", "room", quota="rooms-create"),
    _call("chatrooms/announcement", "room", _announced),
    _call("chatrooms/ban", "room", _all_muted),
    _call("chatgroups/users/add", "member", _member, 60),
    _call("chatgroups/admin", "member", _admin),
    _call("chatgroups/mute", "member", _muted, 60),
    _call("chatgroups/white/add", "member", _allowed, 60),
    _call("chatgroups/attributes", "member", _member_attributes, 20),
    _call("chatgroups/blocks/add", "group-block", batch=60),
    _call("chatrooms/users/add", "room-member", _member, 60),
    _call("chatrooms/white/add", "room-member", _allowed, 60),
    _call("chatrooms/admin", "room-member", _admin),
    _call("chatrooms/mute", "room-member", _muted, 60),
    _call("notification", "setting", _rings, quota=_USER),
    Call(api="messages/users/import", kind="message", quota="messages/users/import", conversation="direct"),
    Call(api="messages/chatgroups/import", kind="message", quota="messages/chatgroups/import", conversation="group"),
)

_OTHER_AMOUNTS = {"blocks": 50, "rooms-create": 50}
_PUSH = ("push/nickname", "push/style", "notification")
"""Those of which pages disagree whether they count for registration."""


def found(rules: MigrationRules, findings: Findings) -> MigrationRules:
    def known(call: Call) -> Call:
        if call.api == "users" and findings.full_batch:
            return structs.replace(call, batch=call.batch + 1)
        if call.api in _PUSH and findings.shared is not None and call.api not in findings.shared:
            return structs.replace(call, quota=call.api)
        return call

    calls = tuple(known(call) for call in rules.calls)
    amounts = {quota.name: quota.amount for quota in rules.quotas}
    alone = {call.quota for call in calls} - amounts.keys()
    return structs.replace(rules, calls=calls, quotas=(*rules.quotas, *(Quota(name, 100) for name in sorted(alone))))


MIGRATION = MigrationRules(
    texts={
        "user.name": TextLimit(64),
        "user.avatar": TextLimit(256),
        "user.phone": TextLimit(32),
        "user.mail": TextLimit(64),
        "user.sign": TextLimit(256),
        "user.birth": TextLimit(64),
        "user.push_name": TextLimit(100),
        "friendship.remark": TextLimit(100),
        "friendship.friend_remark": TextLimit(100),
        "group.name": TextLimit(128),
        "group.description": TextLimit(512),
        "group.avatar": TextLimit(1024),
        "group.announcement": TextLimit(512),
        "group.ext": TextLimit(8192, "bytes"),
        "member.name": TextLimit(512, "bytes"),
        "room.name": TextLimit(128),
        "room.description": TextLimit(512),
        "room.announcement": TextLimit(512),
    },
    attributes=2048,
    attributes_of=attributes_of,
    member_attributes=4096,
    message=5000,
    message_size=message_size,
    phone_ids=False,
    editions={
        "flagship": Edition(friends=3000, blocks=500, members=3000, admins=99, joined=3000, retention=90),
        "pro": Edition(friends=3000, blocks=500, members=300, admins=99, joined=600, retention=7),
        "free": Edition(friends=100, blocks=500, members=100, admins=99, joined=100, retention=3),
    },
    history=frozenset({"direct", "group"}),
    after_creation=True,
    quotas=tuple(Quota(name, _OTHER_AMOUNTS.get(name, 100)) for name in sorted({call.quota for call in CALLS})),
    calls=CALLS,
    order=order,
    found=found,
)
