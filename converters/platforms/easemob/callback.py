"""Callbacks that Easemob posts to us: whether they are genuine.

Source: "Easemob: Callback overview", "Easemob: Post-delivery callback", "Easemob: Callback exception storage".
"""

from hashlib import blake2b

from converters import mending
from converters.core import wire
from converters.core.lenient import milliseconds, word
from converters.core.model import conversation_key
from converters.platform import Accepted, Incoming, Rejected, SingleUse, Verdict
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.envelope import UNSIGNED, Envelope, SignedFields, What, is_signed, meaning, what_is
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.reactions import MOST_UNSIGNED, changes
from converters.platforms.easemob.salvage import signed_parts
from converters.platforms.easemob.scope import likeliest
from converters.platforms.easemob.signing import signature_fits
from converters.platforms.easemob.values import table, text

_SEVERAL: frozenset[What] = frozenset({"friend", "group-legacy"})
"""Called back to each of several people, with one msg_id, which makes one event of them: the first is carried."""

LARGEST_UNSIGNED = 16 << 10
"""Bytes of what is looked at without a signature: a reaction or a push result has some hundred."""


def check(incoming: Incoming, account: EasemobAccount, now: int) -> Verdict:
    """Whether a callback is from Easemob and for *account*. The digest covers callId and timestamp: for what is said see `once`.

    What is signed is taken, readable or not: Easemob stops calling where many are refused. Who reads it afterwards buries what nobody can read.
    """
    parts = _parts(incoming.body)
    if parts and all(word(one.appkey).lower() not in ("", account.app_key.lower()) for one in parts):
        return Rejected("unknown-key")
    signed = next((one for one in parts if _fits(one, account)), None)
    if signed is not None:
        at = milliseconds(signed.timestamp, 0)
        # Another try keeps the time of the first; what is older than the storage keeps it comes from nobody but a collector.
        if account.callback_window and at + account.callback_window * 1000 < now:
            return Rejected("stale")
    elif any(is_signed(one) for one in parts):
        return Rejected("bad-signature")
    elif len(incoming.body) > LARGEST_UNSIGNED:
        return Rejected("unsigned")
    try:
        envelope, _ = mending.load(incoming.body, Envelope)
    except wire.Malformed:
        if signed is None:
            return Rejected("bad-json", malformed=True)
        return Accepted(_nowhere(account))
    refused = _unsigned(envelope, account) if signed is None else None
    if refused is not None:
        return refused
    conversation = likeliest(envelope)
    return Accepted(conversation_key(conversation) if conversation else _nowhere(account), signed=signed is not None)


def author(body: bytes) -> str:
    """Who sends, recalls, edits or administers."""
    try:
        envelope = mending.load(body, Envelope)[0]
    except wire.Malformed:
        return ""
    return plain(word(envelope.sender) or word(envelope.operator) or word(envelope.user))


def once(incoming: Incoming, account: EasemobAccount, now: int) -> SingleUse | None:
    """The callId and time of a callback that was accepted, which stand for one body alone; None of what is unsigned."""
    del now
    # Of what was checked, and of nothing that lies deeper or came first in the body.
    signed = _signed(incoming.body, account)
    if signed is None:
        return None
    try:
        said = _said(mending.load(incoming.body, Envelope)[0])
    except wire.Malformed:
        said = _digest(incoming.body)
    at = milliseconds(signed.timestamp, 0)
    until = at + account.callback_window * 1000 if account.callback_window else 0
    return SingleUse(f"{word(signed.call_id)}\x1f{word(signed.timestamp)}", said, at, until)


def _signed(body: bytes, account: EasemobAccount) -> SignedFields | None:
    """What the signature of an accepted *body* covers; None where it has none."""
    parts = _parts(body)
    if len(parts) == 1:
        return parts[0] if is_signed(parts[0]) else None
    return next((one for one in parts if _fits(one, account)), None)


def _parts(body: bytes) -> tuple[SignedFields, ...]:
    """What may be signed: one where *body* is sound."""
    try:
        # A payload of nested lists takes fifty times as long to build as to pass over: no stranger's is built.
        return (wire.load_top(body, SignedFields),)
    except wire.Malformed:
        return signed_parts(body)


def _fits(signed: SignedFields, account: EasemobAccount) -> bool:
    return is_signed(signed) and signature_fits(account, word(signed.call_id), word(signed.timestamp), word(signed.security))


def _nowhere(account: EasemobAccount) -> bytes:
    return b"?" + account.app_key.encode()


def _said(envelope: Envelope) -> bytes:
    """As of `SingleUse`. Some callbacks come to several people under one callId, and are one event."""
    what = what_is(envelope)
    if what in _SEVERAL:
        every = _digest(what.encode())
        # It says more than the copy for the own devices, which may come before it or after it.
        remote = text(table(envelope.payload).get("operation")).startswith("remote_")
        return every + _digest(meaning(envelope)) if what == "friend" and remote else every
    if what not in {"message", "offline-copy"}:
        return _digest(meaning(envelope))
    # The copies for receivers that are away have the message's callId and time, and differ from it and from each other.
    message = _digest(f"{word(envelope.msg_id)}\x1f{plain(word(envelope.sender))}".encode())
    return message if what == "offline-copy" else message + _digest(meaning(envelope))


def _digest(said: bytes) -> bytes:
    return blake2b(said, digest_size=12).digest()


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
