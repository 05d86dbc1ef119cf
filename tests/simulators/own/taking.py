"""What the relay brings. Source: docs/own.md, "From the relay to you"."""

from time import time
from typing import Any

import orjson
from starlette.responses import Response

from tests.simulators.calls import Call
from tests.simulators.moods import Fate
from tests.simulators.own import attachments
from tests.simulators.own.forms import flaw
from tests.simulators.own.signing import holds
from tests.simulators.own.state import Own


class Taking:
    """The one call."""

    def __init__(self, own: Own) -> None:
        self._own = own

    def __call__(self, call: Call) -> Response:
        own, options = self._own, self._own.options
        given = call.header(b"x-relay-timestamp"), call.header(b"x-relay-signature")
        if not holds((options.secret, options.secret_previous), *given, call.body, time(), options.window):
            return self._refuse(call, 401, "bad signature")
        try:
            event: Any = orjson.loads(call.body)
        except orjson.JSONDecodeError:
            return self._refuse(call, 400, "no JSON")
        if why := flaw(event) or attachments.flaw(event["operation"].get("body", {})):
            return self._refuse(call, 400, why)
        key = call.header(b"idempotency-key")
        if key != event["id"] or event.get("relay", {}).get("id") != key:
            return self._refuse(call, 400, "Idempotency-Key, id and relay.id must be the same")
        if key in own.taken:
            known = own.taken[key]
            return self._refuse(call, 409, "known", id=known) if known else self._refuse(call, 409, "known")
        operation = event["operation"]
        if not own.within_limit(operation["op"]):
            return self._refuse(call, 429, "too much at once")
        if why := self._unknown(event):
            return self._refuse(call, 404, why)
        return self._take(call, event)

    def unwell(self, call: Call, fate: Fate) -> Response:
        if fate is Fate.THROTTLED:
            return self._refuse(call, 429, "too much at once", mood=True)
        return self._refuse(call, 500, "broken", mood=True)

    def _take(self, call: Call, event: dict[str, Any]) -> Response:
        own, operation = self._own, event["operation"]
        sender, place = event.get("sender", ""), event["conversation"]
        to = next((user for user in place["users"] if user != sender), sender) if "users" in place else place["id"]
        posts = operation["op"] == "post"
        ours = event | {"id": own.number("m" if posts else "e"), "at": own.now()}
        ours.pop("there", None)
        message = own.keep(ours, sender, to, rest=True)
        made = message.id if posts else own.change(operation, message, event.get("there", {}).get("message", ""))
        if made and not posts:
            ours["conversation"] = place | {"id": made}
        own.taken[event["id"]] = made
        api = "send" if posts else operation["op"]
        facts = {"key": event["id"], "there": event.get("there"), "relay": event["relay"]}
        own.journal.note("accepted", message.time, api=api, **facts, **message.facts(), **own.files_of(message))
        if own.options.echo:
            own.post(message, ours, call)
        return self._answer(200, {"id": made, "at": message.time} if made else {})

    def _unknown(self, event: dict[str, Any]) -> str | None:
        own, place, operation = self._own, event["conversation"], event["operation"]
        known = own.people.users
        users = [event.get("sender", ""), *place.get("users", ())]
        for user in users:
            if user and user not in known:
                if own.options.strict_users:
                    return f"no such user: {user}"
                own.people.add_user(user, own.now())
        if place["kind"] == "group" and place["id"] not in own.people.groups and operation["op"] != "group-created":
            return f"no such group: {place['id']}"
        if place["kind"] == "room" and place["id"] not in own.rooms:
            return f"no such room: {place['id']}"
        for what, named in event.get("there", {}).items():
            if own.find(named) is None:
                return f"there.{what} is no message: {named}"
        return None

    def _refuse(self, call: Call, status: int, why: str, *, mood: bool = False, **answer: Any) -> Response:
        facts = {"mood": True} if mood else {}
        key = call.header(b"idempotency-key")
        self._own.journal.note("refused", self._own.now(), api="events", reason=why, status=status, key=key, **facts)
        return self._answer(status, {"error": why, **answer})

    def _answer(self, status: int, content: dict[str, Any]) -> Response:
        headers = {"Retry-After": str(self._own.options.retry_after)} if status in (429, 503) else None
        return Response(orjson.dumps(content), status, headers, "application/json")
