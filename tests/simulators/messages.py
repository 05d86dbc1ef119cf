"""A message as a simulated platform keeps it."""

from bisect import bisect_left, bisect_right, insort_right
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct

Conversation = Literal["person", "group", "room", "system"]


class Message(Struct, frozen=True, kw_only=True):
    """``name`` is the platform's own name of the kind, ``content`` its own body; ``source`` is ``sdk`` for what a
    person wrote in the app and ``rest`` for what came over the API. ``id`` is unique within ``type`` only."""

    id: str
    client_id: str
    time: int
    type: Conversation
    sender: str
    to: str
    name: str
    content: Any
    text: str | None
    ext: Any
    source: Literal["sdk", "rest"]
    stored: bool = True
    imported: bool = False

    @property
    def conversation(self) -> str:
        """The same for both directions of a talk between two."""
        return between_two(self.sender, self.to) if self.type == "person" else f"{self.type}|{self.to}"

    def facts(self) -> dict[str, Any]:
        """What the journal says of it."""
        return {
            "from": self.sender,
            "to": self.to,
            "type": self.type,
            "name": self.name,
            "text": self.text,
            "body": self.content,
            "ext": self.ext,
            "id": self.id,
            "client_id": self.client_id,
        }


def between_two(one: str, other: str) -> str:
    return "|".join(("person", *sorted((one, other))))


class Archive:
    """Every message, to be found by id for a recall and by conversation and time for history."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[Conversation, str], Message] = {}
        self._talks: dict[str, list[Message]] = {}
        self._recalled: set[tuple[Conversation, str]] = set()

    def keep(self, message: Message) -> None:
        """Times must not fall."""
        self._by_id[message.type, message.id] = message
        if message.stored:
            self._talks.setdefault(message.conversation, []).append(message)

    def insert(self, message: Message) -> None:
        """One of an earlier time, behind those of the same."""
        self._by_id[message.type, message.id] = message
        insort_right(self._talks.setdefault(message.conversation, []), message, key=lambda one: one.time)

    def replace(self, message: Message) -> None:
        """Put an edited message, of the same id and time, in the place of the first one."""
        self._by_id[message.type, message.id] = message
        if message.stored:
            talk = self._talks[message.conversation]
            place = bisect_left(talk, message.time, key=lambda one: one.time)
            while talk[place].id != message.id:
                place += 1
            talk[place] = message

    def find(self, kind: Conversation, message_id: str) -> Message | None:
        """None also when it was recalled."""
        key = (kind, message_id)
        return None if key in self._recalled else self._by_id.get(key)

    def recall(self, message: Message) -> None:
        self._recalled.add((message.type, message.id))

    def peers(self, user: str, *, imported: bool) -> list[str]:
        """With whom *user* has talked."""
        seen = (one for one in self._by_id.values() if one.type == "person" and (imported or not one.imported))
        return sorted({one.to if one.sender == user else one.sender for one in seen if user in (one.sender, one.to)})

    def latest(self, conversation: str) -> Message | None:
        talk = self._talks.get(conversation)
        return talk[-1] if talk else None

    def within(self, begin: int, end: int) -> Iterator[Message]:
        """All that was stored from *begin* until before *end* (ms), recalled or not, in every conversation."""
        return (one for one in self._by_id.values() if one.stored and begin <= one.time < end)

    def between(self, conversation: str, begin: int, end: int) -> Sequence[Message]:
        """Stored and not recalled, oldest first, both ends included (ms)."""
        talk = self._talks.get(conversation, [])
        first = bisect_left(talk, begin, key=lambda message: message.time)
        last = bisect_right(talk, end, key=lambda message: message.time)
        return [one for one in talk[first:last] if (one.type, one.id) not in self._recalled]


class Ids:
    """Increasing 64-bit numbers of 19 digits, beyond what a double can hold, and higher after a restart."""

    def __init__(self, now: int) -> None:
        self._last = now << 20

    def next(self) -> int:
        self._last += 1
        return self._last
