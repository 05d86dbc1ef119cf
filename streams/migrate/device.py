"""`im-relay migrate device-export`: messages that the server does not take, as pages that the new app imports into its local database.

Ids are the target's. Direct messages lie in pages of each of their two users; those of a group once, in pages of the group, which the index of
each member names. The same bundle makes the same bytes: a run that was cut off is simply run again.
"""

import gzip
import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from converters.addressing import conversation_of
from converters.core.bodies import Body
from converters.core.localized import localized
from converters.core.model import Conversation, Direct, Event
from converters.core.operations import Post
from converters.inventory import GroupMember
from converters.routing import id_mapping
from converters.routing.identity_table import IdentityLookup, Kind
from converters.routing.route import App
from converters.routing.users import renamed
from streams.migrate.bundle import Bundle
from streams.migrate.errors import BundleError
from streams.migrate.store import SIDES, TALKS, Store

MOST = 1000
"""Messages of a page, as vendors advise for one call of the SDK."""
VERSION = 1
PLACES = ("users", "groups", "rooms")
_DIGEST = re.compile(r"[0-9a-f]{32}")


class DeviceMessage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message as the new app imports it."""

    id: str
    """Stable: imported twice, it is one message."""
    chat: str
    """`direct`, `group` or `room`."""
    sender: str = msgspec.field(name="from", default="")
    to: str = ""
    """The receiver, or the group's or room's id."""
    at: int
    """Milliseconds since 1970."""
    body: Body
    ext: dict[str, Any] = {}
    quote: str = ""
    """Id of the message that it answers."""


class DevicePage(Struct, frozen=True, kw_only=True):
    version: int = VERSION
    messages: list[DeviceMessage]


class PageEntry(Struct, frozen=True, kw_only=True):
    path: str
    """From the root of the export."""
    messages: int
    sha256: str
    """Of the file as it lies there."""


class GroupEntry(Struct, frozen=True, kw_only=True):
    id: str
    joined: int
    """When the user joined, in ms since 1970; 0 where that is not known. The app may leave out what was said before."""
    pages: list[PageEntry]


class DeviceIndex(Struct, frozen=True, kw_only=True):
    """`index.json` of one user."""

    version: int = VERSION
    user: str
    pages: list[PageEntry]
    groups: list[GroupEntry] = []


class Exported(Struct):
    users: int = 0
    groups: int = 0
    messages: int = 0
    """Each once."""
    pages: int = 0
    without_group: int = 0
    """Messages of groups and rooms that are not at the target."""
    stale: int = 0
    """Files of an earlier export that were removed: their messages are in others now, or nobody's."""


def file_name(name: str) -> str:
    """Under which a user's or group's pages lie: any id makes a good one, and none can be guessed from another."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"{digest[:2]}/{digest}"


class DeviceExport:
    """Writes below *root*. Raises BundleError, OSError. *everything*: also what the server takes."""

    def __init__(self, bundle: Bundle, source: App, target: App, identities: IdentityLookup, root: Path, *, everything: bool) -> None:
        self._bundle, self._source, self._target = bundle, source, target
        self._identities, self._root, self._everything = identities, root, everything
        self.done = Exported()

    def run(self) -> Exported:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        sides = Store(self._root / ".sides")
        try:
            for family in (SIDES, TALKS):
                sides.clear(family)
            for one in self._bundle.conversations():
                if not (one.talk.device or (self._everything and one.talk.count)):
                    continue
                if isinstance(one.talk.conversation, Direct):
                    for user in one.talk.conversation.users:
                        sides.put(SIDES, f"{user}\0d".encode() + one.key, b"")
                else:
                    self._place(one.key, one.talk.conversation, sides)
            sides.flush()
            self._users(sides)
            sides.flush()
            self._sweep(sides)
        finally:
            sides.close()
        shutil.rmtree(self._root / ".sides", ignore_errors=True)
        return self.done

    def _place(self, key: bytes, conversation: Conversation, sides: Store) -> None:
        """Pages of a group or room, and who is in it."""
        native, kind = self._native_place(conversation)
        messages = self._messages(key, native, kind)
        if not native:
            self.done.without_group += sum(1 for _ in messages)
            return
        place = f"{kind}s/{file_name(native)}"
        pages = list(self._pages(place, messages))
        self._wrote(sides, place, len(pages))
        self.done.groups += 1
        self.done.messages += sum(page.messages for page in pages)
        assert not isinstance(conversation, Direct)
        for member in self._members(conversation.id) if kind == "group" else ():
            entry = GroupEntry(id=native, joined=member.joined, pages=pages)
            sides.put(SIDES, f"{member.user}\0g{native}".encode(), msgspec.json.encode(entry))

    def _members(self, group: str) -> Iterator[GroupMember]:
        for row in self._bundle.items("member", after=f"member\x1f{group}\x1f".encode()):
            if not isinstance(row.item, GroupMember) or row.item.group != group:
                return
            yield row.item

    def _users(self, sides: Store) -> None:
        user, talks, groups = "", list[bytes](), list[GroupEntry]()
        for key, raw in chain(sides.scan(SIDES), [(b"\0", b"")]):
            name, _, rest = key.partition(b"\0")
            if name.decode() != user:
                if user:
                    self._user(user, talks, groups, sides)
                user, talks, groups = name.decode(), [], []
            if rest[:1] == b"d":
                talks.append(rest[1:])
            elif rest[:1] == b"g":
                groups.append(msgspec.json.decode(raw, type=GroupEntry))

    def _user(self, user: str, talks: list[bytes], groups: list[GroupEntry], sides: Store) -> None:
        native = self._native(user)
        place = f"users/{file_name(native)}"
        messages = chain.from_iterable(self._messages(key, "", "direct") for key in talks)
        pages = list(self._pages(place, self._counted(messages, user)))
        index = DeviceIndex(user=native, pages=pages, groups=groups)
        (self._root / place).mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._root / place / "index.json").write_bytes(msgspec.json.format(msgspec.json.encode(index)))
        self._wrote(sides, place, len(pages))
        self.done.users += 1

    def _wrote(self, sides: Store, place: str, pages: int) -> None:
        sides.put(TALKS, place.encode(), pages.to_bytes(4, "big"))

    def _sweep(self, sides: Store) -> None:
        """Remove what an earlier export has left: an index of then names pages that were written anew since, and its messages may be elsewhere now."""
        for folder in self._places():
            place = str(folder.relative_to(self._root))
            written = sides.get(TALKS, place.encode())
            pages, indexed = int.from_bytes(written or b"", "big"), place.startswith("users/") and written is not None
            for file in sorted(folder.iterdir()):
                number = file.name.removesuffix(".json.gz")
                page = file.name != number and number.isdecimal()
                if (page and int(number) > pages) or (file.name == "index.json" and not indexed):
                    file.unlink()
                    self.done.stale += 1
            if not any(folder.iterdir()):
                folder.rmdir()

    def _places(self) -> Iterator[Path]:
        for kind in PLACES:
            for group in sorted((self._root / kind).glob("[0-9a-f][0-9a-f]")):
                yield from (folder for folder in sorted(group.iterdir()) if _DIGEST.fullmatch(folder.name) and folder.is_dir())

    def _counted(self, messages: Iterable[DeviceMessage], user: str) -> Iterator[DeviceMessage]:
        """A direct message comes to both of its users, and is one."""
        native = self._native(user)
        for message in messages:
            self.done.messages += message.sender == native
            yield message

    def _messages(self, key: bytes, place: str, kind: str) -> Iterator[DeviceMessage]:
        said = self._bundle.device_messages(key)
        for one in chain(said, self._bundle.messages(key)) if self._everything else said:
            yield self._message(one.event, place, kind)

    def _message(self, event: Event, place: str, kind: str) -> DeviceMessage:
        operation = renamed(event.operation, self._native)
        if not isinstance(operation, Post):
            raise BundleError(localized("a bundle holds an event that is no message: {id}", id=event.id))
        sender = self._native(event.sender) if event.sender else ""
        to = place
        if isinstance(event.conversation, Direct):
            one, other = event.conversation.users
            to = self._native(other if event.sender == one else one)
        quoted = operation.quote.message.event if operation.quote is not None else ""
        return DeviceMessage(
            id=stable_id(event.id),
            chat=kind,
            sender=sender,
            to=to,
            at=event.at,
            body=operation.body,
            ext=operation.ext,
            quote=stable_id(quoted) if quoted else "",
        )

    def _pages(self, place: str, messages: Iterable[DeviceMessage]) -> Iterator[PageEntry]:
        held: list[DeviceMessage] = []
        number = 0
        for message in messages:
            held.append(message)
            if len(held) == MOST:
                number += 1
                yield self._page(place, number, held)
                held = []
        if held:
            yield self._page(place, number + 1, held)

    def _page(self, place: str, number: int, messages: list[DeviceMessage]) -> PageEntry:
        path = self._root / place / f"{number:04}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        packed = gzip.compress(msgspec.json.encode(DevicePage(messages=messages)), mtime=0)
        path.write_bytes(packed)
        self.done.pages += 1
        return PageEntry(path=str(path.relative_to(self._root)), messages=len(messages), sha256=hashlib.sha256(packed).hexdigest())

    def _native(self, user: str) -> str:
        return id_mapping.written(user, self._target, self._identities, [])

    def _native_place(self, conversation: Conversation) -> tuple[str, str]:
        """(id at the target or "", kind)."""
        there = conversation_of(conversation, self._source, self._identities)
        assert not isinstance(there, Direct)
        kind: Kind = "group" if str(there.__struct_config__.tag) == "group" else "room"
        return self._identities.native(self._target.platform.name, kind, there.id) or "", kind


def stable_id(event: str) -> str:
    """The same in every export: of the source's own message id."""
    return blake2b(event.encode(), digest_size=16).hexdigest()
