"""Chat rooms. Source: "RongCloud: chatrooms"."""

from tests.simulators.calls import Call
from tests.simulators.rongcloud.accounts import shown
from tests.simulators.rongcloud.errors import bad
from tests.simulators.rongcloud.fields import Fields
from tests.simulators.rongcloud.gate import Answer, Work
from tests.simulators.rongcloud.state import RongCloud


def create_rooms(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    for room in fields.many("chatroomId"):
        rongcloud.rooms.setdefault(room, {"createTime": rongcloud.now(), "destroyType": fields.number("destroyType", 0)})
    rongcloud.accept("room.create", call, rooms=fields.many("chatroomId"))
    return {}


def create_named_rooms(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """The older form: ``chatroom[ID]=NAME``, repeated."""
    named = fields.named("chatroom")
    if not named:
        return bad("chatroom is required")
    for room, name in named.items():
        rongcloud.rooms.setdefault(room, {"createTime": rongcloud.now(), "destroyType": 0})["name"] = name
    rongcloud.accept("room.create", call, rooms=list(named))
    return {}


def query_rooms(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    rooms = [(room, rongcloud.rooms[room]) for room in fields.many("chatroomId") if room in rongcloud.rooms]
    return {
        "chatRooms": [
            {"chrmId": room, "name": facts.get("name", ""), "time": shown(rongcloud, int(facts["createTime"]))} for room, facts in rooms
        ]
    }


def destroy_rooms(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """Rooms need not be known: clients make them by joining."""
    rooms = fields.many("chatroomId")
    for room in rooms:
        rongcloud.rooms.pop(room, None)
    rongcloud.destroyed |= set(rooms)
    rongcloud.accept("room.destroy", call, rooms=rooms)
    return {}


def get_room(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    room = rongcloud.rooms.get(fields.one("chatroomId"))
    if room is None:
        return bad("chatroomId is not known")
    return {
        "chatroomId": fields.one("chatroomId"),
        "memberCount": 0,
        "ban": 0,
        **room,
        "createTime": shown(rongcloud, int(room["createTime"])),
    }


def room_users(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """Only clients join, and they are not simulated."""
    return {"total": 0, "users": []} if fields.one("chatroomId") in rongcloud.rooms else bad("chatroomId is not known")


CALLS: dict[str, tuple[str, tuple[str, ...], Work]] = {
    "chatroom/create_new": ("room.create", ("chatroomId",), create_rooms),
    "chatroom/create": ("room.create", (), create_named_rooms),
    "chatroom/query": ("room.get", ("chatroomId",), query_rooms),
    "chatroom/destroy": ("room.destroy", ("chatroomId",), destroy_rooms),
    "chatroom/get": ("room.get", ("chatroomId",), get_room),
    "chatroom/user/query": ("room.users", ("chatroomId",), room_users),
}
