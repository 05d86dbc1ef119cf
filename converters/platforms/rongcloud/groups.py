"""Group life written as calls of RongCloud's Server API, each with the notice that RongCloud itself sends of none.

Source: "RongCloud: Groups", "RongCloud: Notification message types". A bound notice goes out with the change itself.
"""

from hashlib import blake2b

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
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.ids import ULTRA
from converters.platforms.rongcloud.sending import call, content_of, message
from converters.text.notices import notice

CREATE = "group/create"
_MOST_USERS = 1000
_MOST_MUTED = 20
_LONGEST_MUTE = 43_200  # minutes
_LONGEST_NAME = 64
_MOST_NAMED = 100  # in a notice


def group_life(operation: GroupLife, delivery: Delivery, account: RongcloudAccount) -> Encoded:
    """Nothing where RongCloud has no such thing: members, names and mutes of rooms, admins of groups."""
    if isinstance(delivery.event.conversation, Room):
        if isinstance(operation, GroupDismissed):
            return Encoded((call("chatroom/destroy", {"chatroomId": delivery.receiver}),))
        return _lost(operation)
    if delivery.receiver.startswith(ULTRA):
        return _lost(operation)
    match operation:
        case GroupCreated():
            return _created(operation, delivery, account)
        case GroupDismissed():
            by = _by(delivery, account)
            if not by:
                return Encoded((), (Loss("nobody"),))
            fields = {"userId": by, "groupId": delivery.receiver}
            return Encoded((call("group/dismiss", fields | _bound(operation, delivery, account, delivery.receiver)),))
        case GroupChanged():
            return _changed(operation, delivery, account)
        case MembersAdded(users=users):
            # Who is added by somebody else was invited, as the notice is read.
            lost = (Loss("how"),) if operation.how == "joined" and users != (delivery.event.sender,) else ()
            return Encoded(_membership("group/join", operation, users, delivery, account), lost)
        case MembersRemoved(users=users):
            return Encoded(_membership("group/quit", operation, users, delivery, account))
        case OwnerChanged():
            return _told(operation, delivery, account)
        case AdminsChanged():
            return _lost(operation)
        case Muted():
            return _muted(operation, delivery)


def group_id(delivery: Delivery) -> str:
    """RongCloud lets us name the group; the same for every attempt."""
    return "r" + blake2b(f"{delivery.event.id}\x1f{delivery.target}".encode(), digest_size=16).hexdigest()


def _created(made: GroupCreated, delivery: Delivery, account: RongcloudAccount) -> Encoded:
    """To create a group that is there joins it, so that a long list goes in several calls."""
    members = tuple(delivery.named(user) for user in (made.owner, *made.members) if user)
    if not members:
        return Encoded((), (Loss("nobody"),))
    name = group_id(delivery)
    fields = {"groupId": name, "groupName": (made.name or name)[:_LONGEST_NAME]}
    requests = []
    for first in range(0, len(members), _MOST_USERS):
        bound = {} if first else _bound(made, delivery, account, name)
        users = (("userId", user) for user in members[first : first + _MOST_USERS])
        requests.append(call(CREATE, fields | bound, users))
    lost = [what for what in ("description", "avatar") if getattr(made, what)]
    lost += ["name"] if len(made.name) > _LONGEST_NAME else []
    return Encoded(tuple(requests), tuple(map(Loss, lost)))


def _changed(changed: GroupChanged, delivery: Delivery, account: RongcloudAccount) -> Encoded:
    requests: list[Request] = []
    losses = [Loss(what) for what in ("description", "avatar") if getattr(changed, what) is not None]
    if changed.name == "" or len(changed.name or "") > _LONGEST_NAME:
        losses.append(Loss("name"))  # a group always has one, and no longer one
    if changed.name:
        fields = {"groupId": delivery.receiver, "groupName": changed.name[:_LONGEST_NAME]}
        renamed = GroupChanged(name=changed.name)
        requests.append(call("group/refresh", fields | _bound(renamed, delivery, account, delivery.receiver)))
    if changed.announcement is not None:
        told = _told(GroupChanged(announcement=changed.announcement), delivery, account)
        requests += told.requests
        losses += told.losses
    return Encoded(tuple(requests), tuple(losses) if requests or losses else (Loss("empty"),))


def _membership(
    api: str, operation: MembersAdded | MembersRemoved, users: tuple[str, ...], delivery: Delivery, account: RongcloudAccount
) -> tuple[Request, ...]:
    bound = _bound(operation, delivery, account, delivery.receiver)
    return tuple(
        call(
            api,
            {"groupId": delivery.receiver, **({} if first else bound)},
            (("userId", delivery.named(user)) for user in users[first : first + _MOST_USERS]),
        )
        for first in range(0, len(users), _MOST_USERS)
    )


def _muted(muted: Muted, delivery: Delivery) -> Encoded:
    if not muted.users:
        done = call(f"group/ban/{'add' if muted.muted else 'rollback'}", {"groupId": delivery.receiver})
        return Encoded((done,), (Loss("until"),) if muted.until else ())
    fields = {"groupId": delivery.receiver}
    if muted.muted:
        fields["minute"] = str(_minutes(muted.until - delivery.event.at)) if muted.until else "0"
    requests = tuple(
        call(
            f"group/user/gag/{'add' if muted.muted else 'rollback'}",
            fields,
            (("userId", delivery.named(user)) for user in muted.users[first : first + _MOST_MUTED]),
        )
        for first in range(0, len(muted.users), _MOST_MUTED)
    )
    longer = muted.muted and muted.until - delivery.event.at > _LONGEST_MUTE * 60_000
    return Encoded(requests, (Loss("until"),) if longer else ())


def _minutes(left: int) -> int:
    return min(_LONGEST_MUTE, max(1, -(-left // 60_000)))


def _told(operation: GroupLife, delivery: Delivery, account: RongcloudAccount) -> Encoded:
    """Only a notice: the group itself knows nothing of it."""
    if not _by(delivery, account):
        return Encoded((), (Loss("nobody"),))
    content = _notice(operation, delivery, account, delivery.receiver, more=False)
    return Encoded((message(delivery, account, "RC:GrpNtf", content),))


def _bound(operation: GroupLife, delivery: Delivery, account: RongcloudAccount, group: str) -> dict[str, str]:
    """The notice that goes with a call; its echo is no evidence of anything, so it is marked as a part."""
    by = _by(delivery, account)
    if not by:
        return {}
    content = _notice(operation, delivery, account, group, more=True)
    own = "1" if account.include_sender else "0"
    return {"bindNotifyMsg": "true", "fromUserId": by, "objectName": "RC:GrpNtf", "content": content, "isIncludeSender": own}


def _notice(operation: GroupLife, delivery: Delivery, account: RongcloudAccount, group: str, *, more: bool) -> str:
    what, users, name = _said(operation, delivery)
    called = delivery.event.sender_name or delivery.sender
    data: dict[str, object] = {"operatorNickname": called, "timestamp": delivery.event.at}
    if users:
        data |= {"targetUserIds": users, "targetUserDisplayNames": users}
    if name:
        data["targetGroupName"] = name
    if what == "Transfer":
        data["newCreatorId"] = users[0]
    if isinstance(operation, GroupChanged) and what == "Bulletin":
        data["content"] = operation.announcement
    content = {
        "operatorUserId": _by(delivery, account),
        "operation": what,
        "data": wire.dump_any(data).decode(),
        "message": notice(operation, account.language, delivery.named),
    }
    return content_of(delivery, account, content, {}, group, more=more)


def _said(operation: GroupLife, delivery: Delivery) -> tuple[str, list[str], str]:
    """RongCloud's word, whom it is about (a hundred at the most), the group's name."""

    def named(users: tuple[str, ...]) -> list[str]:
        return [delivery.named(user) for user in users[:_MOST_NAMED]]

    match operation:
        case GroupCreated(name=name, members=members):
            return "Create", named(members), name
        case GroupDismissed():
            return "Dismiss", [], ""
        case GroupChanged(name=name):
            return ("Rename", [], name) if name else ("Bulletin", [], "")
        case MembersAdded(users=users):
            return "Add", named(users), ""
        case MembersRemoved(users=users, how=how):
            return "Kicked" if how == "kicked" else "Quit", named(users), ""
        case OwnerChanged(user=user):
            return "Transfer", named((user,)), ""
        case AdminsChanged(users=users, added=added):
            return "SetManager" if added else "RemoveManager", named(users), ""
        case Muted(users=users, muted=muted):
            return "Gag" if muted else "UnGag", named(users), ""


def _by(delivery: Delivery, account: RongcloudAccount) -> str:
    return delivery.sender or account.operator


def _lost(operation: GroupLife) -> Encoded:
    return Encoded((), (Loss(str(operation.__struct_config__.tag)),))
