"""Sends, of the classic API and of v2. Source: "Yunxin: msg/sendMsg.action" and "Yunxin: v2 send message"."""

from typing import Any

import orjson

from tests.simulators.calls import Call
from tests.simulators.messages import Conversation, Message
from tests.simulators.yunxin.copies import NAMES
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.state import Yunxin

BODY = 5000
LIMITS = {"ext": 1024, "pushcontent": 500, "payload": 2048, "msgDesc": 500}
SENT = frozenset(NAMES) - {5}


def send(yunxin: Yunxin, call: Call) -> Answer:
    """``msg/sendMsg.action``: a form, whose inner objects are JSON texts."""
    form = call.form()
    content = as_object(form.get("body", ""))
    option = as_object(form.get("option") or "{}")
    number = form.get("type", "")
    if form.get("ope") not in ("0", "1"):
        return Refusal(414, "ope must be 0 or 1")
    if not number.isdecimal() or int(number) not in SENT:
        return Refusal(414, "bad type")
    if content is None or option is None:
        return Refusal(414, "body and option must be JSON objects")
    if len(form["body"]) > BODY:
        return Refusal(414, "body is longer than 5000")
    for name, limit in LIMITS.items():
        if len(form.get(name, "")) > limit:
            return Refusal(414, f"{name} is longer than {limit}")
    kind: Conversation = "person" if form["ope"] == "0" else "group"
    sent = deliver(
        yunxin, call, kind, form.get("from", ""), form.get("to", ""), int(number), content,
        ext=form.get("ext"), route=option.get("route") is not False, stored=option.get("history") is not False,
    )  # fmt: skip
    if isinstance(sent, Refusal):
        return sent
    return {"data": {"msgid": int(sent.id), "timetag": sent.time, "antispam": False}}


def send_v2(yunxin: Yunxin, call: Call) -> Answer:
    """``POST /im/v2/conversations/{sender|type|target}/messages``: a client message id may be given, once."""
    request = as_object(call.body)
    parts = call.path["cid"].split("|")
    if request is None or not isinstance(message := request.get("message"), dict):
        return Refusal(414, "parameter error")
    if len(parts) != 3 or parts[1] not in ("1", "2"):
        return Refusal(414, "bad conversation id")
    number, text, attachment = message.get("message_type"), message.get("text"), message.get("attachment")
    if type(number) is not int or number not in SENT:
        return Refusal(414, "bad message_type")
    content = {"msg": text} if number in (0, 10) and text is not None else attachment
    if not isinstance(content, dict) or (number == 0 and not isinstance(text, str)):
        return Refusal(414, "text or attachment is missing")
    if len(orjson.dumps(content).decode()) > BODY or len(text or "") > BODY:
        return Refusal(414, "message is longer than 5000")
    extension = request.get("extension")
    if extension is not None and not (isinstance(extension, str) and len(extension) <= LIMITS["ext"]):
        return Refusal(414, "extension must be a string of at most 1024")
    client_id = message.get("message_client_id")
    if client_id in yunxin.client_ids:
        return Refusal(107306, "client message id repeated", facts={"client_id": client_id})
    route = (request.get("route_config") or {}).get("route_enabled") is not False
    stored = (request.get("message_config") or {}).get("history_enabled") is not False
    kind: Conversation = "person" if parts[1] == "1" else "group"
    sent = deliver(
        yunxin, call, kind, parts[0], parts[2], number, content,
        ext=extension, route=route, stored=stored, client_id=client_id,
    )  # fmt: skip
    if isinstance(sent, Refusal):
        return sent
    return {
        "message_server_id": int(sent.id),
        "message_client_id": sent.client_id,
        "sender_id": sent.sender,
        "conversation_type": int(parts[1]),
        "receiver_id": sent.to,
        "create_time": sent.time,
        "message_type": number,
        **({"text": text} if text is not None else {"attachment": attachment}),
    }


def deliver(
    yunxin: Yunxin,
    call: Call,
    kind: Conversation,
    sender: str,
    to: str,
    number: int,
    content: dict[str, Any],
    *,
    ext: str | None,
    route: bool,
    stored: bool,
    client_id: str | None = None,
) -> Message | Refusal:
    """Both ends must exist; the answer does not name the one that does not by more than its id."""
    sender = sender.lower()
    if sender not in yunxin.people.users:
        return Refusal(404, f"{sender} not register", 102404)
    if kind == "person":
        to = to.lower()
        if to not in yunxin.people.users:
            return Refusal(404, f"{to} not register", 102404)
    elif to not in yunxin.people.groups:
        return Refusal(404, "team not exist", 108404)
    text = content.get("msg") if number in (0, 10) else None
    if number == 0 and not isinstance(text, str):
        return Refusal(414, "msg is missing")
    message = yunxin.store(
        kind, sender, to, NAMES[number], content, text=text, client_id=client_id, ext=ext, stored=stored
    )
    yunxin.accept("send", call, **message.facts())
    if route:
        yunxin.copy(message, call)
    return message


def as_object(raw: str | bytes) -> dict[str, Any] | None:
    """The JSON object in *raw*, or None."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
