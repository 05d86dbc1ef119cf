"""Error bodies. Source: "RongCloud: Server API status codes"."""

import orjson
from msgspec import Struct
from starlette.responses import Response


class Refusal(Struct, frozen=True):
    status: int
    code: int
    why: str

    def response(self) -> Response:
        body = {"code": self.code, "errorMessage": self.why}
        return Response(orjson.dumps(body), self.status, media_type="application/json")


def bad(why: str) -> Refusal:
    """A parameter is wrong."""
    return Refusal(400, 1002, why)


def too_long(why: str) -> Refusal:
    return Refusal(400, 1005, why)


NO_PATH = Refusal(404, 404, "no such path")
BROKEN = Refusal(500, 1000, "internal error")
FOREIGN = Refusal(401, 1001, "App Key is not known")
NO_DATA = Refusal(400, 1003, "no POST data")
UNSIGNED = Refusal(401, 1004, "invalid signature")
OVER_LIMIT = Refusal(429, 1008, "rate limit exceeded")
NOT_ENABLED = Refusal(430, 1009, "service not enabled")
TOO_MANY_USERS = Refusal(403, 2007, "too many test users")
