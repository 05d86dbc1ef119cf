"""Messages of a store: by their ids, for doubles, recalls and edits; then by conversation and time, for who and where, counts and hashes."""

import hashlib
from collections.abc import Callable, Iterator
from functools import lru_cache

from msgspec import Struct, structs

from converters.core import wire
from converters.core.localized import localized
from converters.core.model import Event
from converters.core.operations import Edit, Post
from converters.inventory import Group as GroupItem
from converters.inventory import Problem, read_item
from converters.migration_problems import KINDS
from converters.migration_rules import MigrationRules
from streams.migrate.bundle import DROPPED, REPLACED, BeforeGroup, Talk, hashed, kept, message_key, parts_of
from streams.migrate.errors import BundleError
from streams.migrate.problems import Problems
from streams.migrate.spellings import Spellings, read
from streams.migrate.store import FATES, INDEX, ITEMS, MESSAGES, META, TALKS, Store

CHECKPOINT = 1_000_000
"""Rows after which it is kept how far they have been joined."""
_BY_ID, _BY_TALK = b"step\x1fids", b"step\x1ftalks"


class Totals(Struct, kw_only=True, omit_defaults=True):
    """Of all conversations so far; `after` is the key of the last one."""

    after: str = ""
    """Hex."""
    ended: bool = False
    conversations: dict[str, int] = {}
    lanes: dict[str, int] = {}
    talks: int = 0
    messages: int = 0
    device: int = 0
    oldest: int = 0
    bytes: int = 0


def join_ids(store: Store, problems: Problems, rules: MigrationRules, told: Callable[[int], None]) -> None:
    """Decides which of several messages of one id is kept, and as what. Goes on where it was ended."""
    after = bytes.fromhex((store.get(META, _BY_ID) or b"").decode().removesuffix("!"))
    if (store.get(META, _BY_ID) or b"").endswith(b"!"):
        return
    name, rows, count = b"", list[tuple[bytes, bytes]](), 0
    for key, value in store.scan(INDEX, after=after):
        count += 1
        if key[:16] != name:
            if len(rows) > 1 or (rows and rows[0][0][16] == 1):
                _decide(store, problems, rules, rows)
            if count >= CHECKPOINT:
                told(count)
                store.put(META, _BY_ID, rows[-1][0].hex().encode())
                store.flush()
                count = 0
            name, rows = key[:16], []
        rows.append((key, value))
    if len(rows) > 1 or (rows and rows[0][0][16] == 1):
        _decide(store, problems, rules, rows)
    store.flush()
    store.put(META, _BY_ID, b"!")
    store.flush()


def _decide(store: Store, problems: Problems, rules: MigrationRules, rows: list[tuple[bytes, bytes]]) -> None:
    posts = [(key[-8:], value) for key, value in rows if key[16] == 0]
    changes = [(key[-8:], value) for key, value in rows if key[16] == 1]
    for seq, value in posts[1:]:
        double = value[:8] == posts[0][1][:8]
        problems.add("double" if double else "same-id", seq, "", "said before" if double else "the same message id with other content")
        store.put(FATES, b"m" + value[8:], DROPPED)
    if not posts:
        for seq, _ in changes:
            problems.add("no-message", seq, "", "it names a message that is not there")
        return
    target = posts[0][1][8:]
    edit: tuple[bytes, bytes] | None = None
    for seq, value in changes:
        if value == b"r":
            problems.add("recalled", seq, "", "its message is not moved")
            store.put(FATES, b"m" + target, DROPPED)
            return
        edit = (seq, value)
    if edit is not None:
        row = store.get(MESSAGES, target)
        if row is None:
            raise BundleError(
                localized("{path} is damaged: an edit names a row that is not there; delete it, and run check again", path=store.path)
            )
        problems.add("edited", edit[0], "", "its message is moved as it is now")
        edited = _edited(row, wire.load(edit[1][1:], Edit))
        store.put(FATES, b"m" + target, REPLACED + edited)
        if len(edited) > rules.message and (size := rules.message_size(wire.load(parts_of(edited)[2], Event))) > rules.message:
            problems.add("message-size", edit[0], "", f"{size} bytes; {rules.message} are taken")


def _edited(row: bytes, edit: Edit) -> bytes:
    event = parts_of(row)[2]
    said = wire.load(event, Event)
    operation = said.operation
    if isinstance(operation, Post):
        operation = structs.replace(operation, body=edit.body, ext=edit.ext or operation.ext)
    return row[: len(row) - len(event)] + wire.dump(structs.replace(said, operation=operation))


class TalkJoin:
    """*horizon*: ms since 1970; messages before it are for devices."""

    def __init__(
        self, store: Store, problems: Problems, rules: MigrationRules, spellings: Spellings, *, horizon: int, before_group: BeforeGroup, now: int
    ) -> None:  # fmt: skip
        self._store, self._problems, self._rules, self.spellings = store, problems, rules, spellings
        self._horizon, self._before_group, self._now = horizon, before_group, now
        self._there = lru_cache(100_000)(self._is_there)

    def run(self, told: Callable[[int], None]) -> Totals:
        raw = self._store.get(META, _BY_TALK)
        totals = wire.load(raw, Totals) if raw is not None else Totals()
        if totals.ended:
            return totals
        rows, since = kept(self._store, b"", bytes.fromhex(totals.after)), 0
        for conversation, talk in self._talks(rows):
            if talk is not None:
                self._store.put(TALKS, conversation, wire.dump(talk))
                _add(totals, talk)
                since += talk.count + talk.device
            if since >= CHECKPOINT:
                told(totals.messages + totals.device)
                totals.after, since = (conversation + b"\0" + b"\xff" * 17).hex(), 0
                self._keep(totals)
        totals.ended = True
        self._keep(totals)
        return totals

    def _keep(self, totals: Totals) -> None:
        self._store.flush()
        self._store.put(META, _BY_TALK, wire.dump(totals))
        self._store.flush()

    def _talks(self, rows: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, Talk | None]]:
        row = next(rows, None)
        while row is not None:
            conversation = row[0][:-17]
            current = _Current(self, conversation)
            size = len(conversation)
            while row is not None and row[0][:size] == conversation and len(row[0]) == size + 17:
                current.take(*row)
                row = next(rows, None)
            yield conversation, current.talk()

    def is_there(self, item: str) -> bool:
        return self._there(item)

    def _is_there(self, item: str) -> bool:
        return self._store.get(ITEMS, item.encode()) is not None

    def left_out(self, item: str) -> bool:
        return self._store.get(FATES, b"o" + item.encode()) is not None

    def created(self, group: str) -> int:
        raw = self._store.get(ITEMS, f"group\x1f{group}".encode())
        item = read_item(raw) if raw is not None else None
        return item.created if isinstance(item, GroupItem) else 0

    def importable(self, kind: str) -> bool:
        return kind in self._rules.history

    @property
    def horizon(self) -> int:
        return self._horizon

    @property
    def before_group(self) -> BeforeGroup:
        return self._before_group if self._rules.after_creation else "import"

    def drop(self, key: bytes, kind: str, where: str, text: str, item: str = "") -> None:
        self._problems.add(kind, key[-8:], where, text, item)
        self._store.put(FATES, b"m" + key, DROPPED)

    def note(self, conversation: bytes, kind: str, text: str, count: int) -> None:
        shown = conversation.decode().replace("\x1f", " ")
        problem = Problem(kind=kind, level=KINDS[kind].level, where=shown, item=conversation.decode(), text=text, count=count)
        self._problems.put(kind, conversation, problem)


_NEW = ("", "")
"""A sender who has not been looked at."""


class _Current:
    """The conversation that is being read."""

    def __init__(self, join: TalkJoin, conversation: bytes) -> None:
        self._join, self._conversation = join, conversation
        self._kind, *self._names = conversation.decode().split("\x1f")
        self._reason = self._why_not()
        """(kind of problem, text) of all its messages."""
        self._senders: dict[bytes, tuple[str, str] | None] = {}
        self._limit = message_key(conversation, join.horizon, b"")
        self._group = self._kind == "group"
        self._devices_only = self._group and join.before_group == "skip"
        self._hashes = (hashlib.sha256(), hashlib.sha256())
        self._counts = [0, 0]
        self._first = self._last = self._bytes = 0
        self._early = 0
        self._created = join.created(self._names[0]) if self._group else 0
        self._event = b""

    def _why_not(self) -> tuple[str, str] | None:
        if not self._join.importable(self._kind):
            return ("room-history", f"the target takes no history of a {self._kind}")
        if self._kind == "direct" and self._names[0] == self._names[1]:
            return ("self", "somebody with themselves")
        needed = [f"user\x1f{name}" for name in self._names] if self._kind == "direct" else [f"{self._kind}\x1f{self._names[0]}"]
        return self._missing(needed, "conversation")

    def _missing(self, needed: list[str], word: str) -> tuple[str, str] | None:
        for need in needed:
            if not self._join.is_there(need):
                kind, name = need.split("\x1f")
                if self._join.left_out(need):
                    return ("along", f"{kind} {name} was left out")
                return (word, f"{kind} {name} is not there")
        return None

    def take(self, key: bytes, row: bytes) -> None:
        where, sender, event = parts_of(row)
        wrong = self._reason
        if wrong is not None and wrong[0] == "room-history":
            self._counts[0] += 1
            return
        if wrong is None:
            wrong = self._senders.get(sender, _NEW)
            if wrong is _NEW:
                if len(self._senders) > 100_000:
                    self._senders.clear()
                wrong = self._senders[sender] = self._sender(sender.decode())
        if wrong is not None:
            self._join.drop(key, wrong[0], where.decode(), wrong[1])
            return
        device = self._devices_only or key < self._limit
        self._hashes[device].update(hashed(key, event))
        self._counts[device] += 1
        self._bytes += len(row)
        self._event = event
        at = int.from_bytes(key[-16:-8], "big")
        if at < self._created:
            self._early += 1
        if not device:
            self._first = self._first or at
            self._last = at

    def _sender(self, row: str) -> tuple[str, str] | None:
        sender, as_written = read(row, self._names if self._kind == "direct" else [])
        if other := self._join.spellings.left_out(as_written):
            return ("along", f"user {other} was left out")
        if self._kind == "direct":
            return None if sender in self._names else ("sender", "the sender is not one of the two")
        return self._missing([f"user\x1f{sender}"], "sender")

    def talk(self) -> Talk | None:
        server, device = self._counts
        if self._reason is not None and self._reason[0] == "room-history":
            self._join.note(self._conversation, "room-history", self._reason[1], server)
            return None
        if not server and not device:
            return None
        if self._early:
            self._join.note(self._conversation, "early", "the group says that it is younger", self._early)
        if self._group and server and self._join.before_group in ("stop", "restamp"):
            kind = "before-group" if self._join.before_group == "stop" else "restamped"
            self._join.note(self._conversation, kind, "the group is made at the target when the migration runs", server)
        hashes = [one.hexdigest() if count else "" for one, count in zip(self._hashes, self._counts, strict=True)]
        return Talk(
            conversation=wire.load(self._event, Event).conversation,
            count=server,
            first=self._first,
            last=self._last,
            sha256=hashes[0],
            bytes=self._bytes,
            device=device,
            device_sha256=hashes[1],
            devices_only=self._devices_only,
        )


def _add(totals: Totals, talk: Talk) -> None:
    kind = str(talk.conversation.__struct_config__.tag)
    if talk.count:
        totals.conversations[kind] = totals.conversations.get(kind, 0) + talk.count
        totals.lanes[kind] = max(totals.lanes.get(kind, 0), talk.count)
        totals.talks += 1
        totals.oldest = min(totals.oldest or talk.first, talk.first)
    totals.messages += talk.count
    totals.device += talk.device
    totals.bytes += talk.bytes
