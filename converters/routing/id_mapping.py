"""Ids in other words: a platform's own, the canonical ones, and those of the target."""

from typing import Protocol

from msgspec import Struct

from converters.core.model import Conversation, Direct, Group, Room, direct
from converters.platform import AnyPlatform
from converters.routing.identity_table import IdentityLookup, Kind, record
from converters.routing.user_ids import IdRule, fold

NEW = "~"
"""The canonical name of a group begins with it that was made while the relay ran: its id at the target is known when it is there."""


class IdScope(Protocol):
    """An app, as far as ids go."""

    @property
    def platform(self) -> AnyPlatform: ...

    @property
    def user_ids(self) -> IdRule: ...


class NewIdentity(Struct, frozen=True):
    """A user id was hashed or has upper case, or a group made that had no name yet: `identities` must hold it before anybody answers."""

    platform: str
    user: str
    """The id on that platform; of the group where *kind* says so."""
    canonical: str
    kind: Kind = "user"
    origin: str = ""
    """By which its conversation is keyed, where that is another name."""

    @property
    def record(self) -> tuple[bytes, bytes]:
        """As the topic `identities` holds it. It follows from what is minted alone: whoever mints the same, writes the same."""
        return record(self.platform, self.kind, self.user, self.canonical, self.origin)


class UnmappedError(Exception):
    """An id that no rule and no entry of `identities` knows; the text names it."""

    def __init__(self, platform: str, kind: Kind, named: str) -> None:
        super().__init__(f"{platform} {kind} {named[:128]!r} is in no entry of identities: im-relay identities set")
        self.kind = kind


def canonical(conversation: Conversation, side: IdScope, identities: IdentityLookup) -> Conversation:
    match conversation:
        case Direct(users=(one, other)):
            return map_conversation(map_user(one, side, identities), map_user(other, side, identities), identities)
        case Group(id=native):
            name = named(side.platform.name, "group", native, identities)
            return Group(name, identities.origin("group", name))
        case Room(id=native):
            name = named(side.platform.name, "room", native, identities)
            return Room(name, identities.origin("room", name))


def map_conversation(one: str, other: str, identities: IdentityLookup) -> Direct:
    """The conversation of two people, named canonically."""
    before, was = identities.origin("user", one), identities.origin("user", other)
    if not before and not was:
        return direct(one, other)
    return Direct(direct(one, other).users, direct(before or one, was or other).users)


def map_user(native: str, side: IdScope, identities: IdentityLookup) -> str:
    name = side.platform.name
    known = identities.canonical(name, "user", native) or side.user_ids.to_canonical(native)
    if known is None:
        raise UnmappedError(name, "user", native)
    return str(known)


def written(canonical: str, side: IdScope, identities: IdentityLookup, minted: list[NewIdentity]) -> str:
    name = side.platform.name
    known = identities.native(name, "user", canonical)
    if known is not None:
        return known
    written = side.user_ids.write(canonical)
    if written.hashed:
        _mint(NewIdentity(name, written.native, canonical, origin=identities.origin("user", canonical)), minted)
    return str(written.native)


def named(platform: str, kind: Kind, native: str, identities: IdentityLookup) -> str:
    canonical = identities.canonical(platform, kind, native)
    if canonical is None:
        raise UnmappedError(platform, kind, native)
    return canonical


def new_group(native: str, platform: AnyPlatform, identities: IdentityLookup, minted: list[NewIdentity]) -> Group:
    """A group that was just made: under a name of its own until somebody gives it another."""
    known = identities.canonical(platform.name, "group", native)
    if known is not None:
        return Group(known, identities.origin("group", known))
    name = f"{NEW}{platform.name}-{native}"
    origin = identities.origin("group", name) or identities.forgotten(platform.name, "group", native) or ""
    _mint(NewIdentity(platform.name, native, name, "group", origin), minted)
    return Group(name, origin if origin != name else "")


def spell(native: str, canonical: str, platform: AnyPlatform, identities: IdentityLookup, minted: list[NewIdentity]) -> None:
    """Keep how somebody is spelled where there is upper case: some platforms know `Li`, and nobody called `li`.

    Only what the platform itself says is a spelling: who has spoken, who is in a group. Whom somebody writes to or names is spelled as
    that one likes, and what is said to them would go where there is nobody, or somebody else.
    """
    if native != fold(native) and identities.native(platform.name, "user", canonical) is None:
        _mint(NewIdentity(platform.name, native, canonical, origin=identities.origin("user", canonical)), minted)


def mapped(platform: str, kind: Kind, canonical: str, identities: IdentityLookup) -> str:
    """Nothing ("") for a new group, of which the delivery knows the id when its turn comes."""
    native = identities.native(platform, kind, canonical)
    if native is None and canonical.startswith(NEW):
        return ""
    if native is None:
        raise UnmappedError(platform, kind, canonical)
    return native


def _mint(made: NewIdentity, minted: list[NewIdentity]) -> None:
    if made not in minted:
        minted.append(made)
