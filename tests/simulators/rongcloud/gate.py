"""What every RongCloud call passes: key, signature, limit, required fields."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import orjson
from starlette.responses import Response

from tests.simulators.calls import Call
from tests.simulators.moods import Fate
from tests.simulators.rongcloud import errors
from tests.simulators.rongcloud.errors import Refusal
from tests.simulators.rongcloud.fields import Fields
from tests.simulators.rongcloud.signing import header, holds
from tests.simulators.rongcloud.state import RongCloud

AS_JSON = ("message/ultragroup/publish", "user/tag/set", "user/tag/batch/set")
"""Calls whose body is a JSON object beside those of ``v3/``."""
Answer = dict[str, Any] | Refusal
Work = Callable[[RongCloud, Call, Fields], Answer]


class Gate:
    """One API: its short name for the journal, and the fields that it cannot do without.

    A send counts by its receivers, and so looks at its limit itself: it has *limited* False.
    """

    def __init__(self, rongcloud: RongCloud, api: str, path: str, required: tuple[str, ...], work: Work, *, limited: bool) -> None:
        self._rongcloud = rongcloud
        self._api = api
        self._path = path
        self._required = required
        self._work = work
        self._limited = limited
        self._json = path.startswith("v3/") or path in AS_JSON

    def __call__(self, call: Call) -> Response:
        answer = self._answer(call)
        if isinstance(answer, Refusal):
            return self._refuse(call, answer)
        return Response(orjson.dumps({"code": 200, **answer}), media_type="application/json")

    def _answer(self, call: Call) -> Answer:
        options = self._rongcloud.options
        if header(call, b"app-key") != options.app_key:
            return errors.FOREIGN
        if not holds(call, options.app_secret):
            return errors.UNSIGNED
        if self._limited and not self._rongcloud.limits.call(self._path, monotonic()):
            return errors.OVER_LIMIT
        if not call.body and self._required:  # SDKs send nothing where nothing is required
            return errors.NO_DATA
        fields = Fields.of_json(call.body) if self._json else Fields.of_form(call.body)
        if fields is None:
            return errors.bad("the body must be a JSON object")
        for name in self._required:
            if not fields.has(name):
                return errors.bad(f"{name} is required")
        return self._work(self._rongcloud, call, fields)

    def unwell(self, call: Call, fate: Fate) -> Response:
        return self._refuse(call, errors.OVER_LIMIT if fate is Fate.THROTTLED else errors.BROKEN, mood=True)

    def _refuse(self, call: Call, refusal: Refusal, **facts: Any) -> Response:
        self._rongcloud.refuse(self._api, refusal, call, **facts)
        return refusal.response()
