"""The mark that lies on what the relay sends, and by which it knows its own messages when they are called back.

Every receiver sees it, users forward messages, and the SDKs copy the extension along. So it holds a digest under a key that only the
relay has, over all that tells its message from others: on any other message it does not fit, nobody else can make one, and a message
whose mark does not fit is an ordinary one.
"""

import sys
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Annotated, Any, NamedTuple, Protocol

from msgspec import Meta

from converters.core.event_id import is_event_id
from converters.core.model import Conversation, Delivery
from converters.routing.user_ids import fold

MarkKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{1,32}$")]
"""Under which key of the extension the mark lies."""

Secret = Annotated[str, Meta(description="Signs the marks on what this app receives. Default: that of [marks](#marks), which suffices.")]
Previous = Annotated[str, Meta(description="Marks signed with it are accepted as well. Default: that of [marks](#marks).")]
UnkeyedUntil = Annotated[int, Meta(ge=0, description="As `marks.unkeyed_until`, in milliseconds since 1970, for this app only.")]
EXAMPLE = "example-secret-of-the-marks"
"""Of accounts that are made up."""

NEW_GROUP = "new-group"
"""In place of a conversation's kind: the group that bears the mark has no id yet."""

UNFIT, UNKEYED, CLIENT = "unfit", "unkeyed", "client"
"""Why a mark is not believed: no key of ours has made it for this message; it is of a release without keys; a user's client sent it."""

_KEPT = 8192
_SIZE, _OLD_SIZE = 16, 8
_PARTS = 10_000
"""More requests than an event can take."""


class MarkSecrets(Protocol):
    """What an app's account says of its marks."""

    @property
    def mark_secret(self) -> str: ...

    @property
    def mark_secret_previous(self) -> str: ...

    @property
    def mark_unkeyed_until(self) -> int: ...


class EchoMark(NamedTuple):
    event: str
    more: bool
    """Parts follow."""
    part: int
    """Which of the event's parts it is, from 0."""
    keyed: bool = True
    """False: of a release without keys, so that anybody can have made it."""


class MarkedMessage(NamedTuple):
    """The message that a mark lies on, or is to lie on, in the words of the platform it is on."""

    app: str
    """Of the settings, which receives it."""
    kind: str
    """The tag of its conversation, or `NEW_GROUP`."""
    sender: str
    receiver: str
    """The other user, the group or the room."""


class NoMarkSecretError(ValueError):
    """The settings hold no secret to make marks with."""


def on(app: str, conversation: Conversation, sender: str, receiver: str) -> MarkedMessage:
    return MarkedMessage(app, str(conversation.__struct_config__.tag), sender, receiver)


def of(
    delivery: Delivery, by: MarkSecrets, sender: str, receiver: str | None = None, *, more: bool = False, part: int = 0
) -> dict[str, Any]:
    """The mark of *delivery*, as *sender* says it; *receiver* where it is not the delivery's."""
    where = on(delivery.target, delivery.event.conversation, sender, delivery.receiver if receiver is None else receiver)
    return make(delivery.event.id, where, by, more=more, part=part, late=delivery.late, at=delivery.event.at)


def of_group(delivery: Delivery, by: MarkSecrets, owner: str) -> dict[str, Any]:
    """The mark of a group that *delivery* makes."""
    return make(delivery.event.id, MarkedMessage(delivery.target, NEW_GROUP, owner, ""), by, at=delivery.event.at)


def make(
    event: str, where: MarkedMessage, by: MarkSecrets, *, more: bool = False, part: int = 0, late: bool = False, at: int = sys.maxsize
) -> dict[str, Any]:
    """The mark of *event*, which was said *at*, as it lies *where*; *more* where parts follow. Raises NoMarkSecretError.

    *late* tells the receiver's app that what was said after it is already there. As long as marks without a key are believed, workers
    that know no others may be at work: those find theirs in it, too.
    """
    if not by.mark_secret:
        raise NoMarkSecretError("no secret to make marks with")
    mark: dict[str, Any] = {"id": event, "k": _digest(_key(by.mark_secret), event, where, more=more, part=part)}
    if at < by.mark_unkeyed_until:
        mark["d"] = _unkeyed(event, where, more=more, part=part)
    if more:
        mark["more"] = True
    if part:
        mark["part"] = part
    if late:
        mark["late"] = True
    return mark


def read(mark: object, where: MarkedMessage, by: MarkSecrets, at: int) -> EchoMark | str | None:
    """What *mark* says, if it is ours and fits the message it lies on, which was said *at*; a reason where it is not believed.

    None for what has not the form of a mark: the customer's app may use the key for something else.
    """
    if not isinstance(mark, dict):
        return None
    event, digest, more, part = mark.get("id"), mark.get("k", mark.get("d")), mark.get("more") is True, mark.get("part", 0)
    if not isinstance(event, str) or not isinstance(digest, str) or not is_event_id(event):
        return None
    if type(part) is not int or not 0 <= part < _PARTS:
        return UNFIT
    given = digest.encode(errors="replace")
    if "k" not in mark:
        if not compare_digest(_unkeyed(event, where, more=more, part=part).encode(), given):
            return UNFIT
        return EchoMark(event, more, part, keyed=False) if at < by.mark_unkeyed_until else UNKEYED
    # Each is compared, whichever fits: how long it takes tells nothing.
    secrets = [secret for secret in (by.mark_secret, by.mark_secret_previous) if secret]
    fits = [compare_digest(_digest(_key(secret), event, where, more=more, part=part).encode(), given) for secret in secrets]
    return EchoMark(event, more, part) if any(fits) else UNFIT


def by_client(found: EchoMark | str | None) -> str | None:
    """The same where the platform says that a user's client sent the message: it was passed on, and is nobody's but the user's."""
    return CLIENT if isinstance(found, EchoMark) else found


@lru_cache(_KEPT)
def _key(secret: str) -> blake2b:
    """A digest of nothing yet, under the key that a secret of the settings stands for; to be copied."""
    key = blake2b(secret.encode(), digest_size=32, person=b"relay-mark-key").digest()
    return blake2b(digest_size=_SIZE, key=key, person=b"relay-mark")


def _digest(key: blake2b, event: str, where: MarkedMessage, *, more: bool, part: int) -> str:
    """Over one form for each list of texts, and no two lists with one form, whatever signs are in them."""
    app, kind, sender, receiver = where
    digest = key.copy()
    digest.update(_measured(event) + _word(app) + _word(kind) + _person(sender) + _person(receiver) + _place(part, more))
    return digest.hexdigest()


def _measured(text: str) -> bytes:
    """*text* behind its length."""
    written = text.encode() if text.isascii() else text.encode(errors="surrogatepass")
    return len(written).to_bytes(4, "big") + written


# What comes again in message after message.
_word = lru_cache(_KEPT)(_measured)


@lru_cache(_KEPT)
def _person(named: str) -> bytes:
    return _measured(fold(named))


@lru_cache(_KEPT)
def _place(part: int, more: bool) -> bytes:  # noqa: FBT001  # the cache tells keywords from places
    return _measured(str(part)) + _measured("more" if more else "")


def _unkeyed(event: str, where: MarkedMessage, *, more: bool, part: int) -> str:
    """The digest of releases without keys."""
    bound = f"{event}\x1f{where.sender.lower()}\x1f{where.receiver.lower()}\x1f{'more' if more else ''}{part or ''}"
    return blake2b(bound.encode(errors="surrogatepass"), digest_size=_OLD_SIZE).hexdigest()
