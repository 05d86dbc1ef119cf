"""Sends, of the classic API and of v2. Source: "Yunxin: msg/sendMsg.action" and "Yunxin: v2 send message"."""

from typing import Any

import orjson

from tests.simulators.calls import Call
from tests.simulators.messages import Conversation, Message
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.kinds import NAMES, SENT, flaw
from tests.simulators.yunxin.state import Yunxin

BODY = 5000
ATTACH = 4096
FILES = frozenset((1, 2, 3, 6))
LIMITS = {
    "ext": 1024,
    "pushcontent": 500,
    "pushContent": 500,
    "payload": 2048,
    "pushPayload": 2048,
    "msgDesc": 500,
    "forcepushcontent": 500,
    "forcePushContent": 500,
    "antispamCustom": 5000,
    "yidunAntiCheating": 1024,
}
V2_PUSH = {"push_content": 500, "push_payload": 2048}
V2_KINDS: dict[str, Conversation] = {"1": "person", "2": "group", "3": "group"}
ESSENTIAL = frozenset(("from", "fromAccid", "ope", "to", "tid", "type", "body", "ext", "bid", "env"))
V2_NOTED = ("push_config", "message_config", "thread_config", "team_option", "superteam_option")


def send(yunxin: Yunxin, call: Call) -> Answer:
    """``msg/sendMsg.action``: a form, whose inner objects are JSON texts."""
    form = call.form()
    if form.get("ope") not in ("0", "1"):
        return Refusal(414, "ope must be 0 or 1")
    kind: Conversation = "person" if form["ope"] == "0" else "group"
    return send_form(yunxin, call, form, kind, form.get("from", ""), form.get("to", ""), superteam=False)


def send_to_superteam(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    return send_form(yunxin, call, form, "group", form.get("fromAccid", ""), form.get("tid", ""), superteam=True)


def send_form(yunxin: Yunxin, call: Call, form: dict[str, str], kind: Conversation, sender: str, to: str, *, superteam: bool) -> Answer:
    content = as_object(form.get("body", ""))
    option = as_object(form.get("option") or "{}")
    number = form.get("type", "")
    if not number.isdecimal() or int(number) not in SENT:
        return Refusal(414, "bad type")
    if content is None or option is None:
        return Refusal(414, "body and option must be JSON objects")
    if len(form["body"]) > BODY:
        return Refusal(414, "body is longer than 5000")
    options = {name: form[name] for name in form.keys() - ESSENTIAL}
    for name, value in (("ext", form.get("ext", "")), *options.items()):
        if len(value) > LIMITS.get(name, BODY):
            return Refusal(414, f"{name} is longer than {LIMITS.get(name, BODY)}")
    sent = deliver(
        yunxin,
        call,
        kind,
        sender,
        to,
        int(number),
        content,
        superteam=superteam,
        ext=form.get("ext"),
        route=option.get("route") is not False,
        stored=option.get("history") is not False,
        options=options,
    )
    if isinstance(sent, Refusal):
        return sent
    return {"data": {"msgid": int(sent.id), "timetag": sent.time, "antispam": False}}


def send_v2(yunxin: Yunxin, call: Call) -> Answer:
    """``POST /im/v2/conversations/{sender|type|target}/messages``: a client message id may be given, once."""
    request = as_object(call.body)
    parts = call.path["cid"].split("|")
    if request is None or not isinstance(message := request.get("message"), dict):
        return Refusal(414, "parameter error")
    if len(parts) != 3 or parts[1] not in V2_KINDS:
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
    push = request.get("push_config") or {}
    if any(len(str(push.get(name, ""))) > limit for name, limit in V2_PUSH.items()):
        return Refusal(414, "push_content or push_payload is too long")
    if len(push.get("push_forcepush_ids") or ()) > 100:
        return Refusal(107316, "mention list too long")
    client_id = message.get("message_client_id")
    if client_id is not None and not isinstance(client_id, str):
        return Refusal(414, "message_client_id must be a string")
    if client_id in yunxin.client_ids:
        return Refusal(107306, "client message id repeated", facts={"client_id": client_id})
    if request.get("sender_no_sense") and request.get("receiver_no_sense"):
        return Refusal(107330, "neither side would see it")
    check = (request.get("team_option") or request.get("superteam_option") or {}).get("check_team_member_valid")
    team = yunxin.people.groups.get(parts[2]) if check and parts[1] != "1" else None
    if team and parts[0].lower() not in team.members:
        return Refusal(109404, "not in team")
    sent = deliver(
        yunxin,
        call,
        V2_KINDS[parts[1]],
        parts[0],
        parts[2],
        number,
        content,
        superteam=parts[1] == "3",
        ext=extension,
        client_id=client_id,
        route=(request.get("route_config") or {}).get("route_enabled") is not False,
        stored=(request.get("message_config") or {}).get("history_enabled") is not False,
        options={name: request[name] for name in V2_NOTED if name in request},
    )
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
    superteam: bool = False,
    ext: str | None,
    route: bool,
    stored: bool,
    client_id: str | None = None,
    options: dict[str, Any] | None = None,
) -> Message | Refusal:
    """Both ends must exist; the answer does not name the one that does not by more than its id. *options* is what
    else was asked for, which the journal shows and nothing acts upon."""
    sender = sender.lower()
    if missing := missing_end(yunxin, kind, sender, to, superteam=superteam):
        return missing
    if why := flaw(number, content, aac_only=yunxin.options.aac_only):
        return Refusal(414, why)
    if number in FILES and len(orjson.dumps(content).decode()) > ATTACH:
        return Refusal(414, f"attach is longer than {ATTACH}")
    text = content["msg"] if number in (0, 10) else None
    message = yunxin.store(
        kind, sender, to if kind == "group" else to.lower(), NAMES[number], content, text=text, client_id=client_id, ext=ext, stored=stored
    )
    facts = message.facts() | yunxin.files_of(message)
    if options:
        facts["options"] = options
    yunxin.accept("send", call, **facts)
    if route:
        yunxin.copy(message, call)
    return message


def missing_end(yunxin: Yunxin, kind: Conversation, sender: str, to: str, *, superteam: bool) -> Refusal | None:
    """*sender* is in lower case already."""
    if sender not in yunxin.people.users:
        return Refusal(404, f"{sender} not register", 102404)
    if kind == "person":
        return None if to.lower() in yunxin.people.users else Refusal(404, f"{to.lower()} not register", 102404)
    team = yunxin.people.groups.get(to)
    if team is None or ("superteam" in team.settings) is not superteam:
        return Refusal(404, "team not exist", 108404)
    return None


def as_object(raw: str | bytes) -> dict[str, Any] | None:
    """The JSON object in *raw*, or None."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
