"""Answers of Parley's REST API read into outcomes. Source: "Errors"."""

from msgspec import Struct

from converters.core import wire
from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.platform import Reply, Request
from tests.example_platform.parley.signing import code_of

_OURS = frozenset({"token_expired", "bad_key", "forbidden"})
_KNOWN = _OURS | {"rate_limited", "no_such_user", "no_such_channel", "no_such_message", "bad_request", "too_large"}


class _Sent(Struct, frozen=True, rename="camel"):
    message_id: str
    sent_at: int


def read_reply(request: Request, reply: Reply) -> Outcome:
    """What became of a call: both calls are answered alike. Nothing of an answer but known words is repeated."""
    del request
    if reply.status == 200:
        try:
            sent = wire.load(reply.body, _Sent)
        except wire.Malformed:
            return Unsure("an unreadable answer")
        return Delivered(sent.message_id, sent.sent_at) if sent.message_id else Unsure("an answer without id")
    code = code_of(reply)
    said = f"http {reply.status}: {code}" if code in _KNOWN else f"http {reply.status}"
    if reply.status == 429:
        return NotSent(said, reply.retry_after, throttled=True)
    if reply.status in {401, 403}:
        return NotSent(said, ours=True)
    if 400 <= reply.status < 500 and reply.status != 408:
        return Refused(said)
    return Unsure(said)
