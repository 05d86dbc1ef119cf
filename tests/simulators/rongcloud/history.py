"""Recalls, edits, history, hourly logs and expansions of messages.

Source: "RongCloud: recall messages", "RongCloud: query historical messages", "RongCloud: historical message logs"
and "RongCloud: message expansion". Edits are in the vendor's server SDKs alone; that one of an ultra group is routed
as a message that names another is in them, of the others nothing is known, and none is.
"""

from typing import Any

import msgspec

from tests.simulators.calls import Call
from tests.simulators.messages import Conversation, between_two
from tests.simulators.rongcloud.errors import NOT_ENABLED, Refusal, bad, too_long
from tests.simulators.rongcloud.fields import Fields, as_object, dumped, texts
from tests.simulators.rongcloud.gate import Answer
from tests.simulators.rongcloud.kinds import WORDS
from tests.simulators.rongcloud.routing import NUMBERS, SERVER, ULTRA, Operation, Sent
from tests.simulators.rongcloud.state import RongCloud

KINDS: dict[str, Conversation] = {str(number): kind for kind, number in NUMBERS.items()} | {str(ULTRA): "group"}
KEYS = 300
DEFAULT = "RCDefault"
PER_CALL = 100


def recall(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """At any age. Only an administrator recalls what another has sent; ``sentTime`` may be left out, and is not compared: SDKs send any."""
    kind = KINDS.get(fields.one("conversationType"))
    if kind is None:
        return bad("conversationType must be 1, 3, 4, 6 or 10")
    message = rongcloud.archive.find(kind, fields.one("messageUID"))
    ultra = fields.one("conversationType") == str(ULTRA)
    if not isinstance(message, Sent) or message.to != fields.one("targetId") or message.ultra is not ultra or message.bus != bus_of(fields):
        return bad("messageUID is not known")
    if fields.has("sentTime") and fields.number("sentTime") is None:
        return bad("sentTime must be a number")
    if message.sender != fields.one("fromUserId") and not fields.yes("isAdmin"):
        return bad("fromUserId is not the sender")
    rongcloud.accept("recall", call, **message.facts())
    operation = Operation(
        by=fields.one("fromUserId"),
        device=SERVER,
        target=message.to,
        admin=fields.yes("isAdmin"),
        delete=fields.yes("isDelete"),
        extra=fields.one("extra"),
        time=rongcloud.now(),
    )
    rongcloud.withdraw(message, operation, call)
    return {}


def bus_of(fields: Fields) -> str:
    """The channel of an ultra group; the default one has a name as well."""
    bus = fields.one("busChannel")
    return "" if bus == DEFAULT else bus


class Edit:
    """A message of one kind of conversation says something else; the field that names the conversation."""

    def __init__(self, kind: Conversation, target: str, *, ultra: bool = False) -> None:
        self._kind = kind
        self._target = target
        self._ultra = ultra

    def __call__(self, rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
        message = rongcloud.archive.find(self._kind, fields.one("msgUID"))
        if not isinstance(message, Sent) or message.to != fields.one(self._target):
            return bad("msgUID is not known")
        if message.ultra is not self._ultra or message.bus != bus_of(fields):
            return bad("msgUID is not known in this channel")
        if message.sender != fields.one("fromUserId"):
            return bad("fromUserId is not the sender")
        if fields.one("objectName", message.name) != message.name:
            return bad("objectName is not that of the message")
        said = as_object(fields.one("content"))
        if said is None:
            return bad("content must be a JSON object")
        text = said.get(WORDS.get(message.name, ""))
        changed = msgspec.structs.replace(
            message, content=fields.one("content"), text=text if isinstance(text, str) else None, ext=said.get("extra")
        )
        rongcloud.archive.replace(changed)
        rongcloud.accept("edit", call, **changed.facts())
        if self._ultra:
            told = rongcloud.write(
                "group", changed.sender, changed.to, changed.name, changed.content, ultra=True, bus=changed.bus, edits=changed.id
            )
            rongcloud.route(told, call)
        return {}


class Query:
    """A page of one kind of conversation, oldest first."""

    def __init__(self, kind: Conversation, *, ultra: bool = False) -> None:
        self._kind = kind
        self._ultra = ultra

    def __call__(self, rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
        if not rongcloud.options.history:
            return NOT_ENABLED
        begin, end = fields.number("startTime"), fields.number("endTime")
        size = fields.number("pageSize", 10)
        if begin is None or end is None or size is None or not 1 <= size <= PER_CALL:
            return bad("startTime, endTime or pageSize is wrong")
        user, target = fields.one("userId"), fields.one("targetId")
        talk = between_two(user, target) if self._kind == "person" else f"{self._kind}|{target}"
        found = [
            item(message)
            for message in rongcloud.archive.between(talk, begin if fields.yes("includeStart") else begin + 1, end)
            if isinstance(message, Sent)
            and (message.own or message.sender != user)
            and message.ultra is self._ultra
            and (not self._ultra or message.bus == bus_of(fields))
        ]
        return {"data": found[:size]}


def item(message: Sent) -> dict[str, Any]:
    return {
        "targetId": message.to,
        "fromUserId": message.sender,
        "messageUID": message.id,
        "msgTime": message.time,
        "objectName": message.name,
        "content": message.content,
        "expansion": message.expandable,
        "extraContent": "",
    }


def log(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """Where the log of an hour is: on this server, to whoever knows the URL."""
    if not rongcloud.options.log:
        return NOT_ENABLED
    date = fields.one("date")
    hour = rongcloud.log.hour(date)
    if hour is None:
        return bad("date must be YYYYMMDDHH")
    there = rongcloud.log.messages(hour, rongcloud.now())
    url = f"http://{call.header(b'host')}/history/{date}.zip" if there else ""
    return {"url": url, "date": date}


def delete_log(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    """Gone at once, where the vendor takes ten minutes."""
    hour = rongcloud.log.hour(fields.one("date"))
    if hour is None:
        return bad("date must be YYYYMMDDHH")
    rongcloud.log.delete(hour)
    return {}


def expandable(rongcloud: RongCloud, fields: Fields) -> dict[str, dict[str, Any]] | Refusal:
    """The expansion of the message that the call names."""
    pairs = rongcloud.expansions.get(fields.one("msgUID"))
    return bad("the message does not exist or was not sent with expansion=true") if pairs is None else pairs


def expand(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    pairs, more = expandable(rongcloud, fields), as_object(fields.one("extraKeyVal"))
    if isinstance(pairs, Refusal):
        return pairs
    if not more or len(more) > PER_CALL:
        return bad("extraKeyVal must be a JSON object of at most 100")
    if len(pairs | more) > KEYS:
        return too_long(f"an expansion has at most {KEYS} keys")
    now = rongcloud.now()
    pairs.update({key: {"v": value if isinstance(value, str) else dumped(value), "ts": now} for key, value in more.items()})
    rongcloud.accept("expansion.set", call, id=fields.one("msgUID"), keys=list(more))
    return {}


def shrink(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    pairs, wrapped = expandable(rongcloud, fields), as_object(f'{{"keys":{fields.one("extraKey")}}}')
    if isinstance(pairs, Refusal):
        return pairs
    if wrapped is None:
        return bad("extraKey must be a JSON array")
    for key in texts(wrapped["keys"]):
        pairs.pop(key, None)
    rongcloud.accept("expansion.delete", call, id=fields.one("msgUID"))
    return {}


def expansion(rongcloud: RongCloud, call: Call, fields: Fields) -> Answer:
    pairs, page = expandable(rongcloud, fields), fields.number("pageNo", 1)
    if isinstance(pairs, Refusal):
        return pairs
    return {"extraContent": pairs if page == 1 else {}}
