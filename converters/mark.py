"""The mark that lies on what the relay sends, and by which it knows its own messages when they are called back.

Users forward messages, and the SDKs copy the extension along. So the mark holds a digest over the message's own sender and
conversation: on any other message it does not fit, and that message is an ordinary one.
"""

from hashlib import blake2b
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from converters.event_ids import is_event_id

MarkKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{1,32}$")]
"""Under which key of the extension the mark lies."""

class Mark(NamedTuple):
    event: str
    more: bool
    """Parts follow."""
    part: int
    """Which of the event's parts it is, from 0."""


def make(event: str, sender: str, receiver: str, *, more: bool = False, part: int = 0, late: bool = False) -> dict[str, Any]:
    """The mark of *event* on its way from *sender* to *receiver*, both in the target's words; *more* where parts follow.

    *late* tells the receiver's app that what was said after it is already there.
    """
    mark: dict[str, Any] = {"id": event, "d": _digest(event, sender, receiver, more=more, part=part)}
    if more:
        mark["more"] = True
    if part:
        mark["part"] = part
    if late:
        mark["late"] = True
    return mark


def read(mark: object, sender: str, receiver: str) -> Mark | None:
    """What *mark* says, if it is ours and fits the message it lies on."""
    if not isinstance(mark, dict):
        return None
    event, digest, more, part = mark.get("id"), mark.get("d"), mark.get("more") is True, mark.get("part", 0)
    if not isinstance(event, str) or not isinstance(digest, str) or not isinstance(part, int) or not is_event_id(event):
        return None
    fits = digest == _digest(event, sender, receiver, more=more, part=part)
    return Mark(event, more, part) if fits else None


def _digest(event: str, sender: str, receiver: str, *, more: bool, part: int) -> str:
    bound = f"{event}\x1f{sender.lower()}\x1f{receiver.lower()}\x1f{'more' if more else ''}{part or ''}"
    return blake2b(bound.encode(), digest_size=8).hexdigest()
