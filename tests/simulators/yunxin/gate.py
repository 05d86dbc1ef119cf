"""What every Yunxin call passes: signature, repeat, limit. Answers are HTTP 200 whatever the code in them.

Source: "Yunxin: Server API, status codes" and "Yunxin: v2 error codes".
"""

from collections.abc import Callable
from time import time
from typing import Any

import orjson
from msgspec import Struct
from starlette.responses import Response

from tests.simulators.calls import Call
from tests.simulators.moods import Fate
from tests.simulators.yunxin.signing import holds
from tests.simulators.yunxin.state import Yunxin, request_id


class Refusal(Struct, frozen=True):
    """``v2`` is the code of the newer API where it differs; ``facts`` goes to the journal."""

    code: int
    why: str
    v2: int | None = None
    facts: dict[str, Any] = {}


Answer = dict[str, Any] | Refusal
Work = Callable[[Yunxin, Call], Answer]
OVER_LIMIT = Refusal(416, "over frequency", 107323)
BROKEN = Refusal(500, "server error")


class Gate:
    """One API: its short name for the journal, its category for the limit, and whether it answers as v2."""

    def __init__(self, yunxin: Yunxin, api: str, category: str, work: Work, *, v2: bool = False) -> None:
        self._yunxin = yunxin
        self._api = api
        self._category = category
        self._work = work
        self._v2 = v2
        self._memory = f"{api} v2" if v2 else api

    def __call__(self, call: Call) -> Response:
        yunxin, options = self._yunxin, self._yunxin.options
        if call.header(b"appkey") != options.app_key:
            return self.refuse(call, Refusal(414, "bad app key", 101303))
        signed = (call.header(b"nonce"), call.header(b"curtime"), call.header(b"checksum"))
        if not holds(options.app_secret, *signed, now=time()):
            return self.refuse(call, Refusal(414, "bad checksum"))
        known = request_id(call)
        if known and (earlier := yunxin.earlier(self._memory, known)):
            yunxin.refuse(self._api, "repeat: answered as before", call)
            return self._respond(earlier)
        if not yunxin.within_limit(self._category):
            return self.refuse(call, OVER_LIMIT)
        answer = self._work(yunxin, call)
        if isinstance(answer, Refusal):
            return self.refuse(call, answer)
        content = orjson.dumps({"code": 200, "msg": "success", "data": answer} if self._v2 else {"code": 200, **answer})
        if known:
            yunxin.remember(self._memory, known, content)
        return self._respond(content)

    def unwell(self, call: Call, fate: Fate) -> Response:
        return self.refuse(call, OVER_LIMIT if fate is Fate.THROTTLED else BROKEN, mood=True)

    def refuse(self, call: Call, refusal: Refusal, **facts: Any) -> Response:
        code = refusal.v2 or refusal.code if self._v2 else refusal.code
        self._yunxin.refuse(self._api, refusal.why, call, code=code, **refusal.facts, **facts)
        return self._respond(orjson.dumps({"code": code, "msg" if self._v2 else "desc": refusal.why}))

    def _respond(self, content: bytes) -> Response:
        return Response(content, media_type="application/json;charset=utf-8")
