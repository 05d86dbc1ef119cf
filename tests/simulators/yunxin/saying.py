"""What people do in the app: messages, and operations by name.

Operations, with the payload that each takes (a missing key has the default shown):

======================================  ===========================================================================
``recall``                              ``id``, ``text`` ""
``edit``                                ``id``, ``text`` or ``attachment``, ``extension``, ``sub_type``
``read``                                ``id``: read up to this message between two persons
``conversation.read``                   ``time`` now; ``type`` of the saying is person or group
``room.in`` ``room.out`` ``room.kick``  nothing
``login`` ``logout``                    ``reason`` 1 (of a logout)
``custom``                              ``attach``, ``save`` true, ``push`` ""
``friend.add``                          ``vt`` 1, ``text`` ""
``friend.delete``                       nothing
``team.create``                         ``members``, ``name`` "", ``superteam`` false; the answer's ``to`` is its id
``team.apply`` ``team.apply_reject``    ``users`` (of a refusal: who applied), ``text`` ""
``team.invite`` ``team.invite_reject``  ``users`` (invited; of a refusal: who invited), ``text`` ""
``team.`` and a key of ``LIFE``         ``users``, and for ``update`` what changes, for ``mute`` ``mute``
======================================  ===========================================================================

Of a message, ``payload`` is what its copy has instead: ``{"antispam": "true", "fromNick": null}``.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.simulators.clock import now_ms
from tests.simulators.messages import Conversation, Message
from tests.simulators.people import Group
from tests.simulators.platform import Saying
from tests.simulators.yunxin import afterwards, attachments
from tests.simulators.yunxin.copies import dumped
from tests.simulators.yunxin.friends import befriend, part
from tests.simulators.yunxin.kinds import NUMBERS, UNNUMBERED, device
from tests.simulators.yunxin.notifying import notify
from tests.simulators.yunxin.roomlife import silenced
from tests.simulators.yunxin.state import Yunxin
from tests.simulators.yunxin.teamlife import LIFE, happen, invite, managers

Said = Message | str
Payload = dict[str, Any]
INVITATIONS = ("apply", "apply_reject", "invite", "invite_reject")


class Inhabited(Yunxin):
    """A Yunxin app with people in it."""

    def say(self, saying: Saying, tally: Counter[str] | None = None) -> Said:
        """A person writes in the app, or does something else there."""
        if saying.operation is not None:
            return operate(self, saying, saying.operation)
        if saying.kind == "recall":
            return recall(self, saying, {"id": saying.recalls, "text": saying.text})
        sender, to = saying.sender.lower(), saying.to
        name = saying.kind or "TEXT"
        attach = saying.attach
        if saying.media is not None:
            name, attach = attachments.sent(self, saying.media)
        if name not in NUMBERS and name not in UNNUMBERED:
            return f"no such kind: {name}"
        match saying.type:
            case "person":
                to = to.lower()
                self.people.add_user(to, now_ms())
            case "group":
                if to not in self.people.groups:
                    return f"no such team: {to}"
            case _:
                if to not in self.rooms:
                    return f"no such room: {to}"
                if why := silenced(self.rooms[to], sender):
                    return why
        self.people.add_user(sender, now_ms())
        text = saying.body if saying.text is None and isinstance(saying.body, str) else saying.text
        if name in ("TEXT", "TIPS"):
            text = text or ""
            content: Any = {"msg": text}
        else:
            content = {} if attach is None else attach
        refused = saying.type == "person" and (to, sender) in self.relations["black"]
        message = self.store(
            saying.type,
            sender,
            to,
            name,
            content,
            text=text,
            client_id=saying.id,
            ext=None if saying.ext is None else dumped(saying.ext),
            rest=False,
            stored=name in NUMBERS and not refused,
        )
        changes = saying.payload
        facts = message.facts() | self.files_of(message, saying.media)
        if refused:
            changes = {"blacklist": "true"} | (changes or {})
            facts["blacklisted"] = True
        self.journal.note("said", message.time, **facts)
        self.copy(message, tally=tally, changes=changes)
        return message


def operate(yunxin: Inhabited, saying: Saying, operation: str) -> Said:
    payload: Any = {} if saying.payload is None else saying.payload
    if not isinstance(payload, dict):
        return "payload must be an object"
    group, _, what = operation.partition(".")
    try:
        if group == "team":
            return team_life(yunxin, saying, what, payload)
        if work := OPERATIONS.get(operation):
            return work(yunxin, saying, payload)
    except KeyError as error:
        return f"{operation} needs {error}"
    return f"no such operation: {operation}"


def found(yunxin: Inhabited, saying: Saying, message_id: object) -> Said:
    kind: Conversation = "group" if saying.type == "group" else "person"
    return yunxin.archive.find(kind, str(message_id or "")) or "no such message"


def recall(yunxin: Inhabited, saying: Saying, payload: Payload) -> Said:
    message = found(yunxin, saying, payload["id"])
    if isinstance(message, str):
        return message
    return afterwards.withdraw(yunxin, message, None, payload.get("text") or "", payload.get("attach", ""))


def edit(yunxin: Inhabited, saying: Saying, payload: Payload) -> Said:
    message = found(yunxin, saying, payload["id"])
    if isinstance(message, str):
        return message
    text = payload.get("text")
    content = {"msg": text} if text is not None else payload["attachment"]
    return afterwards.rewrite(
        yunxin,
        message,
        saying.sender.lower(),
        None,
        text=text,
        content=content,
        ext=payload.get("extension"),
        sub_type=payload.get("sub_type"),
    )


def read(yunxin: Inhabited, saying: Saying, payload: Payload) -> Said:
    message = found(yunxin, saying, payload["id"])
    return message if isinstance(message, str) else afterwards.read(yunxin, message, saying.sender.lower(), None)


def read_conversation(yunxin: Inhabited, saying: Saying, payload: Payload) -> Said:
    team = saying.type == "group"
    return event(
        yunxin,
        saying,
        "conversation.read",
        "85",
        msgType="1" if team else "0",
        accid=saying.sender.lower(),
        ackMsgTime=str(payload.get("time", yunxin.now())),
        **{"ackTeamId" if team else "ackAccid": saying.to},
    )


def room_event(name: str, shown: str) -> Callable[[Inhabited, Saying, Payload], Said]:
    def work(yunxin: Inhabited, saying: Saying, payload: Payload) -> Said:
        user = saying.sender.lower()
        if saying.to not in yunxin.rooms:
            return f"no such room: {saying.to}"
        return event(yunxin, saying, name, "9", roomId=saying.to, event=shown, accid=user, clientType=device(user))

    return work


def log_in(yunxin: Inhabited, saying: Saying, payload: Payload) -> Said:
    return event(yunxin, saying, "login", "2", **session(saying.sender.lower()))


def log_out(yunxin: Inhabited, saying: Saying, payload: Payload) -> Said:
    reason = str(payload.get("reason", 1))
    return event(yunxin, saying, "logout", "3", **session(saying.sender.lower()), logOutReason=reason)


def session(user: str) -> dict[str, str]:
    return {
        "accid": user,
        "clientIp": "203.0.113.7",
        "clientType": device(user),
        "code": "200",
        "sdkVersion": "100",
        "deviceId": f"device-{user}",
    }


def event(yunxin: Inhabited, saying: Saying, name: str, number: str, **facts: str) -> Said:
    """A copy that is about no message; all but the reading of a conversation tell when."""
    notice = yunxin.notice(saying.type, saying.sender.lower(), saying.to, name, facts, rest=False)
    yunxin.done(name, None, **notice.facts())
    when = {} if number == "85" else {"timestamp": str(notice.time)}
    yunxin.post(notice, yunxin.copies.write({"eventType": number, **facts, **when}), None)
    return notice


def custom(yunxin: Inhabited, saying: Saying, payload: Payload) -> Said:
    kind: Conversation = "group" if saying.type == "group" else "person"
    if kind == "group" and saying.to not in yunxin.people.groups:
        return f"no such team: {saying.to}"
    return notify(
        yunxin,
        kind,
        saying.sender.lower(),
        saying.to,
        payload["attach"],
        None,
        safe=payload.get("save", True),
        push=payload.get("push", ""),
    )


def add_friend(yunxin: Inhabited, saying: Saying, payload: Payload) -> Said:
    ends = saying.sender.lower(), saying.to.lower()
    return befriend(yunxin, *ends, payload.get("vt", 1), payload.get("text", ""), None)


def delete_friend(yunxin: Inhabited, saying: Saying, payload: Payload) -> Said:
    return part(yunxin, saying.sender.lower(), saying.to.lower(), None)


def team_life(yunxin: Inhabited, saying: Saying, what: str, payload: Payload) -> Said:
    """Who may do it is not asked: an app does not offer what may not be done."""
    operator, users = saying.sender.lower(), [str(one).lower() for one in payload.get("users", ())]
    if what == "create":
        return create_team(yunxin, operator, payload)
    team = yunxin.people.groups.get(saying.to)
    if team is None:
        return f"no such team: {saying.to}"
    for user in (operator, *users):
        yunxin.people.add_user(user, now_ms())
    if what in INVITATIONS:
        listeners = [team.owner, *managers(team)] if what == "apply" else users
        message = invite(yunxin, team, what, operator, listeners, payload.get("text", ""), None)
    elif what in LIFE:
        if any(key in ("ids", "id") for key in LIFE[what].keys.split()) and not users:
            raise KeyError("users")
        changes = {key: value for key, value in payload.items() if key != "users"}
        if what == "mute" and "mute" not in changes:
            raise KeyError("mute")
        message = happen(yunxin, team, what, operator, users, None, **changes)
    else:
        return f"no such operation: team.{what}"
    yunxin.done(f"team.{what}", None, **message.facts(), users=users)
    return message


def create_team(yunxin: Inhabited, owner: str, payload: Payload) -> Said:
    """Making it has no copy of its own; pulling the members in has."""
    members = [str(one).lower() for one in payload["members"]]
    for member in members:
        yunxin.people.add_user(member, now_ms())
    team: Group = yunxin.make_group([owner])
    team.name = payload.get("name", "")
    if payload.get("superteam"):
        team.settings["superteam"] = True
    message = happen(yunxin, team, "add", owner, members, None)
    yunxin.done("team.create", None, **message.facts(), users=members)
    return message


OPERATIONS: dict[str, Callable[[Inhabited, Saying, Payload], Said]] = {
    "recall": recall,
    "edit": edit,
    "read": read,
    "conversation.read": read_conversation,
    "room.in": room_event("room.in", "IN"),
    "room.out": room_event("room.out", "OUT"),
    "room.kick": room_event("room.kick", "KICK"),
    "login": log_in,
    "logout": log_out,
    "custom": custom,
    "friend.add": add_friend,
    "friend.delete": delete_friend,
}
