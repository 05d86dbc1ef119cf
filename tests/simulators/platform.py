"""What every simulated platform offers to the control calls."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from tests.simulators.callbacks import Courier
from tests.simulators.file_moods import FileMoods
from tests.simulators.journal import Journal
from tests.simulators.media import Media
from tests.simulators.messages import Message
from tests.simulators.moods import Moods
from tests.simulators.people import Group, People


class Saying(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person does in the app: writes ``text``, or a message of the platform's raw ``kind`` with ``attach``
    or ``body``, or sends ``media``. ``kind: "recall"`` withdraws the message whose server id is ``recalls``. Or does what is no writing:
    ``operation``, with the ``payload`` that the platform's own list of operations names."""

    sender: str = field(name="from")
    to: str
    text: str | None = None
    type: Literal["person", "group", "room"] = "person"
    id: str | None = None
    ext: Any = None
    kind: str | None = None
    attach: Any = None
    body: Any = None
    media: Media | None = None
    recalls: str | None = None
    operation: str | None = None
    payload: Any = None


class Platform(Protocol):
    """A simulator, seen from ``control`` and ``load``."""

    journal: Journal
    moods: Moods
    file_moods: FileMoods
    base: str
    """Where it is reached, as the last saying came there: files of people have URLs below it."""
    courier: Courier
    people: People
    callback_url: str | None

    def say(self, saying: Saying, tally: Counter[str] | None = None) -> Message | str:
        """The message as the platform took it, or why it did not; *tally* counts its callback."""

    def make_group(self, members: Sequence[str]) -> Group:
        """A group as if made in the app, without a callback; members are made as needed."""

    def expire_tokens(self) -> None:
        """Every token given out is refused from now on."""
