"""From a stored callback to what it causes: whose words, to whom, under which key."""

from collections.abc import Mapping
from typing import get_args

import msgspec
from msgspec import Struct

from converters.core.causes import Cause, unmapped
from converters.core.model import Conversation, Delivery, Direct, Echo, Event, Group, Loss, Room, conversation_key
from converters.core.operations import GroupCreated, GroupLife, Post, kind_of
from converters.core.wire import Malformed
from converters.platform import Account, AnyPlatform, Callback, DecodedEvent, Ignored, OwnEcho
from converters.plugins import Plugin, PluginDropped, PluginFailed, PluginReplaced, Side, run_plugins
from converters.routing import id_mapping
from converters.routing.account_creation import account_before
from converters.routing.id_mapping import NewIdentity, UnmappedError
from converters.routing.identity_table import IdentityLookup, Kind
from converters.routing.located import located
from converters.routing.overlay import IdentityOverlay
from converters.routing.rules import Rule, RuleInput, RuleResult, apply_rules, introduction, rule_input
from converters.routing.user_ids import IdRule
from converters.routing.users import renamed

_GROUP_LIFE = frozenset(get_args(GroupLife))
MOST_NAMED = 100
"""New names that are kept because of one message; those beyond are written at the target all the same."""


class App(Struct, frozen=True):
    """One app of the settings."""

    name: str
    platform: AnyPlatform
    account: Account
    target: str
    rules: tuple[Rule, ...] = ()
    """Of what its people do."""
    plugins: tuple[Plugin, ...] = ()
    """The customer's conversions, asked in this order."""
    canary: bytes = b""
    """The key of the conversation of the test users, see `converters.canary`; no count has it. Empty: there are none."""

    @property
    def user_ids(self) -> IdRule:
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
    unfit: str = ""
    """Why the mark on it is not believed, as of `DecodedEvent`; it is relayed all the same."""


class EchoOf(Struct, frozen=True):
    echo: Echo
    key: bytes
    platform: str
    """Where the echo was seen, which is the target of the original."""


class Dropped(Struct, frozen=True):
    """Understood, and nothing to do. *reason* is a short, fixed word."""

    reason: str
    event: Event | None = None
    """What it was, its ids still the platform's own, where it would have been carried but for the target or a rule."""


class DeadLettered(Struct, frozen=True):
    """For the dead letters. *detail* holds ids and never what was said."""

    cause: Cause
    detail: str
    ours: bool
    by: str = ""
    """Who said it, where that is known: one person has many conversations."""


class RejectedMark(Struct, frozen=True):
    """A mark that is not believed lay on a message that is not delivered, for whatever reason follows."""

    reason: str
    """A word of `converters.text.echo_mark`."""
    event: str
    sender: str
    """Who sent it, in the platform's words."""


Routed = Deliver | EchoOf | Dropped | DeadLettered | NewIdentity | RejectedMark


def route(callback: Callback, apps: Mapping[str, App], identities: IdentityLookup) -> tuple[Routed, ...]:
    """What a callback causes, in order. Never raises for what lies in it.

    *identities* stays as it is: what is new comes out as Minted, and is true once that is committed.
    """
    app = apps.get(callback.app)
    if app is None:
        return (DeadLettered("app-unknown", f"no app {callback.app[:128]!r} in the settings", ours=True),)
    target = apps.get(app.target)
    if target is None:
        return (DeadLettered("target-unknown", f"no app {app.target[:128]!r} in the settings", ours=True),)
    try:
        decoded = located(app.platform.decode(callback, app.account), app.platform.name, identities)
    except Malformed as error:
        return (DeadLettered("malformed", str(error), ours=False),)
    routed: list[Routed] = []
    # What the first event of a callback mints, the second one knows.
    new = IdentityOverlay(identities) if len(decoded) > 1 else None
    known = identities if new is None else new
    for one in decoded:
        try:
            match one:
                case DecodedEvent(event=event, losses=losses, unfit=unfit, proven=proven):
                    told = (RejectedMark(unfit, event.id, event.sender),) if unfit else ()
                    if app.plugins:
                        answered = _plugged(event, app, target)
                        if not isinstance(answered, Event):
                            routed += (*told, answered)
                            continue
                        event = answered
                    say: RuleResult | None = None
                    if app.rules:
                        say = apply_rules(app.rules, _case(event, app, target, known))
                        if say.dropped:
                            routed += (*told, Dropped(f"rule:{say.dropped}", event))
                            continue
                        losses += say.losses
                        event = msgspec.structs.replace(event, operation=say.operation)
                    caused = _deliver(event, losses, callback, app, target, known, say)
                    if not proven:
                        caused = _unproven(caused)
                    if unfit and isinstance(caused[-1], Deliver):
                        caused[-1], told = msgspec.structs.replace(caused[-1], unfit=unfit), ()
                    routed += told
                    routed += caused
                    if new is not None:
                        for made in caused:
                            if isinstance(made, NewIdentity):
                                new.add(*made.record)
                case OwnEcho():
                    routed.append(_echo(one, app, known))
                case Ignored(reason=reason):
                    routed.append(Dropped(reason))
        except UnmappedError as error:
            # Not worth a person's look when it is our own message that comes back.
            if isinstance(one, OwnEcho):
                routed.append(Dropped("echo-unmapped"))
            else:
                routed.append(DeadLettered(unmapped(error.kind), str(error), ours=True))
    return tuple(routed)


def _deliver(
    event: Event, losses: tuple[Loss, ...], callback: Callback, app: App, target: App, identities: IdentityLookup, say: RuleResult | None
) -> list[Routed]:
    here, there = app.platform, target.platform
    # What people say is never refused: it is at least shown.
    if not isinstance(event.operation, Post):
        level = there.fidelity.get(kind_of(event.operation))
        if level is not None and level.word == "refused":
            # It would end at its encoder, after two transactions and two records.
            return [Dropped(f"refused:{kind_of(event.operation)}", event)]
    minted: list[NewIdentity] = []
    conversation: Conversation
    match event.conversation:
        case Direct(users=(one, other)):
            # Each of the two is looked up once: this is the way of most messages.
            first, second = id_mapping.map_user(one, app, identities), id_mapping.map_user(other, app, identities)
            conversation = id_mapping.map_conversation(first, second, identities)
            mine = event.sender == one
            sender, receiver, origin = (first, second, other) if mine else (second, first, one)
            if not event.sender:
                sender = ""
            id_mapping.spell(event.sender, sender, here, identities, minted)
            receiver = id_mapping.written(receiver, target, identities, minted)
        case Group(id=origin) | Room(id=origin):
            if isinstance(event.operation, GroupCreated) and isinstance(event.conversation, Group):
                conversation = id_mapping.new_group(origin, here, identities, minted)
            else:
                conversation = id_mapping.canonical(event.conversation, app, identities)
            sender = id_mapping.map_user(event.sender, app, identities) if event.sender else ""
            id_mapping.spell(event.sender, sender, here, identities, minted)
            kind: Kind = "group" if isinstance(event.conversation, Group) else "room"
            assert isinstance(conversation, Group | Room), "it was one before its id was mapped"
            receiver = id_mapping.mapped(there.name, kind, conversation.id, identities)
    people: dict[str, str] = {}
    told = type(event.operation) in _GROUP_LIFE

    def name(native: str) -> str:
        canonical = id_mapping.map_user(native, app, identities)
        if told:
            id_mapping.spell(native, canonical, here, identities, minted)
        # Whom somebody only names, there need not be: no message fills `identities` with names that it made up.
        keep = minted if told or len(minted) < MOST_NAMED else []
        people[canonical] = id_mapping.written(canonical, target, identities, keep)
        return canonical

    operation = renamed(event.operation, name)
    called = event.sender_name
    if say is not None and say.proxy:
        written, called = say.proxy, say.called
    else:
        written = id_mapping.written(sender, target, identities, minted) if sender else ""
    delivery = Delivery(
        event=msgspec.structs.replace(event, conversation=conversation, sender=sender, sender_name=called, operation=operation),
        target=target.name,
        sender=written,
        receiver=receiver,
        received=callback.received,
        author=event.sender,
        origin=origin,
        people=people,
    )
    routed: list[Routed] = [*minted]
    key = conversation_key(conversation)
    if say is not None and say.create and identities.account(there.name, sender) is None:
        routed.append(Deliver(account_before(delivery), key, there.name))
    if say is not None and say.introduced:
        routed.append(Deliver(introduction(delivery, say.introduced), key, there.name))
    routed.append(Deliver(delivery, key, there.name, losses))
    return routed


def _unproven(caused: list[Routed]) -> list[Routed]:
    """The same of what nobody has signed: no stranger's word makes an account, or says how somebody is called."""
    if any(isinstance(one, NewIdentity) or (isinstance(one, Deliver) and one.delivery.newcomer) for one in caused):
        return [Dropped("unproven-person")]
    return caused


def _plugged(event: Event, app: App, target: App) -> Event | Dropped | DeadLettered:
    here, there = Side(app.name, app.platform.name), Side(target.name, target.platform.name)
    match run_plugins(app.plugins, event, here, there):
        case None:
            return event
        case PluginReplaced(event=replaced):
            return replaced
        case PluginDropped(reason=reason):
            return Dropped(reason)
        case PluginFailed(detail=detail):
            return DeadLettered("plugin", detail, ours=True, by=event.sender)


def _case(event: Event, app: App, target: App, identities: IdentityLookup) -> RuleInput:
    here = app.platform.name
    return rule_input(
        event,
        person=lambda native: id_mapping.map_user(native, app, identities),
        group=lambda kind, native: identities.canonical(here, kind, native) or "",
        target=target.platform.name,
        language=target.account.language,
        identities=identities,
    )


def _echo(echo: OwnEcho, app: App, identities: IdentityLookup) -> EchoOf:
    conversation = id_mapping.canonical(echo.conversation, app, identities)
    seen = Echo(
        event=echo.event_id, target=app.name, remote_id=echo.remote_id, at=echo.at, part=echo.part, more=echo.more, unkeyed=not echo.keyed
    )
    return EchoOf(seen, conversation_key(conversation), app.platform.name)
