"""Event ids: one form, built here and taken apart here, and nowhere else.

`platform:app:conversation kind:platform message id:operation`, the same for every copy of a callback, a replay and an import. What comes
from outside never adds a colon: a part that could is replaced by its digest. Released ids stay as they were, byte for byte.
"""

from functools import lru_cache
from hashlib import blake2b

from msgspec import Struct, structs

LONGEST = 64
"""Characters of an app's name or a message id that an event id takes over; a longer one is replaced by its digest."""
_LONGEST_WORD = 96
_DIGEST = "~"


class NotAnEventIdError(ValueError):
    """The text is no event id."""


class EventId(Struct, frozen=True):
    """The parts as they stand in the text."""

    platform: str
    app: str
    kind: str
    """Of the conversation, by its tag."""
    message: str
    """The platform's own id; a digest of it where that is long, or of unusual characters."""
    operation: str

    @classmethod
    def parse(cls, text: str) -> "EventId":
        """Raises NotAnEventIdError."""
        platform, _, rest = text.partition(":")
        # From the right: names of apps with a colon in them were once taken.
        parts = rest.rsplit(":", 3)
        if len(parts) != 4 or not text.isprintable() or not all((platform, *parts)):
            raise NotAnEventIdError("no event id")
        return cls(platform, *parts)

    @property
    def text(self) -> str:
        return f"{self.platform}:{self.app}:{self.kind}:{self.message}:{self.operation}"

    def beside(self, operation: str) -> "EventId":
        """Another event of the same message."""
        return structs.replace(self, operation=operation)


def new_event_id(platform: str, app: str, kind: str, remote_id: str, operation: str = "post") -> str:
    """Short and of plain characters, so that it always fits into a platform's extension field."""
    return f"{platform}:{_word(app, LONGEST)}:{kind}:{message_of(remote_id)}:{_word(operation, _LONGEST_WORD)}"


def is_of(text: str, platform: str, app: str) -> bool:
    """Whether *text* is the id of an event of *app* on *platform*: as `parse` tells, and cheaper."""
    before = f"{platform}:{app}:"
    if not text.startswith(before) or not platform or not app or not text.isprintable():
        return False
    kind, _, rest = text[len(before) :].partition(":")
    message, _, operation = rest.partition(":")
    return bool(kind and message and operation) and ":" not in operation


def is_event_id(text: str) -> bool:
    try:
        EventId.parse(text)
    except NotAnEventIdError:
        return False
    return True


def beside(event: str, operation: str) -> str:
    """The id of another event of the same message."""
    return EventId.parse(event).beside(operation).text


def also(event: str, number: int) -> str:
    """The id of the event that posts the further body *number*, from 2 on, of the message that *event* posts."""
    return f"{event.rpartition(':')[0]}:post-{number}"


def message_of(remote_id: str) -> str:
    """How an event id holds a platform's message id."""
    if len(remote_id) > LONGEST or not remote_id.isascii() or not remote_id.replace("-", "").isalnum():
        return _digested(remote_id)
    return remote_id


@lru_cache(1024)
def _word(text: str, longest: int) -> str:
    if len(text) > longest or ":" in text or not text or not text.isprintable():
        return _digested(text)
    return text


def _digested(text: str) -> str:
    return f"{_DIGEST}{blake2b(text.encode(errors='surrogatepass'), digest_size=16).hexdigest()}"
