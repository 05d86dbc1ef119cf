"""What a diagnosis asks for and finds. The generators yield these; who drives them has the network, the clock and the callbacks."""

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal

from msgspec import Struct

from converters.core.model import TargetMessage
from converters.platform import A, Callback, Reply, Request

if TYPE_CHECKING:
    from converters.doctor.session import DoctorSession

State = Literal["good", "bad", "open"]
"""`open`: it could not be found out."""


class Words(Struct, frozen=True):
    """The same in both languages."""

    en: str
    zh: str

    def filled(self, **values: object) -> "Words":
        return Words(self.en.format(**values), self.zh.format(**values))


NO_WORDS = Words("", "")


class Check(Struct, frozen=True, kw_only=True):
    """One thing that is looked at, and one line of the output."""

    name: str
    title: Words
    does: Words
    """What happens at the platform, for a dry run."""
    settles: str = ""
    """The question of docs/unverified.md that it answers, as it stands there."""


class CheckResult(Struct, frozen=True, kw_only=True):
    check: str
    state: State
    seen: Words
    """Statuses, codes, times and counts; no text, id or secret of an answer."""
    todo: Words = NO_WORDS
    settings: Mapping[str, Any] = {}
    """Keys of the account that fit what was seen."""


class Bare(Struct, frozen=True):
    """*request* goes out without what authenticates us. Answered by a Reply, or None."""

    request: Request


class Clock(Struct, frozen=True):
    """Answered by the milliseconds since 1970."""


class Fetch(Struct, frozen=True):
    """A file is fetched; *authorised*: as the app. Answered by a Reply, or None."""

    url: str
    headers: dict[str, str] = {}
    authorised: bool = False


class Hear(Struct, frozen=True):
    """Answered by the next callback with one of *markers* in it that was not given out yet; None after *seconds* without one."""

    markers: tuple[str, ...]
    seconds: float


class Heard(Struct, frozen=True):
    callback: Callback
    rejected: str = ""
    """Why it was not taken, a word of `Rejected`; "" where it was."""


class Names(Struct, frozen=True, kw_only=True):
    """What a diagnosis makes; all of it begins with *prefix*, and is removed afterwards."""

    app: str
    """As the settings call it."""
    prefix: str
    """1 to 20 characters of a-z, 0-9."""
    listens: bool = True
    """False: callbacks cannot be seen."""
    patience: float = 20.0
    """Seconds to wait for a callback."""
    users: tuple[str, str] | None = None
    """Users that are there already, and stay; None: two are made."""

    @property
    def people(self) -> tuple[str, str]:
        return self.users or (f"{self.prefix}a", f"{self.prefix}b")

    @property
    def group(self) -> str:
        return f"{self.prefix}g"


class Made(Struct):
    """What there is to remove, filled in as it is made."""

    groups: list[str] = []
    messages: list[TargetMessage] = []


Step = Request | Bare | Clock | Fetch | Hear | CheckResult
Diagnosing = Generator[Step, Any, None]
"""Yields what to do and is sent what came of it: a Reply (None: no answer) for a Request, as each class says for the others, None for a CheckResult."""


class DoctorPlan(Struct, Generic[A], frozen=True, kw_only=True):
    """What a platform adds to the diagnosis that all have in common."""

    console: Words
    """What to switch on, and where, so that everything is called back."""
    remove: Callable[[A, Names, Made], tuple[Request, ...]]
    """(account, names, what was made): the requests that take it away, repeatable; a 404 is as good as done."""
    left: Words = NO_WORDS
    """What of it no request can take away."""
    trying: Callable[[A], A] = lambda account: account
    """(account): the same with every kind switched on that is tried."""
    settles: Mapping[str, str] = {}
    """Question of docs/unverified.md that a check which all have answers here, by the check's name."""
    refused: Mapping[str, tuple[Words, Mapping[str, Any]]] = {}
    """Reason why a callback of ours was refused at the door -> what to do, and the settings with which it is taken."""
    checks: tuple[Check, ...] = ()
    run: "Callable[[DoctorSession[A], Made], Diagnosing] | None" = None
    """(the `DoctorSession`, what was made): the platform's own checks, one CheckResult for each."""
    unfit: Callable[[Reply], bool] = lambda _: False
    """Whether an answer is not the API's at all: the base address is another's."""
