"""`ext` of a message: our mark, what the UI kit keeps in it (answers, mentions), and the customer's own.

Source: the vendor's UI kit (`yxReplyMsg`, `yxAitMsg`). The server takes 1,024 characters, in a room 4,096.
"""

from typing import Any

from msgspec import structs

from converters import mending
from converters.core import wire
from converters.core.bodies import Body, Text
from converters.core.event_id import new_event_id
from converters.core.lenient import milliseconds
from converters.core.model import Conversation, Loss
from converters.core.operations import Quote, Ref
from converters.platforms.yunxin.ids import person, scope
from converters.platforms.yunxin.values import number, record, text
from converters.text.extension_payload import key_of

REPLY, MENTIONS, EVERYBODY = "yxReplyMsg", "yxAitMsg", "ait_all"


def ref(conversation: Conversation, app: str, message: str, client_id: str, author: str, at: int) -> Ref:
    """A message of *conversation*, as the event that posted it would have named it."""
    here = message not in {"", "0"}
    event = new_event_id("yunxin", app, scope(conversation), message) if here else ""
    return Ref(id=message if here else "", event=event, client_id=client_id, author=author, at=at)


def quote_of(ext: dict[str, Any], conversation: Conversation, app: str) -> Quote | None:
    held = ext.get(REPLY)
    if not isinstance(held, dict):
        return None
    message, client_id = text(held, "idServer"), text(held, "idClient")
    if not message and not client_id:
        return None
    at = milliseconds(number(held, "time"), 0)
    return Quote(ref(conversation, app, message, client_id, person(held.get("from")), at), text(held, "body"))


_THREADS = ("threadReply", "thread_reply", "replyMsg")
_REPLIES = {
    "replyMsgIdServer": "id",
    "replyMsgIdClient": "client_id",
    "replyMsgFromAccount": "author",
    "replyMsgTime": "at",
    "messageServerId": "id",
    "messageClientId": "client_id",
    "senderId": "author",
    "createTime": "at",
    "message_server_id": "id",
    "message_client_id": "client_id",
    "sender_id": "author",
    "create_time": "at",
}
"""As client SDKs, and version 2 of the API, call them."""


def thread_of(raw: bytes, conversation: Conversation, app: str) -> Quote | None:
    """The message that a copy answers in fields of its own. No copy that has them was ever published."""
    try:
        copy, _ = mending.load_any(raw)
    except wire.Malformed:
        return None
    if not isinstance(copy, dict):
        return None
    for fields in (copy, *(record(copy.get(name)) or {} for name in _THREADS)):
        held = {_REPLIES[name]: value for name, value in fields.items() if name in _REPLIES}
        message, client_id = text(held, "id"), text(held, "client_id")
        if message not in {"", "0"} or client_id:
            at = milliseconds(number(held, "at"), 0)
            return Quote(ref(conversation, app, message, client_id, person(held.get("author")), at))
    return None


def mentioned(body: Body, ext: dict[str, Any]) -> Body:
    """A text with those whom *ext* calls by name."""
    held = ext.get(MENTIONS)
    if not isinstance(body, Text) or not isinstance(held, dict):
        return body
    users = tuple(dict.fromkeys(user for name in held if name != EVERYBODY and (user := person(name))))
    return structs.replace(body, mentions=users, everybody=EVERYBODY in held)


def own(ext: dict[str, Any], key: str, body: Body, quote: Quote | None) -> dict[str, Any]:
    """What the customer's app wrote: *ext* without our mark under *key*, and without what *body* and *quote* took over."""
    taken = {key, key_of(key)}
    if quote is not None:
        taken.add(REPLY)
    if isinstance(body, Text) and isinstance(ext.get(MENTIONS), dict):
        taken.add(MENTIONS)
    return {name: value for name, value in ext.items() if name not in taken}


def written(parts: list[tuple[str, dict[str, Any]]], longest: int) -> tuple[str, tuple[Loss, ...]]:
    """*parts* as one `ext` of at most *longest* characters; those that come last are left out first, each a loss of its name."""
    lost: list[Loss] = []
    while True:
        whole: dict[str, Any] = {}
        for _, part in reversed(parts):
            whole |= part
        said = wire.dump_any(whole).decode()
        if len(said) <= longest or len(parts) == 1:
            return said, tuple(lost)
        lost.append(Loss(parts.pop()[0]))


def called(mentions: dict[str, str], said: str, *, everybody: bool) -> dict[str, Any]:
    """`yxAitMsg`: where in *said* each of *mentions* (the id here, and as it is written in the text) is called."""
    names = {user: f"@{name}" for user, name in mentions.items()}
    if everybody:
        names[EVERYBODY] = next((name for name in ("@所有人", "@all", "@All") if name in said), "@所有人")
    return {user: {"text": name, "segments": _segments(said, name)} for user, name in names.items()}


def _segments(said: str, name: str) -> list[dict[str, Any]]:
    found, start = [], said.find(name)
    while start >= 0:
        end = start + len(name)
        found.append({"start": start, "end": end, "broken": False})
        start = said.find(name, end)
    return found
