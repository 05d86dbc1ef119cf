"""The life of chat rooms. Source: "Yunxin: chatroom/update.action", setMemberRole, kickMember, muteRoom and toggleCloseStat.

Who is in a room is who is connected to it: nobody can be put there, or made its owner; only put out.
"""

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
from converters.platform import Encoded
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.calls import call, own_id, speaker

_LENGTHS = {"name": 128, "announcement": 4096}
_MANAGER, _MUTED = "1", "-2"


def room_life(delivery: Delivery, account: YunxinAccount, operation: GroupLife) -> Encoded:
    operator, room = speaker(delivery, account), {"roomid": delivery.receiver}
    kind = str(operation.__struct_config__.tag)
    if isinstance(operation, GroupChanged):
        return _change(delivery, operation)
    if not operator:
        return Encoded((), (Loss("nobody"),))
    match operation:
        case GroupDismissed():
            fields = {"operator": operator, "valid": "false"}
            return Encoded((call("chatroom/toggleCloseStat", room | fields, own_id(delivery), repeatable=True),))
        case Muted(users=(), muted=muted, until=until):
            fields = {"operator": operator, "mute": _bool(muted), "needNotify": "true"}
            lost = (Loss("until"),) if until else ()
            return Encoded((call("chatroom/muteRoom", room | fields, own_id(delivery), repeatable=True),), lost)
        case Muted(users=users, muted=muted, until=until):
            done = _roles(delivery, operator, users, _MUTED, on=muted)
            return Encoded(done.requests, (Loss("until"),)) if until else done
        case AdminsChanged(users=users, added=added):
            return _roles(delivery, operator, users, _MANAGER, on=added)
        case MembersRemoved(users=users, how="kicked") if users:
            return _kick(delivery, operator, users)
        case GroupCreated() | MembersAdded() | MembersRemoved() | OwnerChanged():
            return Encoded((), (Loss(kind, "room"),))


def _roles(delivery: Delivery, operator: str, users: tuple[str, ...], role: str, *, on: bool) -> Encoded:
    requests = []
    for number, user in enumerate(users):
        fields = {"roomid": delivery.receiver, "operator": operator, "target": delivery.named(user)}
        fields |= {"opt": role, "optvalue": _bool(on)}
        requests.append(call("chatroom/setMemberRole", fields, own_id(delivery, number), repeatable=True))
    return Encoded(tuple(requests), () if requests else (Loss("empty"),))


def _kick(delivery: Delivery, operator: str, users: tuple[str, ...]) -> Encoded:
    requests = []
    for number, user in enumerate(users):
        fields = {"roomid": delivery.receiver, "accid": operator, "targetAccid": delivery.named(user)}
        requests.append(call("chatroom/kickMember", fields, own_id(delivery, number), repeatable=True))
    return Encoded(tuple(requests))


def _change(delivery: Delivery, changed: GroupChanged) -> Encoded:
    known = {"name": changed.name or None, "announcement": changed.announcement}
    lost = [Loss("group-changed", name) for name in ("description", "avatar") if getattr(changed, name) is not None]
    if changed.name == "":
        lost.append(Loss("group-changed", "name"))
    fields = {name: value for name, value in known.items() if value is not None}
    if not fields:
        return Encoded((), tuple(lost) or (Loss("empty"),))
    for name, value in fields.items():
        if len(value) > _LENGTHS[name]:
            fields[name] = value[: _LENGTHS[name]]
            lost.append(Loss("length", name))
    fields = {"roomid": delivery.receiver, **fields, "needNotify": "true"}
    return Encoded((call("chatroom/update", fields, own_id(delivery), repeatable=True),), tuple(lost))


def _bool(value: bool) -> str:  # noqa: FBT001 - that is all it is about
    return "true" if value else "false"
