"""The life of groups and chat rooms. Source: "Easemob: Group management", "Easemob: Chat room management"."""

from collections.abc import Iterator, Sequence
from typing import Any

from converters.core import wire
from converters.core.model import Delivery, Loss, Room
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
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.requests import call, escaped
from converters.text import echo_mark

_MOST = 60
"""Users of one call."""
_MOST_IN_PATH = 50
"""A path may have 4 KB, an id 64 bytes."""
_DEFAULT_SIZE = 200
_NAME, _DESCRIPTION, _ANNOUNCEMENT, _AVATAR = 128, 512, 512, 1024


def group(operation: GroupLife, delivery: Delivery, account: EasemobAccount) -> Encoded:
    in_room = isinstance(delivery.event.conversation, Room)
    kind = "chatrooms" if in_room else "chatgroups"
    path = f"{kind}/{escaped(delivery.receiver)}"
    match operation:
        case GroupCreated():
            return _created(operation, delivery, account)
        case GroupDismissed():
            return Encoded((call(account, "DELETE", path, f"{kind}/delete"),))
        case GroupChanged():
            return _changed(operation, kind, path, account)
        case MembersAdded(users=users, how=how):
            if in_room:  # who is not online there leaves again after two minutes
                return Encoded((), (Loss("room-members"),))
            return Encoded(
                tuple(
                    call(account, "POST", f"{path}/users", f"{kind}/users/add", {"usernames": some})
                    for some in _some(users, delivery, _MOST)
                ),
                (Loss("how"),) if how == "joined" and users else (),  # called back as the doing of an admin
            )
        case MembersRemoved(users=users, how=how):
            if in_room and how == "left":
                return Encoded((), (Loss("room-members"),))
            return Encoded(
                tuple(
                    call(account, "DELETE", f"{path}/users/{_joined(some)}", f"{kind}/users/remove")
                    for some in _some(users, delivery, _MOST_IN_PATH)
                ),
                (Loss("how"),) if how == "left" and users else (),
            )
        case OwnerChanged(user=user):
            if in_room:
                return Encoded((), (Loss("room-owner"),))
            body = {"newowner": delivery.named(user)}
            return Encoded((call(account, "PUT", path, f"{kind}/owner", body),))
        case AdminsChanged(users=users, added=added):
            return Encoded(tuple(_admin(delivery.named(user), added, kind, path, account) for user in users))
        case Muted():
            return Encoded(tuple(_muted(operation, kind, path, delivery, account)))


def _created(made: GroupCreated, delivery: Delivery, account: EasemobAccount) -> Encoded:
    if isinstance(delivery.event.conversation, Room):
        return Encoded((), (Loss("room-created"),))
    owner = delivery.named(made.owner) if made.owner else delivery.sender or account.operator
    if not owner:
        return Encoded((), (Loss("nobody"),))
    members = [user for user in map(delivery.named, made.members) if user != owner]
    # By our mark it is known when it is called back.
    custom = {account.mark: echo_mark.of_group(delivery, account, owner)}
    body: dict[str, Any] = {"public": False, "owner": owner, "custom": wire.dump_any(custom).decode()}
    if made.name:
        body["groupname"] = made.name[:_NAME]
    if made.description:
        body["description"] = made.description[:_DESCRIPTION]
    if made.avatar and len(made.avatar) <= _AVATAR:
        body["avatar"] = made.avatar
    if members:
        body["members"] = members
    size = max(account.group_size, len(members) + 1)
    if account.group_size or size > _DEFAULT_SIZE:
        body["maxusers"] = size
    request = call(account, "POST", "chatgroups", "chatgroups/create", body, repeatable=False)
    return Encoded((request,), _losses(made.name, made.description, None, made.avatar))


def _changed(changed: GroupChanged, kind: str, path: str, account: EasemobAccount) -> Encoded:
    room = kind == "chatrooms"
    fields: dict[str, Any] = {}
    if changed.name:
        fields["name" if room else "groupname"] = changed.name[:_NAME]
    if changed.description is not None:
        fields["description"] = changed.description[:_DESCRIPTION]
    if changed.avatar is not None and not room and len(changed.avatar) <= _AVATAR:
        fields["avatar"] = changed.avatar
    requests: list[Request] = []
    if fields:
        requests.append(call(account, "PUT", path, f"{kind}/modify", fields))
    if changed.announcement is not None:
        said = {"announcement": changed.announcement[:_ANNOUNCEMENT]}
        requests.append(call(account, "POST", f"{path}/announcement", f"{kind}/announcement", said))
    losses = _losses(changed.name, changed.description, changed.announcement, changed.avatar)
    if changed.name == "":
        losses = (*losses, Loss("name"))  # a group always has one
    if room and changed.avatar is not None:
        losses = (*losses, Loss("avatar"))
    return Encoded(tuple(requests), losses)


def _losses(name: str | None, description: str | None, announcement: str | None, avatar: str | None) -> tuple[Loss, ...]:
    """What was cut, or is left out because it cannot be."""
    given = {
        "name": (name, _NAME),
        "description": (description, _DESCRIPTION),
        "announcement": (announcement, _ANNOUNCEMENT),
        "avatar": (avatar, _AVATAR),
    }
    return tuple(Loss(what) for what, (value, most) in given.items() if value and len(value) > most)


def _admin(user: str, added: bool, kind: str, path: str, account: EasemobAccount) -> Request:  # noqa: FBT001
    if added:
        return call(account, "POST", f"{path}/admin", f"{kind}/admin", {"newadmin": user})
    return call(account, "DELETE", f"{path}/admin/{escaped(user)}", f"{kind}/admin")


def _muted(muted: Muted, kind: str, path: str, delivery: Delivery, account: EasemobAccount) -> Iterator[Request]:
    if not muted.users:
        yield call(account, "POST" if muted.muted else "DELETE", f"{path}/ban", f"{kind}/ban")
    elif muted.muted:
        # As long as it was when it began; -1 is for ever.
        lasting = max(1, muted.until - delivery.event.at) if muted.until else -1
        for some in _some(muted.users, delivery, _MOST):
            body = {"usernames": some, "mute_duration": lasting}
            yield call(account, "POST", f"{path}/mute", f"{kind}/mute", body)
    else:
        for some in _some(muted.users, delivery, _MOST_IN_PATH):
            yield call(account, "DELETE", f"{path}/mute/{_joined(some)}", f"{kind}/mute")


def _some(users: Sequence[str], delivery: Delivery, most: int) -> Iterator[list[str]]:
    for first in range(0, len(users), most):
        yield [delivery.named(user) for user in users[first : first + most]]


def _joined(users: list[str]) -> str:
    return ",".join(map(escaped, users))
