"""How a migration finds out, at the target itself, what the vendor's pages leave open: steps as data, and what came of them."""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, Literal

from msgspec import Struct

from converters.platform import A

if TYPE_CHECKING:
    from converters.platform import FileRequest, Request


class Findings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Answers of the probe. None and "" are unknown; the methods give the careful reading of that."""

    repeat: Literal["", "refused", "swallowed", "doubled"] = ""
    """An import with the timestamp of the last one: refused, answered as good and not stored, or stored a second time."""
    callbacks: bool | None = None
    """Imports are called back."""
    before_group: Literal["", "refused", "accepted"] = ""
    """An import older than its group."""
    conversations: bool | None = None
    """An import shows up as a conversation on a new device."""
    unread: bool | None = None
    """Imports count as offline messages."""
    in_files: bool | None = None
    """Imports are in the history files."""
    full_batch: bool | None = None
    """A registration of exactly the maximum of users passes."""
    shared: tuple[str, ...] | None = None
    """Further APIs (names of `Request.api`) that count for the quota of registration."""
    custom_ids: bool | None = None
    """A group's id may be chosen."""
    repeat_said: str = ""
    """How the refusal of a repeated timestamp is told from others: a digest of its words."""
    before_said: str = ""
    """The same of an import older than its group."""

    @property
    def may_repeat(self) -> bool:
        """Whether a doubtful import is sent once more with the same timestamp. Where it is not known what becomes of that, it is taken for refused,
        as the platform's rule of rising timestamps says.
        """
        return self.repeat != "doubled"


class Question(Struct, frozen=True, kw_only=True):
    """What the vendor's pages leave open."""

    name: str
    """The field of `Findings`."""
    words: str
    zh: str
    careful: str
    """What is assumed without an answer."""
    by_person: bool = False
    """Somebody has to look at a device."""


class Listen(Struct, frozen=True):
    """Did a callback with *marker* in it come within *seconds*? Answered True or False; None where callbacks cannot be seen."""

    marker: str
    seconds: float


class Pause(Struct, frozen=True):
    """Answered None after *seconds*."""

    seconds: float


class Look(Struct, frozen=True):
    """A person looks at a device and answers the question *name*: True, False, or None for unknown."""

    name: str
    user: str
    """With whose account; its password is `ProbeNames.password`."""
    other: str
    """Whose conversation is looked for."""


class Burst(Struct, frozen=True):
    """All of *requests* are sent at once. Answered by their replies, in that order, None for each that has none."""

    requests: "tuple[Request, ...]"


class Answered(Struct, frozen=True):
    """A question is settled. *seen* says how, without ids or texts of the answer."""

    name: str
    value: Any
    seen: str


class ProbeNames(Struct, frozen=True, kw_only=True):
    """What the probe makes, all to be thrown away."""

    app: str
    """The target, as the settings call it."""
    prefix: str
    """Of every user id: 1 to 20 characters of a-z, 0-9."""
    password: str
    now: int
    """Milliseconds since 1970."""
    burst: int = 0
    """Calls a second that user management may take. It is exceeded for an instant, which throttles others too; 0: that is not tried."""


Probing = Generator["Request | FileRequest | Burst | Listen | Pause | Look | Answered", Any, Findings]
"""Yields what to do and is sent what came of it: a Reply (None: no answer) for a Request or FileRequest, as each class says for the others, None for
Answered."""


class ProbePlan(Struct, Generic[A], frozen=True, kw_only=True):
    questions: tuple[Question, ...]
    run: Callable[[A, ProbeNames], Probing]
    """(account, names)."""
    later: Callable[[A, ProbeNames, Findings], Probing]
    """(account, the names of that run, what it found): what is told by files alone that are there a day later."""
    clean: Callable[[A, ProbeNames], "tuple[Request, ...]"]
    """What deletes whatever a run made, also one that was cut off; a 404 is as good as done."""
