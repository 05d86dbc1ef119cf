"""What Easemob takes in a migration.

Sources: "Easemob: User management", "User attributes", "Manage contacts", "Manage groups", "Import messages", "Limits", "Pricing: features of editions".
"""

from converters.core import wire
from converters.core.model import Event
from converters.core.operations import Post
from converters.inventory import AnyItem, Friendship, Group, GroupMember, RoomMember, Setting, User
from converters.migration_rules import Call, Edition, MigrationRules, Quota, TextLimit
from converters.platforms.easemob.order_list import order

_USER = "user-management"
"""Registration, password, push nickname and push style share it; one page adds all push settings, which the careful reading believes."""


def attributes_of(item: AnyItem) -> dict[str, str]:
    """The profile of a user under the names that the clients read."""
    if not isinstance(item, User):
        return {}
    gender = {"": "", "male": "1", "female": "2"}[item.gender]
    known = {
        "nickname": item.name, "avatarurl": item.avatar, "phone": item.phone, "mail": item.mail, "gender": gender, "sign": item.sign,
        "birth": item.birth,
    }  # fmt: skip
    return {**{name: value for name, value in known.items() if value}, **item.attributes}


def message_size(event: Event) -> int:
    """Body and extension. The page does not say what exactly is counted: our own mark, about 200 bytes, is in it."""
    operation = event.operation
    if not isinstance(operation, Post):
        return 0
    return len(wire.dump(operation.body)) + (len(wire.dump_any(operation.ext)) if operation.ext else 2) + 200


def _attributes(item: AnyItem) -> int:
    return int(bool(attributes_of(item)))


def _push_name(item: AnyItem) -> int:
    return int(isinstance(item, User) and bool(item.push_name or item.name))


def _push_style(item: AnyItem) -> int:
    return int(isinstance(item, User) and bool(item.push_style))


def _banned(item: AnyItem) -> int:
    return int(isinstance(item, User) and item.state != "")


def _remarks(item: AnyItem) -> int:
    return bool(item.remark) + bool(item.friend_remark) if isinstance(item, Friendship) else 0


def _member(item: AnyItem) -> int:
    """The owner comes with the group."""
    return int(isinstance(item, GroupMember | RoomMember) and item.role != "owner")


def _admin(item: AnyItem) -> int:
    return int(isinstance(item, GroupMember | RoomMember) and item.role == "admin")


def _muted(item: AnyItem) -> int:
    return int(isinstance(item, GroupMember | RoomMember) and item.muted)


def _allowed(item: AnyItem) -> int:
    return int(isinstance(item, GroupMember | RoomMember) and item.allowed)


def _member_attributes(item: AnyItem) -> int:
    return int(isinstance(item, GroupMember) and bool(item.name or item.attributes))


def _announced(item: AnyItem) -> int:
    return int(isinstance(item, Group) and bool(item.announcement))


def _all_muted(item: AnyItem) -> int:
    return int(isinstance(item, Group) and item.muted)


def _rings(item: AnyItem) -> int:
    return int(isinstance(item, Setting) and bool(item.mode or item.until or item.quiet_from))


CALLS = (
    Call(api="users/register", kind="user", quota=_USER, batch=60),
    Call(api="users/attributes", kind="user", quota="metadata", entries=_attributes),
    Call(api="push/nickname", kind="user", quota=_USER, batch=50, entries=_push_name),
    Call(api="push/style", kind="user", quota=_USER, entries=_push_style),
    Call(api="users/deactivate", kind="user", quota=_USER, entries=_banned),
    Call(api="contacts/import", kind="friendship", quota="contacts/import", batch=10, together="owner"),
    Call(api="contacts/remark", kind="friendship", quota="contacts/remark", entries=_remarks),
    Call(api="blocks/add", kind="block", quota="blocks", batch=50, together="owner"),
    Call(api="chatgroups/create", kind="group", quota="chatgroups/create"),
    Call(api="chatgroups/announcement", kind="group", quota="chatgroups/announcement", entries=_announced),
    Call(api="chatgroups/ban", kind="group", quota="chatgroups/ban", entries=_all_muted),
    Call(api="chatgroups/members", kind="member", quota="chatgroups/members", batch=60, together="owner", entries=_member),
    Call(api="chatgroups/admins", kind="member", quota="chatgroups/admins", entries=_admin),
    Call(api="chatgroups/mute", kind="member", quota="chatgroups/mute", entries=_muted),
    Call(api="chatgroups/white", kind="member", quota="chatgroups/white", batch=60, together="owner", entries=_allowed),
    Call(
        api="chatgroups/member-attributes", kind="member", quota="chatgroups/member-attributes", batch=20, together="owner",
        entries=_member_attributes,
    ),
    Call(api="chatgroups/blocks", kind="group-block", quota="chatgroups/blocks", batch=60, together="owner"),
    Call(api="chatrooms/create", kind="room", quota="chatrooms/create"),
    Call(api="chatrooms/members", kind="room-member", quota="chatrooms/members", batch=60, together="owner", entries=_member),
    Call(api="chatrooms/admins", kind="room-member", quota="chatrooms/admins", entries=_admin),
    Call(api="chatrooms/mute", kind="room-member", quota="chatrooms/mute", entries=_muted),
    Call(api="notification", kind="setting", quota=_USER, entries=_rings),
    Call(api="import/users", kind="message", quota="import/users", conversation="direct"),
    Call(api="import/groups", kind="message", quota="import/groups", conversation="group"),
)  # fmt: skip

_OTHER_AMOUNTS = {"blocks": 50, "chatrooms/create": 50}

MIGRATION = MigrationRules(
    texts={
        "user.name": TextLimit(64), "user.avatar": TextLimit(256), "user.phone": TextLimit(32), "user.mail": TextLimit(64),
        "user.sign": TextLimit(256), "user.birth": TextLimit(64), "user.push_name": TextLimit(100),
        "friendship.remark": TextLimit(100), "friendship.friend_remark": TextLimit(100),
        "group.name": TextLimit(128), "group.description": TextLimit(512), "group.avatar": TextLimit(1024),
        "group.announcement": TextLimit(512), "group.ext": TextLimit(8192, "bytes"),
        "member.name": TextLimit(512, "bytes"),
        "room.name": TextLimit(128), "room.description": TextLimit(512), "room.announcement": TextLimit(512),
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
)  # fmt: skip
