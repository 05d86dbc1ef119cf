"""Chat rooms. Source: "Yunxin: chatroom/sendMsg.action" and "Yunxin: history/queryChatroomMsg.action".

A repeated ``msgId`` with ``resendFlag`` 1 is answered as the first time, and not copied again; the page says only
that it is checked.
"""

from typing import Any

from tests.simulators.calls import Call
from tests.simulators.messages import Message
from tests.simulators.people import Group
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.history import item
from tests.simulators.yunxin.kinds import NAMES, NUMBERS, SENT, flaw
from tests.simulators.yunxin.sending import as_object
from tests.simulators.yunxin.state import Yunxin

SHOWN = ("announcement", "broadcasturl", "ext")
LIMITS = {"attach": 4096, "ext": 4096, "msgId": 64}
FAR = 1 << 60


def create(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    creator, name = form.get("creator", "").lower(), form.get("name", "")
    if not 0 < len(name) <= 128 or len(form.get("announcement", "")) > 4096 or len(form.get("ext", "")) > 4096:
        return Refusal(414, "parameter error")
    if creator not in yunxin.people.users:
        return Refusal(404, f"{creator} not register")
    room = yunxin.make_room(creator, name)
    room.settings |= {key: form[key] for key in ("announcement", "broadcasturl", "ext") if key in form}
    yunxin.accept("chatroom.create", call, group=room.id)
    return {"chatroom": shown(room)}


def get(yunxin: Yunxin, call: Call) -> Answer:
    room = yunxin.rooms.get(call.form().get("roomid", ""))
    return {"chatroom": shown(room)} if room else Refusal(404, "no such room")


def shown(room: Group) -> dict[str, Any]:
    return {
        "roomid": int(room.id) if room.id.isdecimal() else room.id,
        "valid": not room.settings.get("closed", False),
        "muted": bool(room.settings.get("muted_all", False)),
        "name": room.name,
        "creator": room.owner,
        **{key: room.settings[key] for key in SHOWN if key in room.settings},
    }


def send(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    number, attach = form.get("msgType", ""), form.get("attach", "")
    room, sender = yunxin.rooms.get(form.get("roomid", "")), form.get("fromAccid", "").lower()
    if not number.isdecimal() or int(number) not in SENT or not form.get("msgId"):
        return Refusal(414, "bad msgType or msgId")
    if any(len(form.get(name, "")) > limit for name, limit in LIMITS.items()):
        return Refusal(414, "attach, ext or msgId is too long")
    if room is None or sender not in yunxin.people.users:
        return Refusal(404, "no such room" if room is None else f"{sender} not register")
    if room.settings.get("closed"):
        return Refusal(13002, "the room is closed")
    # Of a text, and of a tip, the attachment is the words themselves.
    words = attach if number in ("0", "10") else None
    content = {"msg": words} if words is not None else as_object(attach)
    if content is None or (why := flaw(int(number), content)):
        return Refusal(414, "attach must be a JSON object" if content is None else str(why))
    earlier = yunxin.archive.find("room", form["msgId"])
    if earlier and form.get("resendFlag") == "1":
        return {"desc": answered(yunxin, earlier)}
    message = yunxin.store(
        "room",
        sender,
        room.id,
        NAMES[int(number)],
        content,
        text=words,
        client_id=form["msgId"],
        ext=form.get("ext"),
        stored=form.get("skipHistory") != "1",
    )
    yunxin.accept("send", call, **message.facts(), **yunxin.files_of(message))
    if form.get("route") != "false":
        yunxin.copy(message, call)
    return {"desc": answered(yunxin, message)}


def answered(yunxin: Yunxin, message: Message) -> dict[str, Any]:
    return {
        "time": message.time,
        "msgid_client": message.client_id,
        "fromAccount": message.sender,
        "fromNick": yunxin.people.users[message.sender].get("name", message.sender),
        "fromAvator": "",
        "fromClientType": "REST",
        "roomId": message.to,
        "type": NUMBERS[message.name],
        "attach": message.text if message.text is not None else message.content,
        "ext": message.ext or "",
    }


def query(yunxin: Yunxin, call: Call) -> Answer:
    """From ``timetag`` on: earlier ones, newest first, or with ``reverse`` 1 later ones."""
    form = call.form()
    if form.get("roomid") not in yunxin.rooms:
        return Refusal(404, "no such room")
    if form.get("accid", "").lower() not in yunxin.people.users:
        return Refusal(404, "accid not register")
    try:
        time, limit = int(form["timetag"]), int(form["limit"])
        wanted = {int(one) for one in form.get("type", "").split(",") if one}
    except (KeyError, ValueError):
        return Refusal(414, "parameter error")
    if len(form["timetag"]) != 13 or not 1 <= limit <= 200 or form.get("reverse", "2") not in ("1", "2"):
        return Refusal(414, "parameter error")
    later = form.get("reverse") == "1"
    found = list(yunxin.archive.between(f"room|{form['roomid']}", *((time, FAR) if later else (0, time))))
    if not later:
        found.reverse()
    kept = [one for one in found if not wanted or NUMBERS[one.name] in wanted][:limit]
    return {"size": len(kept), "msgs": [item(yunxin, message) for message in kept]}
