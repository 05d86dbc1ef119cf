"""Answers of the own server read into outcomes. Source: docs/own.md, "What you answer"."""

from msgspec import Struct

from converters.core import wire
from converters.core.lenient import Word, milliseconds, word
from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.platform import Reply, Request
from converters.platforms.own.encode import EVENT


class _Answer(Struct, frozen=True):
    id: Word = None
    at: Word = None


def read_reply(request: Request, reply: Reply) -> Outcome:
    """What became of one event. What is in doubt is sent again: the server knows it by its id."""
    status = reply.status
    if status in {200, 201, 202, 204, 409}:
        return _taken(request, reply)
    said = f"http {status}"
    if status in {401, 403}:
        return NotSent(f"{said}: our secret, clock or address", reply.retry_after, ours=True)
    if status in {429, 503}:
        return NotSent(said, reply.retry_after, throttled=status == 429)
    if 400 <= status < 500 and status != 408:
        return Refused(said)
    return Unsure(said)


def _taken(request: Request, reply: Reply) -> Outcome:
    try:
        answer = wire.load(reply.body, _Answer)
    except wire.Malformed:
        if reply.body.lstrip()[:1] == b"<":  # of what stands before the server: it may know nothing of it
            return Unsure("a page in place of an answer")
        answer = _Answer()
    remote_id = word(answer.id)
    if not remote_id and request.api != EVENT and reply.status != 409:
        return Unsure("an answer without id")
    return Delivered(remote_id, milliseconds(answer.at, 0) or None)
