"""Paths of older pages that SDKs 0.x still use. Source: official Java server SDK 0.6: ``POST /messages``, ``messages/recall``,
``users/{user}/joined_chatgroups``."""

import orjson

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.changes import recall_one
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Answer, as_object
from tests.simulators.easemob.sending import Send
from tests.simulators.easemob.state import Easemob
from tests.simulators.messages import Conversation

KINDS: dict[str, Conversation] = {"users": "person", "chatgroups": "group", "chatrooms": "room"}
TYPES = {"text": "txt", "image": "img", "voice": "audio", "txt": "txt", "img": "img", "audio": "audio"}


def send(easemob: Easemob, call: Call) -> Answer:
    """The answer has ids with ``useMsgId=true``, and the word success without."""
    request = as_object(call.body)
    said = request.get("msg") if request else None
    if request is None or request.get("target_type") not in KINDS or not isinstance(said, dict):
        return errors.MALFORMED
    kind = str(said.get("type"))
    body = {key: value for key, value in said.items() if key != "type"}
    newer = {"to": request.get("target"), "type": TYPES.get(kind, kind), "body": body}
    newer |= {key: request[key] for key in ("from", "ext") if key in request}
    inner = Call.__new__(Call)
    for name in ("headers", "path", "query", "parcels"):
        setattr(inner, name, getattr(call, name))
    inner.body = orjson.dumps(newer)
    answer = Send(KINDS[request["target_type"]])(easemob, inner)
    if isinstance(answer, dict) and b"useMsgId=true" not in call.query:
        return answer | {"data": dict.fromkeys(answer["data"], "success")}
    return answer


def recall(easemob: Easemob, call: Call) -> Answer:
    if "recall" in easemob.options.closed:
        return errors.CLOSED["recall"]
    request = as_object(call.body)
    wanted = request.get("msgs") if request else None
    if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
        return errors.MALFORMED
    done = [recall_one(easemob, one, call) for one in wanted]
    refused = next((one for one in done if isinstance(one, Refusal)), None)
    return refused or {"data": {"recalled": [one for one in done if isinstance(one, dict)]}}


def joined(easemob: Easemob, call: Call) -> Answer:
    name = call.path["user"].lower()
    found = [group for group in easemob.people.groups.values() if name in group.members]
    return {"entities": [], "data": [{"groupid": group.id, "groupname": group.name} for group in found], "count": len(found)}


CALLS = (
    ("POST", "messages", "send", "send.older", send),
    ("POST", "messages/recall", "recall", "recall", recall),
    ("GET", "users/{user}/joined_chatgroups", "group.list", "group.joined", joined),
)
