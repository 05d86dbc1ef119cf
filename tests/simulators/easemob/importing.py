"""Imports of history. Source: "Easemob: import messages".

What the page leaves open is an option each: what becomes of a timestamp that comes again, of a message older than its group, whether an import
is called back, counts as offline message, stands in the history files, and in which words it is refused.
"""

from typing import Any

import orjson

from tests.simulators.calls import Call
from tests.simulators.easemob import attachments, errors
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.fetching import fetch_later
from tests.simulators.easemob.gate import Answer, as_object
from tests.simulators.easemob.sending import BODIES, LIMIT
from tests.simulators.easemob.state import Easemob
from tests.simulators.messages import Conversation, between_two

EARLIEST = 1000
WORDS = {
    "plain": {
        "order": "msg_timestamp must be greater than the last imported message of this conversation",
        "group": "msg_timestamp must be later than the time when the group was created",
        "future": "msg_timestamp must be earlier than the current time",
    },
    "codes": {"order": "illegal parameter, code 7013", "group": "illegal parameter, reason b", "future": "illegal parameter, reason c"},
}


class Import:
    """Imports into one kind of conversation."""

    def __init__(self, kind: Conversation) -> None:
        self._kind = kind

    def __call__(self, easemob: Easemob, call: Call) -> Answer:
        request = as_object(call.body)
        if request is None:
            return errors.MALFORMED
        if wrong := self._wrong(easemob, request):
            return wrong
        sender, target, now = request["from"].lower(), request["target"].lower(), easemob.now()
        at: int = request.get("msg_timestamp", now)
        talk = between_two(sender, target) if self._kind == "person" else f"group|{target}"
        last_at, last_id = easemob.imported.get(talk, (0, ""))
        if wrong := self._untimely(easemob, target, at, last_at, now):
            return wrong
        if easemob.moods.chance(easemob.moods.now.swallow) or (at == last_at and easemob.options.import_repeat == "swallowed"):
            return answer_of(last_id or easemob.event_id(), self._kind)
        twice = 2 if easemob.moods.chance(easemob.moods.now.double) else 1
        message_id = ""
        for _ in range(twice):
            message_id = self._keep(easemob, call, request, sender, target, at)
        easemob.imported[talk] = (at, message_id)
        return answer_of(message_id, self._kind)

    def _keep(self, easemob: Easemob, call: Call, request: dict[str, Any], sender: str, target: str, at: int) -> str:
        options, body = easemob.options, request["body"]
        if request.get("need_download") and isinstance(body.get("url"), str):
            body = {**body, "url": fetch_later(easemob, body["url"], str(call.header(b"host")))}
        message = easemob.store(
            self._kind, sender, target, request["type"], body, ext=request.get("ext"), at=at, stored=True, imported=True
        )
        easemob.accept("import", **message.facts(), at=at, **easemob.files_of(message))
        if options.import_callbacks:
            easemob.call_back(message, call)
        if options.import_unread and self._kind == "person":
            easemob.offline[target] += 1
        return message.id

    def _wrong(self, easemob: Easemob, request: dict[str, Any]) -> Refusal | None:
        if not request.get("body"):
            return Refusal(400, "illegal_argument", "message body not allow empty")
        if not request.get("type"):
            return Refusal(400, "illegal_argument", "type not allow empty")
        sender, target, kind, body = request.get("from"), request.get("target"), request["type"], request["body"]
        if not all(isinstance(one, str) and one for one in (sender, target)) or kind not in BODIES:
            return errors.MALFORMED
        if not isinstance(body, dict) or not BODIES[kind](body) or not isinstance(request.get("ext", {}), dict):
            return errors.MALFORMED
        at, download = request.get("msg_timestamp", EARLIEST), request.get("need_download", False)
        if isinstance(at, bool) or not isinstance(at, int) or at < EARLIEST or not isinstance(download, bool):
            return errors.MALFORMED
        if size_of(body, request.get("ext", {})) > LIMIT:
            return errors.TOO_LARGE
        own = attachments.find(easemob, body.get("url")) is not None
        return attachments.flaw(easemob, kind, body) if own else None

    def _untimely(self, easemob: Easemob, target: str, at: int, last: int, now: int) -> Refusal | None:
        options = easemob.options
        said = WORDS[options.import_words]
        if at > now:
            return Refusal(400, "illegal_argument", said["future"])
        if self._kind == "group":
            group = easemob.people.groups.get(target)
            if group is None:
                return Refusal(404, "resource_not_found", f"grpID {target} does not exist!")
            if at <= group.created and options.import_before_group == "refused":
                return Refusal(400, "illegal_argument", said["group"])
        if at < last or (at == last and options.import_repeat == "refused"):
            return Refusal(400, "illegal_argument", said["order"])
        return None


def size_of(body: dict[str, Any], ext: dict[str, Any]) -> int:
    return len(orjson.dumps(body)) + len(orjson.dumps(ext))


def answer_of(message_id: str, kind: Conversation) -> Answer:
    """The path is the same for both, as on the page."""
    return {"path": "/messages/users/import", "entities": [], "data": {"msg_id": message_id}}


CALLS = (
    ("POST", "messages/users/import", "import", "import.person", Import("person")),
    ("POST", "messages/chatgroups/import", "import", "import.group", Import("group")),
)
