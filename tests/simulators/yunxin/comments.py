"""Quick comments, by which people react to a message: added by PATCH, taken away by DELETE, asked for by POST.

Source: the vendor's server SDKs for Java 1.2 and Go 1.0, and the list of pages in them. No copy of one is known, and there is none.
"""

from typing import Any

from tests.simulators.calls import Call
from tests.simulators.messages import Message
from tests.simulators.yunxin.changing import UNKNOWN, V2_KINDS
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.sending import as_object
from tests.simulators.yunxin.state import Yunxin


def named(yunxin: Yunxin, held: Any) -> Message | Refusal:
    """All that the page asks of a message must be there, and agree."""
    kind = V2_KINDS.get(str(held.get("conversation_type"))) if isinstance(held, dict) else None
    if kind is None or not isinstance(held.get("message_client_id"), str) or type(held.get("create_time")) is not int:
        return Refusal(414, "parameter error")
    if type(held.get("message_server_id")) is not int:
        return Refusal(414, "message_server_id must be a number")
    message = yunxin.archive.find(kind, str(held["message_server_id"]))
    given = str(held.get("sender_id", "")).lower(), str(held.get("receiver_id", "")).lower(), held["create_time"], held["message_client_id"]
    if message is None or given != (message.sender, message.to.lower(), message.time, message.client_id):
        return UNKNOWN
    return message


def _asked(yunxin: Yunxin, call: Call) -> tuple[Message, str, int, str] | Refusal:
    request = as_object(call.body) or {}
    operator, index = str(request.get("operator_id", "")).lower(), request.get("index")
    if type(index) is not int or index < 1:
        return Refusal(414, "index must be a number above 0")
    if operator not in yunxin.people.users:
        return Refusal(404, f"{operator} not register", 102404)
    message = named(yunxin, request.get("message"))
    return message if isinstance(message, Refusal) else (message, operator, index, str(request.get("extension", "")))


def add(yunxin: Yunxin, call: Call) -> Answer:
    asked = _asked(yunxin, call)
    if isinstance(asked, Refusal):
        return asked
    message, operator, index, extension = asked
    yunxin.comments.setdefault(f"{message.type}:{message.id}", {})[operator, index] = extension
    yunxin.accept("reaction", call, id=message.id, type=message.type, index=index, **{"from": operator})
    return {"time": yunxin.now()}


def remove(yunxin: Yunxin, call: Call) -> Answer:
    asked = _asked(yunxin, call)
    if isinstance(asked, Refusal):
        return asked
    message, operator, index, _ = asked
    yunxin.comments.get(f"{message.type}:{message.id}", {}).pop((operator, index), None)
    yunxin.accept("reaction.remove", call, id=message.id, type=message.type, index=index, **{"from": operator})
    return {"time": yunxin.now()}


def query(yunxin: Yunxin, call: Call) -> Answer:
    request = as_object(call.body) or {}
    found, failed = [], []
    for held in request.get("messages") or ():
        message = named(yunxin, held)
        if isinstance(message, Refusal):
            failed.append({"error_code": message.v2 or message.code, "error_msg": message.why})
            continue
        comments = yunxin.comments.get(f"{message.type}:{message.id}", {})
        listed = [{"operator_id": operator, "index": index, "extension": extension} for (operator, index), extension in comments.items()]
        found.append({**held, "comments": listed})
    return {"success_list": found, "failed_list": failed}
