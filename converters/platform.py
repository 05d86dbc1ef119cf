"""What a platform is to the relay: pure functions under fixed names, gathered in one record.

A platform is a package `converters/platforms/<name>/` whose `PLATFORM` is one of these. `streams/` calls nothing else of it, so that
adding a platform touches no file there. Everything that a function needs comes in as an argument: time, nonces, accounts.
"""

# Over 300 lines: what a platform is stands in one place, and who writes one reads it from top to bottom.

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from msgspec import Struct

from converters.core.model import Conversation, Delivery, Event, Loss, TargetContext
from converters.core.outcome import Delivered, Outcome

if TYPE_CHECKING:
    from converters.core.fidelity import Level
    from converters.doctor.steps import DoctorPlan
    from converters.files.media import MediaSupport
    from converters.migration import History, Inventory, Reader
    from converters.migration_rules import MigrationRules
    from converters.probing import ProbePlan
    from converters.routing.user_ids import IdRule
    from converters.text.fallback_text import Language


class Account(Protocol):
    """What the settings hold of one app, as far as it is the same on every platform; beside it, each has keys and choices of its own."""

    @property
    def base_url(self) -> str:
        """Of the platform's API."""

    @property
    def mark_secret(self) -> str:
        """Of the marks on what is sent there; see `converters.text.echo_mark`."""

    @property
    def language(self) -> "Language":
        """Of what the relay itself says to people of the app."""


A = TypeVar("A", bound=Account)
"""One platform's own account: its functions take this one, and no other."""


class Incoming(Struct, frozen=True):
    """A request on the callback address, as received."""

    headers: Mapping[str, str]
    """Names in lower case."""
    query: str
    body: bytes


class Accepted(Struct, frozen=True):
    """Authentic: store it under *key*, the conversation in the platform's own ids (or something stable where there is none)."""

    key: bytes
    signed: bool = True
    """False of what the platform sends unsigned: a stranger may have written it."""


class Probe(Struct, frozen=True):
    """The console tries the address: answer 200, store nothing."""


class Rejected(Struct, frozen=True):
    """Not from the platform, or not for us. *reason* is a short, fixed word that is counted."""

    reason: str
    malformed: bool = False
    """It cannot be taken, whoever sent it: 400 and not 401."""
    usual: bool = False
    """The platform sends such by itself, and may stop calling where many are refused: beyond some they are dropped with a 200."""


Verdict = Accepted | Probe | Rejected


class EarlyRejection(Struct, frozen=True):
    """A body that is not worth reading: the headers alone tell that it would be refused, as a `Rejected` of *reason*."""

    reason: str
    most: int = 0
    """Bytes of a body that is read all the same, because it may be a `Probe`."""


class SingleUse(Struct, frozen=True):
    """What a platform signed without signing what is said. It is good for one body: the first; sent again, that one is known."""

    id: str
    """All that the signature covers."""
    said: bytes
    """A digest of what is said, as far as it matters. Another one under the same *id* is refused; one that the other begins with is no other."""
    at: int
    """When it was signed, in ms since 1970."""
    until: int
    """In ms since 1970: from then on `check` refuses it, and it may be forgotten. 0: never. The same each time for one *id*."""


class Callback(Struct, frozen=True):
    """A stored callback, as it lies in `callbacks.<platform>`."""

    app: str
    body: bytes
    received: int
    """Milliseconds since 1970, by the ingress's clock."""
    headers: Mapping[str, str] = {}


class DecodedEvent(Struct, frozen=True):
    """An event to carry over, its ids still the platform's own."""

    event: Event
    losses: tuple[Loss, ...] = ()
    """What the callback held and the model has no place for."""
    unfit: str = ""
    """Why the mark that lies on it is not believed, a word of `converters.text.echo_mark`; "" where there is none."""
    proven: bool = True
    """False where no signature stands behind it: it teaches nothing of people, and makes nobody an account."""
    elsewhere: tuple["DecodedEvent", ...] = ()
    """The same in each other conversation in which it can have happened, where the platform does not say in which. It names a message."""


class OwnEcho(Struct, frozen=True, omit_defaults=True):
    """What the relay itself sent, called back: it ends here."""

    event_id: str
    remote_id: str
    at: int
    conversation: Conversation
    """In the platform's own ids, as in `DecodedEvent`."""
    part: int = 0
    more: bool = False
    """Parts follow: of the whole it proves nothing."""
    keyed: bool = True
    """False: its mark is of a release without keys, and can be anybody's."""


class Ignored(Struct, frozen=True):
    """Understood, and nothing to carry. *reason* is a short, fixed word that is counted."""

    reason: str


Decoded = DecodedEvent | OwnEcho | Ignored


class Request(Struct, frozen=True):
    """One HTTP request to a platform, without what authenticates it."""

    method: str
    path: str
    """Relative to the account's base address."""
    headers: dict[str, str]
    body: bytes
    api: str = ""
    """The platform's name of the call, for limits and metrics."""
    repeatable: bool = False
    """Sent twice it does no more than once: where its result is unknown it is simply sent again."""
    repeatable_for: float = 0.0
    """Seconds after the first attempt in which *repeatable* holds; 0 is for ever."""
    targets: int = 1
    """Users, groups or rooms that it sends to; each counts as one message."""


class Encoded(Struct, frozen=True):
    """What to send for a delivery, in this order; empty where there is nothing to say."""

    requests: tuple[Request, ...]
    losses: tuple[Loss, ...] = ()


class Reply(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> float | None:
        """Seconds; None where the header is missing, a date, or no number of up to five digits."""
        given = self.headers.get("retry-after", "")
        return float(given) if given.isascii() and given.isdecimal() and len(given) < 6 else None


class Partial(Struct, frozen=True, tag="partial", tag_field="outcome"):
    """A request that asked for several things at once was answered, and not all of them are done.

    It is no end: what the requests of *rest* come to belongs to it. Where nothing at all is done in the end, it is refused.
    """

    done: Delivered | None = None
    """What has been done; None where nothing has."""
    rest: tuple[Request, ...] = ()
    """What is still to be asked for, in this order."""
    losses: tuple[Loss, ...] = ()
    """What is refused for good, each by name; it is counted and logged once the rest is done."""
    reason: str = ""
    """Why; as of `Refused`."""


Answered = Outcome | Partial


class Signed(Struct, Generic[A], frozen=True):
    """Every request carries headers made for it alone."""

    headers: Callable[[A, int, str], dict[str, str]]
    """(account, seconds since 1970, nonce of 32 hex characters) -> headers."""


class SignedBody(Struct, Generic[A], frozen=True):
    """Every request carries headers made for it alone, over what it says."""

    headers: Callable[[A, int, bytes], dict[str, str]]
    """(account, seconds since 1970, body) -> headers."""


class GrantedToken(Struct, frozen=True):
    token: str
    lifetime: float
    """Seconds."""


class Token(Struct, Generic[A], frozen=True):
    """Requests carry a token that is asked for and wears out."""

    ask: Callable[[A], Request]
    read: Callable[[Reply], GrantedToken | str]
    """The token, or why there is none (safe to log)."""
    headers: Callable[[str], dict[str, str]]
    worn_out: Callable[[Reply], bool]
    """Whether a reply says that the token, and not the request, is bad."""


class LookUp(Struct, Generic[A], frozen=True):
    """How the platform is asked whether it has a message whose send was never answered."""

    ask: Callable[[Delivery, A, int, int], Request | None]
    """(delivery, account, since, until in ms since 1970): the question; None where there is none for such a conversation."""
    read: Callable[[Delivery, A, Reply, int], Outcome | None]
    """(delivery, account, answer, which of its requests): Delivered where the message is there; None where it is not, or the answer says nothing."""
    more: Callable[[Request, Reply], Request | None] | None = None
    """(question, answer): the next question, where the answer was only a page."""


class TimeRange(Struct, frozen=True):
    """Milliseconds since 1970: from *since* on, and before *until*."""

    since: int
    until: int


class FoundCallback(Struct, frozen=True):
    """What the platform keeps of one callback, in the form in which it would have come; it may have come."""

    key: bytes
    """As of `Accepted`."""
    body: bytes
    headers: Mapping[str, str] = {}


class FileRequest(Struct, frozen=True):
    """A file that an answer named; asked for without our credentials. At most *largest* bytes."""

    url: str
    largest: int = 512 << 20


GapConversation = Generator[Request | FileRequest | FoundCallback, Reply | None, str]
"""A conversation with the platform: it yields what to ask and is sent the answer, yields what it finds (and is sent None), and
returns what it could not see, in words, or "". A platform that sends its lost callbacks again by itself yields no `FoundCallback`."""


class Gaps(Struct, Generic[A], frozen=True):
    """What a platform can say of callbacks that never came."""

    ask: Callable[[TimeRange, Sequence[Conversation], A], GapConversation]
    """(span, conversations of which something came in or is expected, in the platform's own ids; account)."""
    note: str
    """Which of the platform's services it needs, and how far back it sees."""
    oldest: int
    """Seconds."""
    held_back: Callable[[Callback, str], str] | None = None
    """(callback that came, the reason of its `Ignored`): the id of the event that it would have been, where it must not be carried
    and what is kept of it does not say so; or ""."""


OTHERS = "*"
"""Stands in `RateLimit.apis` for every call that no other limit names; each has the limit for itself."""


class RateLimit(Struct, frozen=True):
    """What a platform takes from one app: *amount* in *seconds*, over all of *apis* together."""

    name: str
    """As the settings call it; once on a platform."""
    apis: tuple[str, ...]
    """Of `Request.api`; or `OTHERS` alone."""
    amount: float
    seconds: float = 1.0
    counts: Literal["calls", "messages"] = "calls"


SecretUse = Literal["verify", "call", "mark"]
"""`verify`: to tell that what comes in is the platform's; `call`: to send, ask and fetch; `mark`: to know what we have sent ourselves."""


class Platform(Struct, Generic[A], frozen=True, kw_only=True):
    """One platform, whole. See each field's type for its contract."""

    name: str
    account: type[A]
    """An `Account`, a frozen struct: what the settings hold of one app on this platform (keys, secrets, base_url, choices)."""
    secrets: Mapping[str, tuple[SecretUse, ...]]
    """Which fields of the account are secrets, and what for: a process is given those that it uses."""
    check: Callable[[Incoming, A, int], Verdict]
    """(request, account, ms since 1970): is this callback authentic?"""
    check_headers: Callable[[Mapping[str, str], str, A, int], EarlyRejection | None] | None = None
    """(headers, query, account, ms since 1970): whether a body is worth reading. None where the body alone tells."""
    author: Callable[[bytes], str]
    """(body of an accepted callback): who has said it, in the platform's own ids; "" where nobody or several are named. Whatever the body is, it raises nothing."""
    once: Callable[[Incoming, A, int], SingleUse | None] | None = None
    """(an accepted request, account, ms since 1970): what of it is good for one body. None where what is said is signed as well."""
    shortest: int = 8
    """Characters that each secret has at least; an empty `…_previous` is none. Consoles make longer ones: a shorter one was cut off, or made up."""
    decode: Callable[[Callback, A], tuple[Decoded, ...]]
    """(callback, account): what it says. Raises Malformed."""
    encode: Callable[[Delivery, A, TargetContext], Encoded]
    """(delivery, account, what is known at the target): what to send."""
    read_reply: Callable[[Request, Reply], Answered]
    """(request, its answer): what became of it. Success alone is no proof: what the answer says of each thing that was asked for counts."""
    auth: Signed[A] | SignedBody[A] | Token[A]
    register: Callable[[str, str, A], Request] | None = None
    """(user, name, account): the call that makes an account, repeatable; an answer that there is one reads as Delivered."""
    look_up: LookUp[A] | None = None
    gaps: Gaps[A] | None = None
    media: "MediaSupport[A] | None" = None
    """None where no files are brought over to it or from it."""
    migration: "MigrationRules | None" = None
    """What it takes of a migration; None where nothing is migrated to it."""
    marked: frozenset[str] = frozenset({"post"})
    """Tags of the operations that are written with our mark on them: of no other can a callback with a mark be evidence."""
    echo_tells_time: bool = False
    """Its answer to a send does not say when, and its callback does; a recall has to name that time."""
    limits: tuple[RateLimit, ...] = ()
    """What it takes by default; the settings may say otherwise for an app."""
    user_ids: "IdRule"
    ids_of: "Callable[[A], IdRule] | None" = None
    """(account) -> that of one app, where its settings have a word in it."""
    inventory: "Inventory[A] | None" = None
    """None where no users, groups and settings are moved to it."""
    history: "History[A] | None" = None
    """None where no messages can be put there with the time at which they were said."""
    probe: "ProbePlan[A] | None" = None
    """How a migration finds out what the vendor's pages leave open."""
    doctor: "DoctorPlan[A] | None" = None
    """What its diagnosis on the first day has besides what all have."""
    readers: "tuple[Reader[A], ...]" = ()
    """What can be read of users, relations, groups and history, to move it from there or to check it."""
    example: Callable[[], A]
    """An account of made-up values, for `im-relay preview` without settings, and for tests."""
    fidelity: "Mapping[str, Level]" = {}
    """Of each kind, by its tag in the model."""
    chinese: Mapping[str, str] = {}
    """The package's own texts in Chinese, by the English ones: descriptions of settings, notes of *fidelity*. The catalogues hold the rest."""
    kinds: "Callable[[Language], str] | None" = None
    """(language) -> Markdown for docs/fidelity.md: what becomes of the platform's own kinds of message, and of what it never calls back about."""
    pages: Mapping[str, Callable[[], str]] = {}
    """Pages of docs/ that are printed from the platform's own declarations, by file name."""


AnyPlatform = Platform[Any]
"""One of several: whoever has it has the account that belongs to it, as `converters.routing.route.App` does."""


def problems_of(platforms: Sequence[AnyPlatform]) -> list[str]:
    """Names used twice, which would make topics collide."""
    names = [platform.name for platform in platforms]
    return sorted({name for name in names if names.count(name) > 1})
