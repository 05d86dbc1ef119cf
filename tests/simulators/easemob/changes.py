"""Recalls, edits and reactions over REST. Source: "Easemob: recall messages", "Easemob: modify messages" and
"Easemob: reactions"."""

from typing import Any
from urllib.parse import parse_qsl

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Answer, as_object, bare
from tests.simulators.easemob.state import Easemob
from tests.simulators.messages import Conversation, Message

KINDS: dict[str, Conversation] = {"chat": "person", "groupchat": "group", "chatroom": "room"}
BATCH = 30
EDITS = 10
EDITOR = "easemob_rest_app_admin"
EMOJI = 128
OF_CUSTOM = ("customEvent", "customExts")


def recall(easemob: Easemob, call: Call) -> Answer:
    """With ``force`` at any age."""
    if "recall" in easemob.options.closed:
        return errors.CLOSED["recall"]
    request = as_object(call.body)
    if request is None:
        return errors.MALFORMED
    done = recall_one(easemob, request, call)
    return done if isinstance(done, Refusal) else {"data": done}


def recall_many(easemob: Easemob, call: Call) -> Answer:
    """How one of several that is refused is answered the page does not say: here with ``recalled`` no and why."""
    if "recall" in easemob.options.closed:
        return errors.CLOSED["recall"]
    request = as_object(call.body)
    wanted = request.get("msgs") if request else None
    if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
        return errors.MALFORMED
    if not 0 < len(wanted) <= BATCH:
        return Refusal(400, "message_recall_error", f"params msgs's size can't exceed limit {BATCH}")
    data = []
    for one in wanted:
        done = recall_one(easemob, one, call)
        if isinstance(done, Refusal):
            easemob.refuse("recall", done, id=one.get("msg_id"))
            done = {"recalled": "no", "msg_id": one.get("msg_id"), "error": done.description}
        data.append(done)
    return {"data": data}


def recall_one(easemob: Easemob, request: dict[str, Any], call: Call) -> dict[str, Any] | Refusal:
    for name in ("msg_id", "to", "chat_type"):
        if not request.get(name):
            return Refusal(400, "message_recall_error", f"param {name} can't be empty")
    if request["chat_type"] not in KINDS:
        return errors.MALFORMED
    message = easemob.archive.find(KINDS[request["chat_type"]], request["msg_id"])
    if message is None or message.name == "cmd":
        return Refusal(403, "message_recall_error", "not_found msg")
    if message.to != str(request["to"]).lower():
        return Refusal(400, "message_recall_error", "can't find msg to")
    late = easemob.now() - message.time > easemob.options.recall_window * 1000
    if late and request.get("force") is not True:
        return Refusal(403, "message_recall_error", "exceed recall time limit")
    easemob.accept("recall", **message.facts())
    easemob.withdraw(message, call)
    return {
        "recalled": "yes",
        "chattype": request["chat_type"],
        "from": request.get("from", "admin"),
        "to": request["to"],
        "msg_id": message.id,
    }


def rewrite(easemob: Easemob, call: Call) -> Answer:
    """Text and custom messages whole, media and places by their ext, commands never; whoever is named as user must
    be the sender, or rank in the group. The words of 401, 403 and 404 are not the vendor's."""
    if "edit" in easemob.options.closed:
        return errors.CLOSED["edit"]
    request = as_object(call.body)
    if request is None:
        return errors.MALFORMED
    if not call.path["message"].isdecimal():
        return Refusal(400, "invalid_message_id", "message id must be numeric")
    new, ext, user = request.get("new_msg"), request.get("new_ext"), request.get("user")
    if not new or not isinstance(new, dict):
        return not_edited(400, "new_msg is required")
    if not isinstance(ext, dict | None) or not isinstance(user, str | None):
        return errors.MALFORMED
    message = easemob.find(call.path["message"])
    if message is None:
        return not_edited(404, "message is unavailable or expired")
    body = new_body(message, new)
    if isinstance(body, Refusal):
        return body
    if body is None and ext is None:
        return not_edited(400, "new_ext is required")
    if user is not None and not may_edit(easemob, message, user.lower()):
        return not_edited(401, "the user is not authorized to modify this message")
    if easemob.edits[message.id] >= EDITS:
        return not_edited(403, f"the modify count of this message has reached limit {EDITS}")
    if ext is not None and request.get("is_combine_ext", True):
        ext = {**(message.ext or {}), **ext}
    operator = user.lower() if user else EDITOR
    easemob.accept("edit", id=message.id, type=message.type, operator=operator, body=body, ext=ext)
    easemob.edit(message, operator, body, ext, call)
    return {"path": f"/messages/rewrite/{message.id}", "data": "success"}


def not_edited(status: int, description: str) -> Refusal:
    return Refusal(status, "message_rewrite_error", description)


def new_body(message: Message, new: dict[str, Any]) -> dict[str, Any] | Refusal | None:
    """The body after the edit; None when it stays."""
    if new.get("type") != message.name or message.name == "cmd":
        return not_edited(400, "message type is not supported")
    if message.name == "txt":
        if not isinstance(new.get("msg"), str):
            return not_edited(400, "msg is required")
        return {**message.content, "msg": new["msg"]}
    if message.name == "custom":
        return {**message.content, **{name: new[name] for name in OF_CUSTOM if name in new}}
    return None


def may_edit(easemob: Easemob, message: Message, user: str) -> bool:
    groups = easemob.rooms if message.type == "room" else easemob.people.groups
    group = groups.get(message.to) if message.type != "person" else None
    ranks = [group.owner, *easemob.standing(group, room=message.type == "room").admins] if group else []
    return user == message.sender or user in ranks


def react(easemob: Easemob, call: Call) -> Answer:
    request = as_object(call.body)
    if request is None:
        return errors.MALFORMED
    return reacted(easemob, call, request.get("msgId"), request.get("message"), add=True)


def take_back(easemob: Easemob, call: Call) -> Answer:
    query = dict(parse_qsl(call.query.decode("latin-1")))
    return reacted(easemob, call, query.get("msgId"), query.get("message"), add=False)


def reacted(easemob: Easemob, call: Call, message_id: object, reaction: object, *, add: bool) -> Answer:
    if "reaction" in easemob.options.closed:
        return errors.CLOSED["reaction"]
    user = call.path["user"].lower()
    if not isinstance(message_id, str) or not isinstance(reaction, str) or not 0 < len(reaction) <= EMOJI:
        return not_reacted("msgId and message must be provided")
    message = easemob.find(message_id)
    if message is None or not may_see(easemob, message, user):
        return not_reacted("the user operation is illegal!")
    if wrong := easemob.reactions.wrong(message_id, user, reaction, add=add):
        return not_reacted(wrong)
    api = "reaction.add" if add else "reaction.remove"
    easemob.accept(api, id=message_id, type=message.type, user=user, reaction=reaction)
    easemob.react(message, call, user=user, reaction=reaction, add=add)
    return bare({"requestStatusCode": "ok", "timestamp": easemob.now(), "data": None})


def get_reactions(easemob: Easemob, call: Call) -> Answer:
    query = dict(parse_qsl(call.query.decode("latin-1")))
    wanted = [one for one in query.get("msgIdList", "").split(",") if one]
    if not 0 < len(wanted) <= 20 or query.get("msgType") not in ("chat", "groupchat"):
        return not_reacted("msgIdList and msgType must be provided")
    user = call.path["user"].lower()
    data = [
        {
            "msgId": one,
            "reactionList": [
                {"reaction": name, "count": len(who), "state": user in who, "userList": who}
                for name, who in easemob.reactions.of(one).items()
            ],
        }
        for one in wanted
    ]
    return bare({"requestStatusCode": "ok", "timestamp": easemob.now(), "data": data})


def not_reacted(description: str) -> Refusal:
    """The ``error`` is not the vendor's, only the descriptions of a repetition and of a stranger are."""
    return Refusal(400, "illegal_argument", description)


def may_see(easemob: Easemob, message: Message, user: str) -> bool:
    if message.type == "person":
        return user in (message.sender, message.to)
    group = easemob.people.groups.get(message.to) if message.type == "group" else None
    return user in group.members if group else message.type == "room"


CALLS = (
    ("POST", "messages/msg_recall", "recall", "recall", recall),
    ("POST", "messages/batch_recall", "recall", "recall.batch", recall_many),
    ("PUT", "messages/rewrite/{message}", "edit", "edit", rewrite),
    ("POST", "reaction/user/{user}", "reaction.add", "reaction.add", react),
    ("DELETE", "reaction/user/{user}", "reaction.remove", "reaction.remove", take_back),
    ("GET", "reaction/user/{user}", "reaction.get", "reaction.get", get_reactions),
)
