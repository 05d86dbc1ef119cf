"""From a stored callback to what it causes: whose words, to whom, under which key."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from converters.accounts import account_before
from converters.identities import Identities, Kind, record
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
from converters.operations import GroupCreated, kind_of
from converters.people import renamed
from converters.platform import Callback, Ignored, OwnEcho, Platform, Said
from converters.plugin import Ended, Failed, Plugin, Replaced, Side, asked
from converters.rules import Case, Rule, Ruled, case_of, introduction, ruled
from converters.wire import Malformed


class App(Struct, frozen=True):
    """One app of the settings."""

    name: str
    platform: Platform
    account: Any
    target: str
    rules: tuple[Rule, ...] = ()
    """Of what its people do."""
    plugins: tuple[Plugin, ...] = ()
    """The customer's conversions, asked in this order."""

    @property
    def user_ids(self) -> Any:
        """The rule of user ids."""
        of = self.platform.ids_of
        return self.platform.user_ids if of is None else of(self.account)


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
    """A user id was hashed, or a group made that had no name yet: `identities` must hold it before anybody answers."""

    platform: str
    user: str
    """The id on that platform; of the group where *kind* says so."""
    canonical: str
    kind: Kind = "user"


Routed = Deliver | EchoOf | Dropped | Dead | Minted


NEW = "~"
"""The canonical name of a group begins with it that was made while the relay ran: its id at the target is known when it is there."""


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
                    if app.plugins:
                        answered = _plugged(event, app, target)
                        if not isinstance(answered, Event):
                            routed.append(answered)
                            continue
                        event = answered
                    say: Ruled | None = None
                    if app.rules:
                        say = ruled(app.rules, _case(event, app, target, identities))
                        if say.dropped:
                            routed.append(Dropped(f"rule:{say.dropped}"))
                            continue
                        losses += say.losses
                        if say.operation is not event.operation:
                            event = msgspec.structs.replace(event, operation=say.operation)
                    _deliver(event, losses, callback, app, target, identities, say, routed)
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
    say: Ruled | None,
    routed: list[Routed],
) -> None:
    here, there = app.platform, target.platform
    sender = _person(event.sender, app, identities) if event.sender else ""
    level = there.fidelity.get(kind_of(event.operation))
    if level is not None and level.word == "refused":
        # It would end at its encoder, after two transactions and two records.
        routed.append(Dropped(f"refused:{kind_of(event.operation)}"))
        return
    minted: list[Routed] = []
    if isinstance(event.operation, GroupCreated) and isinstance(event.conversation, Group):
        _name(event.conversation.id, here, identities, minted)
    conversation = _canonical(event.conversation, app, identities)
    if sender and event.sender != sender:
        _spell(event.sender, sender, here, identities, minted)
    match event.conversation, conversation:
        case Direct(users=(one, other)), Direct(users=(first, second)):
            for native in (one, other):
                if native != native.lower():
                    _spell(native, _person(native, app, identities), here, identities, minted)
            origin = other if event.sender == one else one
            receiver = _written(second if sender == first else first, target, identities, minted)
        case (Group(id=origin) | Room(id=origin)), (Group(id=group) | Room(id=group)):
            kind: Kind = "group" if isinstance(conversation, Group) else "room"
            receiver = _mapped(there.name, kind, group, identities)
        case _:
            raise AssertionError(conversation)
    people: dict[str, str] = {}

    def name(native: str) -> str:
        canonical = _person(native, app, identities)
        if native != canonical:
            _spell(native, canonical, here, identities, minted)
        people[canonical] = _written(canonical, target, identities, minted)
        return canonical

    operation = renamed(event.operation, name)
    if say is not None and say.proxy:
        written = say.proxy
    else:
        written = _written(sender, target, identities, minted) if sender else ""
    delivery = Delivery(
        event=msgspec.structs.replace(event, conversation=conversation, sender=sender, operation=operation),
        target=target.name,
        sender=written,
        receiver=receiver,
        received=callback.received,
        author=event.sender,
        origin=origin,
        people=people,
    )
    routed += minted
    key = conversation_key(conversation)
    if say is not None and say.create and not say.proxy and identities.account(there.name, sender) is None:
        routed.append(Deliver(account_before(delivery), key, there.name))
    if say is not None and say.introduced:
        routed.append(Deliver(introduction(delivery, say.introduced), key, there.name))
    routed.append(Deliver(delivery, key, there.name, losses))


def _plugged(event: Event, app: App, target: App) -> Event | Dropped | Dead:
    here, there = Side(app.name, app.platform.name), Side(target.name, target.platform.name)
    match asked(app.plugins, event, here, there):
        case None:
            return event
        case Replaced(event=replaced):
            return replaced
        case Ended(reason=reason):
            return Dropped(reason)
        case Failed(detail=detail):
            return Dead("plugin", detail, ours=True)


def _case(event: Event, app: App, target: App, identities: Identities) -> Case:
    here = app.platform.name
    return case_of(
        event,
        person=lambda native: _person(native, app, identities),
        group=lambda kind, native: identities.canonical(here, kind, native) or "",
        target=target.platform.name,
        language=getattr(target.account, "language", "zh"),
        identities=identities,
    )


def _echo(echo: OwnEcho, app: App, identities: Identities) -> EchoOf:
    conversation = _canonical(echo.conversation, app, identities)
    seen = Echo(event=echo.event_id, target=app.name, remote_id=echo.remote_id, at=echo.at, part=echo.part, more=echo.more)
    return EchoOf(seen, conversation_key(conversation), app.platform.name)


def _canonical(conversation: Conversation, app: App, identities: Identities) -> Conversation:
    match conversation:
        case Direct(users=(one, other)):
            return direct(_person(one, app, identities), _person(other, app, identities))
        case Group(id=native):
            return Group(_named(app.platform.name, "group", native, identities))
        case Room(id=native):
            return Room(_named(app.platform.name, "room", native, identities))


def _person(native: str, app: App, identities: Identities) -> str:
    name = app.platform.name
    known = identities.canonical(name, "user", native) or app.user_ids.to_canonical(native)
    if known is None:
        raise _UnmappedError(name, "user", native)
    return str(known)


def _written(canonical: str, app: App, identities: Identities, minted: list[Routed]) -> str:
    name = app.platform.name
    known = identities.native(name, "user", canonical)
    if known is not None:
        return known
    written = app.user_ids.write(canonical)
    if written.hashed:
        minted.append(Minted(name, written.native, canonical))
    return str(written.native)


def _named(platform: str, kind: Kind, native: str, identities: Identities) -> str:
    canonical = identities.canonical(platform, kind, native)
    if canonical is None:
        raise _UnmappedError(platform, kind, native)
    return canonical


def _name(native: str, platform: Platform, identities: Identities, minted: list[Routed]) -> None:
    """A new group's name until somebody gives it another."""
    if identities.canonical(platform.name, "group", native) is None:
        made = Minted(platform.name, native, f"{NEW}{platform.name}-{native}", "group")
        # Now, and not when it is written down: the event itself is routed by it.
        identities.apply(*record(made.platform, made.kind, made.user, made.canonical))
        minted.append(made)


def _spell(native: str, canonical: str, platform: Platform, identities: Identities, minted: list[Routed]) -> None:
    """Keep how somebody is spelled where there is upper case: some platforms know `Li`, and nobody called `li`."""
    if native != native.lower() and identities.native(platform.name, "user", canonical) is None:
        made = Minted(platform.name, native, canonical)
        identities.apply(*record(made.platform, made.kind, made.user, made.canonical))
        minted.append(made)


def _mapped(platform: str, kind: Kind, canonical: str, identities: Identities) -> str:
    """"" for a new group, of which the delivery knows the id when its turn comes."""
    native = identities.native(platform, kind, canonical)
    if native is None and canonical.startswith(NEW):
        return ""
    if native is None:
        raise _UnmappedError(platform, kind, canonical)
    return native
