"""Pieces of a migration written as calls. Source: as of `converters.platforms.easemob.inventory`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from converters.core import urlencoded, wire
from converters.core.event_id import new_event_id
from converters.core.model import Loss
from converters.inventory import AnyItem, Group, GroupBlock, GroupMember, Room, Setting, User, item_id
from converters.migration import Context, Piece
from converters.platform import Request
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.requests import call, escaped
from converters.text import echo_mark

LONGEST = {"name": 128, "description": 512, "announcement": 512, "avatar": 1024, "remark": 100, "push-name": 100, "ext": 8000}
"""Characters."""
_ATTRIBUTES = {
    "name": ("nickname", 64),
    "avatar": ("avatarurl", 256),
    "phone": ("phone", 32),
    "mail": ("mail", 64),
    "sign": ("sign", 256),
    "birth": ("birth", 64),
}
"""Field of a user, its key there, its characters."""
_GENDERS = {"male": "1", "female": "2"}
_LARGEST_ATTRIBUTES = 2000
"""Bytes of all of a user's attributes: 2 KB, of which it is not said how they are counted."""
_LONGEST_KEY, _LONGEST_VALUE, _LARGEST_MEMBER = 16, 512, 4000
"""Bytes of an attribute of a group's member."""
_DEFAULT_SIZE, _LARGEST_ROOM = 200, 10_000
_LONGEST_SILENCE = 604_800_000
"""Milliseconds: a week."""
_MODES = {"": "DEFAULT", "all": "ALL", "mentions": "AT", "none": "NONE"}
_STYLES = {"plain": "0", "content": "1"}
_GROUP_ID = re.compile(r"[a-z0-9]{1,64}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?")
_ZONES = {
    8.0: "Shanghai Chongqing Harbin Urumqi Hong_Kong Macau Taipei Singapore Kuala_Lumpur Manila",
    9.0: "Tokyo Seoul",
    7.0: "Bangkok Ho_Chi_Minh Jakarta",
    5.5: "Kolkata Calcutta",
    4.0: "Dubai",
    3.0: "Riyadh Qatar Kuwait",
}
"""Places of Asia whose clocks are never put forward, by their hours before UTC's."""


def too_long(what: str, value: str) -> bool:
    return len(value) > LONGEST[what]


def encode(pieces: Sequence[Piece], account: EasemobAccount, context: Context) -> Request:
    """One call for *pieces*, which are of one part and batch key."""
    items: list[Any] = [piece.item for piece in pieces]
    first = items[0]
    match pieces[0].part:
        case "user":
            return _registration(items, account, context)
        case "attributes":
            raw = urlencoded.write(attributes_of(first)[0])
            request = call(account, "PUT", f"metadata/user/{_user(first, context)}", "users/attributes")
            return structs.replace(request, headers={**request.headers, "Content-Type": form_type}, body=raw)
        case "push-name":
            named = [
                {"username": context.user(one.id), "push_nickname": (one.push_name or one.name)[: LONGEST["push-name"]]} for one in items
            ]
            return call(account, "PUT", "push/nickname", "push/nickname", named)
        case "push-style":
            return call(
                account, "PUT", f"users/{_user(first, context)}", "push/style", {"notification_display_style": _STYLES[first.push_style]}
            )
        case "ban":
            return call(account, "POST", f"users/{_user(first, context)}/deactivate", "users/state")
        case "friend":
            path = f"users/{escaped(context.user(first.owner))}/contacts/import?isSendNotice=false"
            return call(account, "POST", path, "contacts/import", {"usernames": [context.user(one.friend) for one in items]})
        case "remark":
            return _remark(first.owner, first.friend, first.remark, account, context)
        case "friend-remark":
            return _remark(first.friend, first.owner, first.friend_remark, account, context)
        case "block":
            path = f"users/{escaped(context.user(first.owner))}/blocks/users"
            return call(account, "POST", path, "blocks/add", {"usernames": [context.user(one.blocked) for one in items]})
        case "group":
            return call(account, "POST", "chatgroups", "chatgroups/create", group_of(first, account, context), repeatable=False)
        case "room":
            return call(account, "POST", "chatrooms", "chatrooms/create", room_of(first, account, context), repeatable=False)
        case "setting" | "language" as part:
            return _notification(first, part, account, context)
        case part:
            return _about_group(part, items, account, context)


form_type = "application/x-www-form-urlencoded"


def _user(user: User, context: Context) -> str:
    return escaped(context.user(user.id))


def _registration(users: Sequence[User], account: EasemobAccount, context: Context) -> Request:
    body = [{"username": context.user(user.id), "password": context.password(user.id)} for user in users]
    return call(account, "POST", "users", "users", body)


def attributes_of(user: User) -> tuple[dict[str, str], tuple[Loss, ...]]:
    """What clients of Easemob show of a user; the app's own attributes are JSON under `ext`."""
    held: dict[str, str] = {}
    losses: list[Loss] = []
    for name, (key, longest) in _ATTRIBUTES.items():
        value: str = getattr(user, name)
        if len(value) > longest:
            losses.append(Loss(name))
            value = value[:longest] if name in {"name", "sign"} else ""  # half an address is none
        if value:
            held[key] = value
    if user.gender:
        held["gender"] = _GENDERS[user.gender]
    if user.attributes:
        ext = wire.dump_any(user.attributes).decode()
        if _size(held) + len(ext.encode()) + 3 > _LARGEST_ATTRIBUTES:
            losses.append(Loss("attributes"))
        else:
            held["ext"] = ext
    return held, tuple(losses)


def _size(held: Mapping[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in held.items())


def member_attributes_of(member: GroupMember, account: EasemobAccount) -> tuple[dict[str, str], tuple[Loss, ...]]:
    given = {**({account.member_name: member.name} if member.name else {}), **member.attributes}
    held: dict[str, str] = {}
    losses: list[Loss] = []
    for key, value in given.items():
        fits = 0 < len(key.encode()) <= _LONGEST_KEY and 0 < len(value.encode()) <= _LONGEST_VALUE
        if fits and _size(held) + len(key.encode()) + len(value.encode()) <= _LARGEST_MEMBER:
            held[key] = value
        elif value:
            losses.append(Loss("attribute"))
    return held, tuple(losses)


def _remark(owner: str, friend: str, words: str, account: EasemobAccount, context: Context) -> Request:
    path = f"user/{escaped(context.user(owner))}/contacts/users/{escaped(context.user(friend))}"  # `user`, as the page has it
    return call(account, "PUT", path, "contacts/remark", {"remark": words[: LONGEST["remark"]]})


def event_of(item: AnyItem, app: str) -> str:
    """The event id in the mark of a group or room that a migration makes: it is known by it when it is called back."""
    kind, name = item_id(item).split("\x1f")
    return new_event_id("migration", app, kind, name, "created")


def _custom(item: Group | Room, account: EasemobAccount, context: Context) -> str:
    """The app's own text and our mark; a text that is no JSON object stands under `ext`."""
    try:
        own = wire.load_any(item.ext) if item.ext and not too_long("ext", item.ext) else {}
    except wire.Malformed:
        own = {"ext": item.ext}
    if not isinstance(own, dict):
        own = {"ext": item.ext}
    marked = echo_mark.make(
        event_of(item, context.app), echo_mark.MarkedMessage(context.app, echo_mark.NEW_GROUP, context.user(item.owner), ""), account
    )
    return wire.dump_any({**own, account.mark: marked}).decode()


def group_of(group: Group, account: EasemobAccount, context: Context) -> dict[str, Any]:
    body: dict[str, Any] = {
        "public": group.public,
        "owner": context.user(group.owner),
        "allowinvites": group.invites,
        "membersonly": group.approval,
        "invite_need_confirm": group.invite_confirm,
        "maxusers": max(group.max, account.group_size, _DEFAULT_SIZE),
        "custom": _custom(group, account, context),
    }
    if group.name:
        body["groupname"] = group.name[: LONGEST["name"]]
    if group.description:
        body["description"] = group.description[: LONGEST["description"]]
    if group.avatar and not too_long("avatar", group.avatar):
        body["avatar"] = group.avatar
    if context.findings.custom_ids and _GROUP_ID.fullmatch(group.id):
        body["groupid"] = group.id
    return body


def room_text(room: Room) -> str:
    """Its description, which a room there has to have."""
    return room.description[: LONGEST["description"]] or room.name[: LONGEST["name"]]


def room_of(room: Room, account: EasemobAccount, context: Context) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": room.name[: LONGEST["name"]] or room.id,
        "description": room_text(room) or room.id,
        "owner": context.user(room.owner),
        "custom": _custom(room, account, context),
    }
    if room.max:
        body["maxusers"] = min(room.max, _LARGEST_ROOM)
    if context.findings.custom_ids and _GROUP_ID.fullmatch(room.id):
        body["groupid"] = room.id
    return body


def _about_group(part: str, items: Sequence[Any], account: EasemobAccount, context: Context) -> Request:
    """What is done to a group or room that is there; members are told nothing of it."""
    first = items[0]
    match first:
        case Group() | GroupMember() | GroupBlock():
            kind, name = "chatgroups", first.id if isinstance(first, Group) else first.group
            native = context.group(name)
        case _:
            kind, name = "chatrooms", first.id if isinstance(first, Room) else first.room
            native = context.room(name)
    path = f"{kind}/{escaped(native)}"
    match part.removeprefix("room-") if kind == "chatrooms" else part.removeprefix("group-"):
        case "announcement":
            said = {"announcement": first.announcement[: LONGEST["announcement"]]}
            return call(account, "POST", f"{path}/announcement", f"{kind}/announcement", said)
        case "invites":
            return call(account, "PUT", path, f"{kind}/modify", {"allowinvites": True})
        case "mute-all":
            return call(account, "POST", f"{path}/ban", f"{kind}/ban")
        case "admin":
            return call(account, "POST", f"{path}/admin", f"{kind}/admin", {"newadmin": context.user(first.user)})
        case "member-attributes":
            body = [{"username": context.user(one.user), "metadata": member_attributes_of(one, account)[0]} for one in items]
            return call(account, "PUT", f"metadata/chatgroup/{escaped(native)}/users/batch", f"{kind}/attributes", body)
        case "mute":
            lasting = max(1, first.muted_until - context.now) if first.muted_until else -1
            named = {"usernames": [context.user(one.user) for one in items], "mute_duration": lasting}
            return call(account, "POST", f"{path}/mute", f"{kind}/mute", named)
        case "allow":
            where, api = f"{path}/white/users", f"{kind}/white/add"
        case "block":
            where, api = f"{path}/blocks/users", f"{kind}/blocks/add"
        case _:  # member
            where, api = f"{path}/users?need_notify=false", f"{kind}/users/add"
    return call(account, "POST", where, api, {"usernames": [context.user(one.user) for one in items]})


def _notification(setting: Setting, part: str, account: EasemobAccount, context: Context) -> Request:
    own = context.user(setting.user)
    path = f"users/{escaped(own)}/notification"
    if part == "language":
        return call(account, "PUT", f"{path}/language", "notification", {"translationLanguage": setting.language})
    alone = not setting.peer and not setting.group
    body: dict[str, Any] = {}
    if setting.mode or not alone:
        body["type"] = _MODES[setting.mode]
    if setting.until > context.now:
        body["ignoreDuration"] = min(setting.until - context.now, _LONGEST_SILENCE)
    if alone and (told := interval(setting, account)):
        body["ignoreInterval"] = told
    if setting.group:
        return call(account, "PUT", f"{path}/chatgroup/{escaped(context.group(setting.group))}", "notification", body)
    key = context.user(setting.peer) if setting.peer else own
    return call(account, "PUT", f"{path}/user/{escaped(key)}", "notification", body)


def interval(setting: Setting, account: EasemobAccount) -> str:
    """The quiet hours as Easemob's clocks have them; "" where there are none, or their zone is not known."""
    begin, end = _TIME.fullmatch(setting.quiet_from), _TIME.fullmatch(setting.quiet_to)
    ahead = account.quiet_hours_ahead if not setting.zone else _ahead(setting.zone)
    if begin is None or end is None or ahead is None:
        return ""
    shift = round((account.quiet_hours_ahead - ahead) * 60)
    minutes = [(int(one[1]) * 60 + int(one[2]) + shift) % 1440 for one in (begin, end)]
    return "-".join(f"{one // 60:02}:{one % 60:02}" for one in minutes)


def _ahead(zone: str) -> float | None:
    """Hours before UTC's; None for a zone that is not known, or whose clocks are put forward in summer."""
    if zone.upper() in {"UTC", "GMT", "Z", "ETC/UTC"}:
        return 0.0
    if offset := _OFFSET.fullmatch(zone):
        found = int(offset[2]) + int(offset[3] or "0") / 60
        return (found if offset[1] == "+" else -found) if found <= 14 else None
    place = zone.rpartition("/")[2]
    return next((ahead for ahead, places in _ZONES.items() if place in places.split()), None)
