"""Error bodies. Source: "Easemob: error codes" and the error tables of each call; the class in ``exception`` is
illustrative there as here."""

import orjson
from msgspec import Struct
from starlette.responses import Response

from tests.simulators.clock import now_ms


class Refusal(Struct, frozen=True):
    """``code`` is the integer that some send errors have."""

    status: int
    error: str
    description: str
    code: int | None = None

    def response(self) -> Response:
        name = "".join(part.title() for part in self.error.split("_"))
        body = {"error": self.error, "exception": f"Easemob{name}Exception", "timestamp": now_ms(), "duration": 0}
        if self.code is not None:
            body["error_code"] = self.code
        body["error_description"] = self.description
        return Response(orjson.dumps(body), self.status, media_type="application/json")


def not_sent(description: str, code: int | None = None) -> Refusal:
    return Refusal(400, "message_send_error", description, code)


MALFORMED = Refusal(400, "invalid_request_body", "Request body is invalid. Please check body is correct.")
CALL_LIMIT = Refusal(429, "reach_limit", "This request has reached api limit")
MESSAGE_LIMIT = Refusal(403, "message_send_error", "message send reach limit")
BROKEN = Refusal(500, "internal_error", "internal error")
CLOSED = {
    "recall": Refusal(403, "forbidden_op", "message recall service is unopened"),
    "edit": Refusal(403, "forbidden_op", "message rewrite service is unopened"),
    "reaction": Refusal(403, "forbidden_op", "reaction service is unopened"),
    "storage": Refusal(403, "forbidden_op", "callback storage service is unopened"),
}
"""Only the words for recall are the vendor's."""
NO_PATH = Refusal(404, "service_resource_not_found", "Service resource not found")
NO_METHOD = Refusal(405, "method_not_allowed", "Request method is not supported")
"""Its words are made up."""
NO_APP = Refusal(404, "organization_application_not_found", "Could not find application")
EXPIRED = Refusal(401, "unauthorized", "Unable to authenticate due to expired access token")
CORRUPT = Refusal(401, "auth_bad_access_token", "Unable to authenticate due to corrupt access token")
FOREIGN = Refusal(401, "auth_bad_access_token", "Unable to authenticate")
TOO_LARGE = not_sent("message is too large", 14007)
EXT = not_sent("param ext must be JSONObject")
