"""From a stored callback to what it causes: whose words, to whom, under which key."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from converters.identities import Identities, Kind
from converters.model import (
    Conversation,
    Delivery,
    Direct,
    Echo,
    Event,
    Group,
    Loss,
    Room,
    conversation_key,
    direct,
)
from converters.platform import Callback, Ignored, OwnEcho, Platform, Said
from converters.wire import Malformed


class App(Struct, frozen=True):
    """One app of the settings."""

    name: str
    platform: Platform
    account: Any
    target: str


class Deliver(Struct, frozen=True):
    delivery: Delivery
    key: bytes
    platform: str
    """The target's."""
    losses: tuple[Loss, ...] = ()
    """What the callback held and the event does not; to be counted."""


class EchoOf(Struct, frozen=True):
    echo: Echo
    key: bytes
    platform: str
    """Where the echo was seen, which is the target of the original."""


class Dropped(Struct, frozen=True):
    """Understood, and nothing to do. *reason* is a short, fixed word."""

    reason: str


class Dead(Struct, frozen=True):
    """For the dead letters. *cause* is a short, fixed word, *detail* holds ids and never what was said."""

    cause: str
    detail: str
    ours: bool


class Minted(Struct, frozen=True):
    """A user id was hashed: `identities` must hold it before anybody answers."""

    platform: str
    user: str
    canonical: str


Routed = Deliver | EchoOf | Dropped | Dead | Minted


class _UnmappedError(Exception):
    def __init__(self, platform: str, kind: Kind, named: str) -> None:
        super().__init__(named)
        self.dead = Dead(
            f"{kind}-unmapped",
            f"{platform} {kind} {named[:128]!r} is in no entry of identities: im-relay identities set",
            ours=True,
        )


def route(callback: Callback, apps: Mapping[str, App], identities: Identities) -> tuple[Routed, ...]:
    """What a callback causes, in order. Never raises for what lies in it."""
    app = apps.get(callback.app)
    if app is None:
        return (Dead("app-unknown", f"no app {callback.app[:128]!r} in the settings", ours=True),)
    target = apps.get(app.target)
    if target is None:
        return (Dead("target-unknown", f"no app {app.target[:128]!r} in the settings", ours=True),)
    try:
        decoded = app.platform.decode(callback, app.account)
    except Malformed as error:
        return (Dead("malformed", str(error), ours=False),)
    routed: list[Routed] = []
    for one in decoded:
        try:
            match one:
                case Said(event=event, losses=losses):
                    _deliver(event, losses, callback, app, target, identities, routed)
                case OwnEcho():
                    routed.append(_echo(one, app, identities))
                case Ignored(reason=reason):
                    routed.append(Dropped(reason))
        except _UnmappedError as unmapped:
            # Not worth a person's look when it is our own message that comes back.
            routed.append(Dropped("echo-unmapped") if isinstance(one, OwnEcho) else unmapped.dead)
    return tuple(routed)


def _deliver(
    event: Event,
    losses: tuple[Loss, ...],
    callback: Callback,
    app: App,
    target: App,
    identities: Identities,
    routed: list[Routed],
) -> None:
    there = target.platform
    sender = _person(event.sender, app.platform, identities)
    conversation = _canonical(event.conversation, app.platform, identities)
    minted: list[Routed] = []
    match conversation:
        case Direct(users=(one, other)):
            receiver = _written(other if sender == one else one, there, identities, minted)
        case Group(id=group):
            receiver = _mapped(there.name, "group", group, identities)
        case Room(id=room):
            receiver = _mapped(there.name, "room", room, identities)
    written = _written(sender, there, identities, minted)
    carried = msgspec.structs.replace(event, conversation=conversation, sender=sender)
    delivery = Delivery(
        event=carried, target=target.name, sender=written, receiver=receiver, received=callback.received
    )
    routed += minted
    routed.append(Deliver(delivery, conversation_key(conversation), there.name, losses))


def _echo(echo: OwnEcho, app: App, identities: Identities) -> EchoOf:
    conversation = _canonical(echo.conversation, app.platform, identities)
    seen = Echo(event=echo.event_id, target=app.name, remote_id=echo.remote_id, at=echo.at)
    return EchoOf(seen, conversation_key(conversation), app.platform.name)


def _canonical(conversation: Conversation, platform: Platform, identities: Identities) -> Conversation:
    match conversation:
        case Direct(users=(one, other)):
            return direct(_person(one, platform, identities), _person(other, platform, identities))
        case Group(id=native):
            return Group(_named(platform.name, "group", native, identities))
        case Room(id=native):
            return Room(_named(platform.name, "room", native, identities))


def _person(native: str, platform: Platform, identities: Identities) -> str:
    known = identities.canonical(platform.name, "user", native) or platform.user_ids.to_canonical(native)
    if known is None:
        raise _UnmappedError(platform.name, "user", native)
    return str(known)


def _written(canonical: str, platform: Platform, identities: Identities, minted: list[Routed]) -> str:
    known = identities.native(platform.name, "user", canonical)
    if known is not None:
        return known
    written = platform.user_ids.write(canonical)
    if written.hashed:
        minted.append(Minted(platform.name, written.native, canonical))
    return str(written.native)


def _named(platform: str, kind: Kind, native: str, identities: Identities) -> str:
    canonical = identities.canonical(platform, kind, native)
    if canonical is None:
        raise _UnmappedError(platform, kind, native)
    return canonical


def _mapped(platform: str, kind: Kind, canonical: str, identities: Identities) -> str:
    native = identities.native(platform, kind, canonical)
    if native is None:
        raise _UnmappedError(platform, kind, canonical)
    return native
