"""What a record is about: the words by which a person chooses among records."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache

import msgspec
from msgspec import Struct

from converters.addressing import users_of
from converters.core import wire
from converters.core.model import Conversation, Delivery, Direct, Event, Group, Room, conversation_key, direct
from converters.inventory import kind_of
from converters.platform import Callback, Decoded, DecodedEvent
from converters.routing.id_mapping import map_conversation
from converters.routing.identity_table import IdentityLookup
from converters.routing.route import App, Deliver, route
from converters.routing.user_ids import fold
from streams.migrate.records import ItemTask, MessageTask, SkipTask, Task, load_task
from streams.observe.log import place

_NONE: frozenset[str] = frozenset()
_log = logging.getLogger(__name__)


class RecordSubjects(Struct, frozen=True):
    """Ids both canonical and in the platforms' own words, as far as they can be read; in lower case but for apps."""

    apps: frozenset[str] = _NONE
    conversations: frozenset[str] = _NONE
    users: frozenset[str] = _NONE
    kinds: frozenset[str] = _NONE

    def __or__(self, other: "RecordSubjects") -> "RecordSubjects":
        return RecordSubjects(
            self.apps | other.apps, self.conversations | other.conversations, self.users | other.users, self.kinds | other.kinds
        )


class Filter(Struct, frozen=True, omit_defaults=True):
    """Empty words choose everything."""

    app: str = ""
    conversation: str = ""
    user: str = ""
    kind: str = ""

    def takes(self, about: RecordSubjects) -> bool:
        return (
            (not self.app or self.app in about.apps)
            and (not self.conversation or _sorted(self.conversation) in about.conversations)
            and (not self.user or fold(self.user) in about.users)
            and (not self.kind or self.kind in about.kinds)
        )


def conversation_ids(conversation: Conversation) -> str:
    """As it is written on the command line: `direct:ann:bob`, `group:team`, `room:hall`."""
    match conversation:
        case Direct(users=users):
            return fold(":".join(("direct", *users)))
        case Group(id=name):
            return fold(f"group:{name}")
        case Room(id=name):
            return fold(f"room:{name}")


def key_of(text: str, identities: IdentityLookup) -> bytes | None:
    """The key in Kafka of a canonical conversation as written on the command line; None where colons leave it open."""
    kind, _, rest = fold(text).partition(":")
    match kind, rest.split(":"):
        case "direct", [one, other]:
            return conversation_key(map_conversation(one, other, identities))
        case "group", _ if rest:
            return conversation_key(Group(rest, identities.origin("group", rest)))
        case "room", _ if rest:
            return conversation_key(Room(rest, identities.origin("room", rest)))
        case _:
            return None


def _names(conversation: Conversation) -> frozenset[str]:
    """What it is called, and what it was called first."""
    match conversation:
        case Direct(origin=(one, other)):
            return frozenset({conversation_ids(conversation), conversation_ids(direct(one, other))})
        case Group(origin=origin) | Room(origin=origin) if origin:
            return frozenset({conversation_ids(conversation), conversation_ids(type(conversation)(origin))})
        case _:
            return frozenset({conversation_ids(conversation)})


def of_event(event: Event) -> RecordSubjects:
    users = set(event.conversation.users) if isinstance(event.conversation, Direct) else set()
    return RecordSubjects(
        frozenset({event.source}), _names(event.conversation), frozenset(fold(user) for user in users | {event.sender}), kinds_of(event)
    )


def kinds_of(event: Event) -> frozenset[str]:
    """What it does and, where something is said, what kind of thing: `post` and `text`."""
    operation = event.operation
    body = getattr(operation, "body", None)  # not every operation says something
    return frozenset(str(each.__struct_config__.tag) for each in (operation, body) if isinstance(each, Struct))


def of_delivery(delivery: Delivery) -> RecordSubjects:
    there = {fold(delivery.sender)}
    if isinstance(delivery.event.conversation, Direct):
        there.add(fold(delivery.receiver))
        spoke = conversation_ids(direct(delivery.sender, delivery.receiver))
    else:
        spoke = fold(f"{delivery.event.conversation.__struct_config__.tag}:{delivery.receiver}")
    return of_event(delivery.event) | RecordSubjects(frozenset({delivery.target}), frozenset({spoke}), frozenset(there))


def decoded(callback: Callback, apps: Mapping[str, App]) -> tuple[Decoded, ...]:
    """What the callback says in its platform's own words; nothing where it cannot be read. A defect of the decoder is told."""
    app = apps.get(callback.app)
    if app is None:
        return ()
    try:
        return app.platform.decode(callback, app.account)
    except wire.Malformed:
        return ()
    except Exception as error:  # noqa: BLE001 - a defect made some of the letters: they are listed all the same
        _tell_defect(callback.app, place(error))
        return ()


def of_callback(callback: Callback, apps: Mapping[str, App], identities: IdentityLookup) -> RecordSubjects:
    about = RecordSubjects(frozenset({callback.app}) if callback.app else _NONE)
    for one in decoded(callback, apps):
        if isinstance(one, DecodedEvent):
            about |= of_event(one.event)
    try:
        for routed in route(callback, apps, identities):
            if isinstance(routed, Deliver):
                about |= of_delivery(routed.delivery)
    except wire.Malformed:
        pass
    except Exception as error:  # noqa: BLE001 - as in `decoded`
        _tell_defect(callback.app, place(error))
    return about


def of_task(task: Task) -> RecordSubjects:
    """Of a record of a migration."""
    match task:
        case MessageTask(delivery=delivery):
            return of_delivery(delivery)
        case ItemTask(app=app, source=source, item=item, conversation=conversation):
            places = _names(conversation) if conversation is not None else _NONE
            return RecordSubjects(frozenset({app, source}), places, frozenset(map(fold, users_of(item))), frozenset({kind_of(item)}))
        case SkipTask():
            return RecordSubjects()


def of_bytes(value: bytes, headers: Mapping[str, bytes], apps: Mapping[str, App], identities: IdentityLookup) -> RecordSubjects:
    """Of a record of whichever kind: a delivery, else a callback."""
    with suppress(wire.Malformed):
        return of_delivery(wire.load(value, Delivery))
    with suppress(msgspec.DecodeError):
        return of_task(load_task(value))
    from streams.ingress.record import callback_of

    with suppress(ValueError):  # headers that are not the ingress's
        return of_callback(callback_of(value, list(headers.items())), apps, identities)
    return RecordSubjects()


def _sorted(text: str) -> str:
    kind, _, rest = fold(text).partition(":")
    users = rest.split(":")
    return f"direct:{':'.join(sorted(users))}" if kind == "direct" and len(users) == 2 else fold(text)


@lru_cache(maxsize=100)
def _tell_defect(app: str, where: str) -> None:
    """On standard error, each defect once. Neither its text nor the record: both may hold what people wrote."""
    _log.warning("defect while reading records of app %s: %s; they are shown without what could not be read", app, where)
