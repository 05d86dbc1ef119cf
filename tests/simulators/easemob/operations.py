"""What a person does in the app that is no writing: an ``operation``, with its ``payload``.

On messages, in the conversation that ``type`` and ``to`` name: ``recall`` {message}, ``edit`` {message, body?, ext?},
``read_ack`` {message}, ``channel_ack`` {message?}, ``reaction_add`` and ``reaction_remove`` {message, reaction},
``typing`` {action?}. To a friend ``to``: ``friend_add`` {reason?}, ``friend_accept``, ``friend_decline``,
``friend_remove``, ``block``, ``unblock``. With a device, ``to`` being empty: ``login``, ``logout``, ``replaced``
{os?, device?, ip?, version?}. In a group or room: see :mod:`group_operations`.
"""

from collections.abc import Callable
from typing import Any

from tests.simulators.easemob import group_operations
from tests.simulators.easemob.changes import EDITS, may_edit, may_see
from tests.simulators.easemob.group_operations import Refused
from tests.simulators.easemob.state import Easemob
from tests.simulators.messages import Message, between_two
from tests.simulators.platform import Saying

Payload = dict[str, Any]
ROSTER = {"friend_add": "add", "friend_accept": "accept", "friend_decline": "decline", "friend_remove": "remove"}
ANSWERS = ("friend_accept", "friend_decline")
BLOCKS = {"block": "ban", "unblock": "allow"}
STATES = ("login", "logout", "replaced")


def operate(easemob: Easemob, saying: Saying) -> Message | str:
    """What was done, with the id that the answer gives: of the message that it is about, of a new group, or of the
    event; or why it cannot be."""
    operation, payload = saying.operation or "", {} if saying.payload is None else saying.payload
    if not isinstance(payload, dict):
        return "payload must be an object"
    sender = saying.sender.lower()
    easemob.people.add_user(sender, easemob.now())
    to = saying.to.lower() if saying.type == "person" else saying.to
    if operation in MESSAGES:
        done = MESSAGES[operation](easemob, saying, sender, payload)
    elif saying.type != "person":
        done = group_operations.operate(easemob, saying, sender, payload)
    elif operation in STATES:
        done = easemob.event_id()
        body = easemob.events.status(sender, operation, done, easemob.now(), payload)
        easemob.emit(f"status|{sender}", f"status:{done}", body)
    elif operation in ROSTER or operation in BLOCKS:
        done = befriend(easemob, operation, sender, to, payload)
    else:
        return f"no such operation: {operation}"
    if isinstance(done, Refused):
        return str(done)
    if operation == "create":
        to = done
    facts = {"from": sender, "to": to, "type": saying.type, "operation": operation, "payload": payload, "id": done}
    easemob.journal.note("said", easemob.now(), name=operation, text=None, client_id=saying.id or "", **facts)
    return noted(saying, sender, to, operation, payload, done, easemob.now())


def noted(saying: Saying, sender: str, to: str, operation: str, payload: Payload, done: str, now: int) -> Message:
    return Message(
        id=done,
        client_id=saying.id or "",
        time=now,
        type=saying.type,
        sender=sender,
        to=to,
        name=operation,
        content=payload,
        text=None,
        ext=None,
        source="sdk",
    )


def about(easemob: Easemob, saying: Saying, payload: Payload) -> Message | None:
    return easemob.archive.find(saying.type, str(payload.get("message", "")))


NO_MESSAGE = Refused("no such message")


def recall(easemob: Easemob, saying: Saying, sender: str, payload: Payload) -> str:
    message = about(easemob, saying, payload)
    if message is None or message.name == "cmd":
        return NO_MESSAGE
    easemob.withdraw(message)
    return message.id


def edit(easemob: Easemob, saying: Saying, sender: str, payload: Payload) -> str:
    message = about(easemob, saying, payload)
    if message is None or message.name == "cmd":
        return NO_MESSAGE
    if not may_edit(easemob, message, sender):
        return Refused(f"{sender} may not edit it")
    if easemob.edits[message.id] >= EDITS:
        return Refused(f"edited {EDITS} times")
    easemob.edit(message, sender, payload.get("body"), payload.get("ext"))
    return message.id


def read(easemob: Easemob, saying: Saying, sender: str, payload: Payload) -> str:
    message = about(easemob, saying, payload)
    if message is None:
        return NO_MESSAGE
    body = easemob.events.read(message, sender, easemob.event_id(), easemob.now())
    easemob.emit(message.conversation, f"read:{message.id}", body)
    return message.id


def read_all(easemob: Easemob, saying: Saying, sender: str, payload: Payload) -> str:
    """Up to the message that is named, or the last of the conversation."""
    talk = between_two(sender, saying.to.lower()) if saying.type == "person" else f"{saying.type}|{saying.to}"
    message = about(easemob, saying, payload) if "message" in payload else easemob.archive.latest(talk)
    if message is None:
        return NO_MESSAGE
    body = easemob.events.read_up_to(message, sender, easemob.event_id(), easemob.now())
    easemob.emit(message.conversation, f"read:{message.id}", body)
    return message.id


def react(*, add: bool) -> Callable[[Easemob, Saying, str, Payload], str]:
    def reacting(easemob: Easemob, saying: Saying, sender: str, payload: Payload) -> str:
        message, reaction = about(easemob, saying, payload), str(payload.get("reaction", ""))
        if message is None or not may_see(easemob, message, sender):
            return NO_MESSAGE
        if wrong := easemob.reactions.wrong(message.id, sender, reaction, add=add):
            return Refused(wrong)
        easemob.react(message, user=sender, reaction=reaction, add=add)
        return message.id

    return reacting


def typing(easemob: Easemob, saying: Saying, sender: str, payload: Payload) -> str:
    """A command, which is a message of its own and is not kept."""
    content = {"action": payload.get("action", "typing_begin")}
    to = saying.to.lower() if saying.type == "person" else saying.to
    message = easemob.store(saying.type, sender, to, "cmd", content, ext=None, source="sdk", client_id=saying.id, stored=False)
    easemob.call_back(message)
    return message.id


MESSAGES: dict[str, Callable[[Easemob, Saying, str, Payload], str]] = {
    "recall": recall,
    "edit": edit,
    "read_ack": read,
    "channel_ack": read_all,
    "reaction_add": react(add=True),
    "reaction_remove": react(add=False),
    "typing": typing,
}


def befriend(easemob: Easemob, operation: str, sender: str, to: str, payload: Payload) -> str:
    """Asking is free; the rest needs nothing to have been before."""
    roster = easemob.roster
    content: Payload = {"operation": ROSTER.get(operation) or BLOCKS[operation]}
    match operation:
        case "friend_add":
            content["reason"] = payload.get("reason", "")
        case "friend_accept":
            roster.befriend(sender, to)
            content["roster_ver"] = f"{roster.version:08X}"
        case "friend_remove":
            roster.part(sender, to)
            content["roster_ver"] = f"{roster.version:08X}"
        case "block":
            roster.block(sender, to)
            content["status"] = {"error_code": "ok"}
        case "unblock":
            roster.unblock(sender, to)
            content["status"] = {"error_code": "ok"}
        case _:  # A refusal changes nothing.
            pass
    easemob.people.add_user(to, easemob.now())
    event_id, now = easemob.event_id(), easemob.now()
    talk = between_two(sender, to)
    if operation in ANSWERS:
        # Who asked is told, and the devices of who answers: twice the same ids and time.
        own = sender if easemob.options.accept_copy == "acceptor" else to
        easemob.emit(talk, f"roster:{event_id}:own", easemob.events.roster(own, sender, content, event_id, now))
        content = content | {"operation": f"remote_{content['operation']}"}
    easemob.emit(talk, f"roster:{event_id}", easemob.events.roster(sender, to, content, event_id, now))
    return event_id
