"""What every Easemob call passes: the right app, a token, the limit."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import orjson
from starlette.responses import Response

from tests.simulators.calls import Call
from tests.simulators.clock import now_ms
from tests.simulators.easemob import errors
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.state import Easemob
from tests.simulators.moods import Fate

Answer = dict[str, Any] | Refusal | Response
"""A dictionary is put in the usual envelope."""
Work = Callable[[Easemob, Call], Answer]


class Gate:
    """One API: its short name for the journal, its path under the app, and the limit that it counts for.

    A send counts by its receivers as well, and so looks at its limits itself: *limit* is None. With *anonymous*
    a call may come without a token, though not with a wrong one.
    """

    def __init__(self, easemob: Easemob, api: str, method: str, limit: str | None, work: Work, *, anonymous: bool = False) -> None:
        self._easemob = easemob
        self._api = api
        self._method = method
        self._limit = limit
        self._work = work
        self._anonymous = anonymous
        self._throttled = 0

    def __call__(self, call: Call) -> Response:
        easemob, options = self._easemob, self._easemob.options
        if (call.path["org"], call.path["app"]) != (options.org, options.app):
            return self.refuse(errors.NO_APP)
        authorization = call.header(b"authorization")
        if authorization or not self._anonymous:
            refusal = easemob.tokens.check(authorization, send=self._api == "send")
            if refusal:
                return self.refuse(refusal)
        if self._limit and not easemob.limits.call(self._limit, monotonic()):
            return self.refuse(errors.CALL_LIMIT)
        answer = self._work(easemob, call)
        if isinstance(answer, Refusal):
            return self.refuse(answer)
        if isinstance(answer, Response):
            return answer
        envelope = {
            "action": self._method.lower(),
            "application": easemob.application,
            "timestamp": now_ms(),
            "duration": 0,
            "organization": options.org,
            "applicationName": options.app,
        }
        return Response(orjson.dumps(answer | envelope), media_type="application/json")

    def unwell(self, call: Call, fate: Fate) -> Response:
        """Throttled by calls and by messages in turn."""
        if fate is Fate.BROKEN:
            return self.refuse(errors.BROKEN, mood=True)
        self._throttled += 1
        by_messages = self._api == "send" and not self._throttled % 2
        return self.refuse(errors.MESSAGE_LIMIT if by_messages else errors.CALL_LIMIT, mood=True)

    def refuse(self, refusal: Refusal, **facts: Any) -> Response:
        self._easemob.refuse(self._api, refusal, **facts)
        return refusal.response()


def token(easemob: Easemob, call: Call) -> Response:
    """``POST /{org}/{app}/token``, which needs none itself and knows no moods."""
    options = easemob.options
    if (call.path["org"], call.path["app"]) != (options.org, options.app):
        return errors.NO_APP.response()
    request = as_object(call.body)
    if request is not None and request.get("grant_type") in ("password", "inherit"):
        from tests.simulators.easemob.management import user_token

        given = user_token(easemob, request)
        return given.response() if isinstance(given, Refusal) else bare(given | {"application": easemob.application})
    answer = errors.MALFORMED if request is None else easemob.tokens.give(request)
    if isinstance(answer, Refusal):
        easemob.refuse("token", answer)
        return answer.response()
    easemob.accept("token", expires_in=answer["expires_in"])
    return Response(orjson.dumps(answer | {"application": easemob.application}), media_type="application/json")


def bare(content: dict[str, Any]) -> Response:
    """An answer without the usual envelope, as a few calls have it."""
    return Response(orjson.dumps(content), media_type="application/json")


def as_json(raw: bytes) -> Any:
    """What *raw* says, or None when it is no JSON."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def as_object(raw: bytes) -> dict[str, Any] | None:
    value = as_json(raw)
    return value if isinstance(value, dict) else None
