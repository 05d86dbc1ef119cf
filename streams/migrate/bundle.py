"""A bundle: what `check` has read, sorted, without doubles, counted and hashed. All that follows reads this and nothing else."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from msgspec import Struct

from converters.core import wire
from converters.core.localized import localized
from converters.core.model import Conversation, Event
from converters.inventory import KINDS, AnyItem, Problem, digest_of, read_item
from streams.migrate.errors import BundleError
from streams.migrate.store import FATES, FOUND, ITEMS, MESSAGES, META, PROBLEMS, TALKS, Store

META_KEY = b"meta"
ROWS = "rows"
"""The store in a bundle's directory; what is for people lies beside it."""
VERSION = 1
BeforeGroup = Literal["stop", "skip", "restamp", "import"]


class Meta(Struct, frozen=True, kw_only=True):
    """What a bundle says of itself."""

    version: int = VERSION
    sha256: str = ""
    source: str
    """As given to --from."""
    source_app: str
    source_platform: str
    target_app: str
    target_platform: str
    edition: str
    before_group: BeforeGroup
    horizon: int
    """Milliseconds since 1970: messages before it are not for the server; 0: all are."""
    made: int
    """Milliseconds since 1970: the `now` of all checks."""
    counts: dict[str, int] = {}
    """Items by tag; `message` and `device-message`."""
    conversations: dict[str, int] = {}
    """Messages for the server, by the kind of their conversation."""
    talks: int = 0
    """Conversations with messages for the server."""
    lanes: dict[str, int] = {}
    """Messages of the longest conversation, by its kind."""
    calls: dict[str, int] = {}
    """By API of the target; messages included."""
    problems: dict[str, int] = {}
    """By kind."""
    stops: int = 0
    """Problems that have to be decided before anything is applied."""
    files: int = 0
    """Messages with files."""
    oldest: int = 0
    """The first message for the server, in ms since 1970."""
    largest_group: int = 0
    most_friends: int = 0
    bytes: int = 0
    """Of all items and messages."""


class Row(Struct, frozen=True):
    key: bytes
    """The position to go on behind."""
    item: AnyItem
    digest: str


class Talk(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One conversation. Counts, times (ms) and hash are of the messages for the server; *device* is the number of the others."""

    conversation: Conversation
    count: int = 0
    first: int = 0
    last: int = 0
    sha256: str = ""
    bytes: int = 0
    device: int = 0
    device_sha256: str = ""
    devices_only: bool = False
    """None of its messages is for the server."""


class KeyedTalk(Struct, frozen=True):
    key: bytes
    """Of the conversation, as `conversation_key` makes it; also the position to go on behind."""
    talk: Talk


class Said(Struct, frozen=True):
    key: bytes
    """The position to go on behind."""
    event: Event


DROPPED, REPLACED = b"-", b"="
"""What a fate begins with; behind `=` stands the message as it is now."""


def message_key(conversation: bytes, at: int, seq: bytes) -> bytes:
    return b"%b\0%b%b" % (conversation, at.to_bytes(8, "big"), seq)


def message_row(where: str, sender: str, event: bytes) -> bytes:
    """*sender* with the names that are written otherwise, as of `spellings.written`."""
    place, author = where.encode()[:255], sender.encode()
    return b"%c%b%b%b%b" % (len(place), place, len(author).to_bytes(2, "big"), author, event)


def parts_of(row: bytes) -> tuple[bytes, bytes, bytes]:
    """(where, sender, event) of a message's row."""
    start = 1 + row[0]
    end = start + 2 + int.from_bytes(row[start : start + 2], "big")
    return row[1:start], row[start + 2 : end], row[end:]


class Bundle:
    """Read-only; several processes may have it open. Raises BundleError."""

    def __init__(self, store: Store, meta: Meta) -> None:
        self._store, self.meta = store, meta

    @classmethod
    def open(cls, path: Path) -> Self:
        if not (path / ROWS / "CURRENT").is_file():
            raise BundleError(localized("{path} is no bundle: im-relay migrate check makes one, and says where it lies", path=path))
        store = Store(path / ROWS, read_only=True)
        raw = store.get(META, META_KEY)
        if raw is None:
            store.close()
            raise BundleError(localized("{path} is not complete: the same `im-relay migrate check` goes on with it", path=path))
        try:
            meta = wire.load(raw, Meta)
        except wire.Malformed as error:
            store.close()
            raise BundleError(
                localized("{path} is damaged, or of another release ({error}): run check again", path=path, error=error)
            ) from None
        if meta.version > VERSION:
            store.close()
            raise BundleError(
                localized(
                    "{path} is of a newer release (version {version}; {known} is known): use that release",
                    path=path,
                    version=meta.version,
                    known=VERSION,
                )
            )
        return cls(store, meta)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._store.close()

    def count(self, kind: str) -> int:
        return self.meta.counts.get(kind, 0)

    def items(self, kind: str, after: bytes = b"") -> Iterator[Row]:
        """In the order of their ids: what has one owner, group or room stands together."""
        for key, raw in self._store.scan(ITEMS, f"{kind}\x1f".encode(), after):
            yield Row(key, read_item(raw), digest_of(raw))

    def get(self, item: str) -> Row | None:
        """By its id, as of `item_id`."""
        raw = self._store.get(ITEMS, item.encode())
        return Row(item.encode(), read_item(raw), digest_of(raw)) if raw is not None else None

    def conversations(self, after: bytes = b"") -> Iterator[KeyedTalk]:
        for key, raw in self._store.scan(TALKS, after=after):
            yield KeyedTalk(key, wire.load(raw, Talk))

    def talk(self, conversation: bytes) -> Talk | None:
        raw = self._store.get(TALKS, conversation)
        return wire.load(raw, Talk) if raw is not None else None

    def messages(self, conversation: bytes, after: bytes = b"") -> Iterator[Said]:
        """Those for the server, by time and, within one millisecond, in the order of the source."""
        talk = self.talk(conversation)
        if talk is None or talk.devices_only:
            return
        since = message_key(conversation, self.meta.horizon, b"")
        for key, event in self._kept(conversation, max(after, since)):
            yield Said(key, wire.load(event, Event))

    def device_messages(self, conversation: bytes, after: bytes = b"") -> Iterator[Said]:
        """Those that the server cannot take, in the same order."""
        talk = self.talk(conversation)
        if talk is None:
            return
        until = b"" if talk.devices_only else message_key(conversation, self.meta.horizon, b"")
        for key, event in self._kept(conversation, after):
            if until and key >= until:
                return
            yield Said(key, wire.load(event, Event))

    def problems(self) -> Iterator[Problem]:
        return all_problems(self._store)

    def verify(self) -> None:
        """Read all of it again: raises BundleError where it is not what was checked."""
        for keyed in self.conversations():
            ours = [keyed.talk.sha256 or hashlib.sha256().hexdigest(), keyed.talk.device_sha256 or hashlib.sha256().hexdigest()]
            read = [hashlib.sha256(), hashlib.sha256()]
            limit = message_key(keyed.key, self.meta.horizon, b"")
            for key, event in self._kept(keyed.key, b""):
                read[keyed.talk.devices_only or key < limit].update(hashed(key, event))
            if [one.hexdigest() for one in read] != ours:
                raise BundleError(localized("{path}: a conversation is not what was checked", path=self._store.path))
        if sha256(self._store, self.meta) != self.meta.sha256:
            raise BundleError(localized("{path}: its hash is not {sha256}", path=self._store.path, sha256=self.meta.sha256[:12]))

    def _kept(self, conversation: bytes, after: bytes) -> Iterator[tuple[bytes, bytes]]:
        for key, row in kept(self._store, conversation + b"\0", after):
            yield key, parts_of(row)[2]


def kept(store: Store, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
    """Messages without those that stay out, and as they are now."""
    fates = store.scan(FATES, b"m" + prefix, b"m" + after if after else b"")
    fate, what = next(fates, (None, b""))
    for key, row in store.scan(MESSAGES, prefix, after):
        while fate is not None and fate[1:] < key:
            fate, what = next(fates, (None, b""))
        if fate is not None and fate[1:] == key:
            if what[:1] == REPLACED:
                yield key, what[1:]  # a row, as the one that it stands for
            continue
        yield key, row


def hashed(key: bytes, event: bytes) -> bytes:
    """What of a message goes into the hash of its conversation: its time and all of it, not where it stood."""
    return b"%b%b\n" % (key[-16:-8], event)


def all_problems(store: Store) -> Iterator[Problem]:
    """First those of single records, then those that show when they are put together."""
    for family in (PROBLEMS, FOUND):
        for _, raw in store.scan(family):
            yield wire.load(raw, Problem)


def sha256(store: Store, meta: Meta) -> str:
    """Of what was chosen, of all items and, by their own hashes, of all conversations."""
    chosen = (meta.source_app, meta.source_platform, meta.target_app, meta.target_platform, meta.edition, meta.before_group)
    digest = hashlib.sha256("\0".join(chosen).encode())
    for kind in KINDS:
        for key, raw in store.scan(ITEMS, f"{kind}\x1f".encode()):
            digest.update(b"%b\0%b\n" % (key, raw))
    for key, raw in store.scan(TALKS):
        digest.update(b"%b\0%b\n" % (key, raw))
    return digest.hexdigest()
