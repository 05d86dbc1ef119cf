"""Callbacks that Easemob posts to us: whether they are genuine.

Source: "Easemob: Callback overview", "Easemob: Post-delivery callback", "Easemob: Callback exception storage".
"""

from hashlib import blake2b

from converters.core import wire
from converters.core.lenient import milliseconds, word
from converters.core.model import conversation_key
from converters.platform import Accepted, Incoming, Rejected, SingleUse, Verdict
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.envelope import (
    UNSIGNED,
    Envelope,
    SignedFields,
    What,
    conversation_of,
    is_signed,
    meaning,
    what_is,
)
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.reactions import MOST_UNSIGNED, changes
from converters.platforms.easemob.signing import signature_fits

_SEVERAL: frozenset[What] = frozenset({"friend", "group-legacy"})
"""Called back to each of several people, with one msg_id, which makes one event of them: the first is carried."""

LARGEST_UNSIGNED = 16 << 10
"""Bytes of what is looked at without a signature: a reaction or a push result has some hundred."""


def check(incoming: Incoming, account: EasemobAccount, now: int) -> Verdict:
    """Whether a callback is from Easemob and for *account*. The digest covers callId and timestamp: for what is said see `once`."""
    try:
        # A payload of nested lists takes fifty times as long to build as to pass over: no stranger's is built.
        signed = wire.load_top(incoming.body, SignedFields)
    except wire.Malformed:
        return Rejected("bad-json", malformed=True)
    app_key, proven = word(signed.appkey), is_signed(signed)
    if app_key and app_key.lower() != account.app_key.lower():
        return Rejected("unknown-key")
    if proven and not signature_fits(account, word(signed.call_id), word(signed.timestamp), word(signed.security)):
        return Rejected("bad-signature")
    if not proven and len(incoming.body) > LARGEST_UNSIGNED:
        return Rejected("unsigned")
    try:
        envelope = wire.load(incoming.body, Envelope)
    except wire.Malformed:
        return Rejected("bad-json", malformed=True)
    if not proven:
        refused = _unsigned(envelope, account)
        if refused is not None:
            return refused
    # Another try keeps the time of the first; what is older than the storage keeps it comes from nobody but a collector.
    elif account.callback_window and _at(envelope) + account.callback_window * 1000 < now:
        return Rejected("stale")
    conversation = conversation_of(envelope)
    return Accepted(conversation_key(conversation) if conversation else b"?" + account.app_key.encode())


def once(incoming: Incoming, account: EasemobAccount, now: int) -> SingleUse | None:
    """The callId and time of a callback, which stand for one body alone; None of what is unsigned."""
    del now
    envelope = wire.load(incoming.body, Envelope)
    if not is_signed(envelope):
        return None
    at = _at(envelope)
    until = at + account.callback_window * 1000 if account.callback_window else 0
    name = f"{word(envelope.call_id)}\x1f{word(envelope.timestamp)}"
    return SingleUse(name, _said(envelope), at, until)


def _said(envelope: Envelope) -> bytes:
    """As of `SingleUse`. Some callbacks come to several people under one callId, and are one event."""
    what = what_is(envelope)
    if what in _SEVERAL:
        return _digest(what.encode())
    if what not in {"message", "offline-copy"}:
        return _digest(meaning(envelope))
    # The copies for receivers that are away have the message's callId and time, and differ from it and from each other.
    message = _digest(f"{word(envelope.msg_id)}\x1f{plain(word(envelope.sender))}".encode())
    return message if what == "offline-copy" else message + _digest(meaning(envelope))


def _digest(said: bytes) -> bytes:
    return blake2b(said, digest_size=12).digest()


def _at(envelope: Envelope) -> int:
    return milliseconds(envelope.timestamp, 0)


def _unsigned(envelope: Envelope, account: EasemobAccount) -> Rejected | None:
    what = what_is(envelope)
    # Half a signature is no sample of the documentation's either.
    if what not in UNSIGNED or word(envelope.security) or word(envelope.call_id):
        return Rejected("unsigned")
    if not account.unsigned_events:
        return Rejected("unsigned", usual=True)
    if what == "reaction" and len(changes(envelope)) > MOST_UNSIGNED:
        return Rejected("too-many-events")
    return None
