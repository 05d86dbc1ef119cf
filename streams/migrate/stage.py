"""The first half of `check`: reads the sources once, record by record, into a store where they lie sorted. Goes on where it was killed."""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from heapq import nsmallest
from typing import Any

import msgspec
from msgspec import Struct

from converters.core import wire
from converters.core.bodies import File, files_of
from converters.core.model import Direct, Event, conversation_key
from converters.core.operations import Edit, Post
from converters.examine import Examiner, Finding, odd_id, read_time
from converters.examine_message import examine_post
from converters.given_message import changed, event_of
from converters.inventory import AnyItem, Message, Problem, User, canonical, item_id, kind_of
from converters.migration_problems import KINDS as PROBLEM_KINDS
from converters.migration_rules import MigrationRules
from streams.migrate.bundle import message_key, message_row
from streams.migrate.errors import SourceError
from streams.migrate.given import Given, GivenUser
from streams.migrate.source import Part, Read, Source
from streams.migrate.spellings import written
from streams.migrate.store import GIVEN, INDEX, MESSAGES, META, PROBLEMS, Store
from streams.migrate.zones import known_zone

FEW = 10
"""Records of which more than half may be unreadable without stopping the run."""
CHECKPOINT = 250_000
"""Records after which all is flushed: what a kill costs at most."""
SAMPLE = 200
"""Addresses of files that are kept to be tried."""
PART_BITS = 40
"""Of a record's number within its part; the 24 before them are the part's."""
_NUMBER = (1 << PART_BITS) - 1
STATE = b"part\x1f"
LEFT_OUT = b"-"
"""In place of an item that is not moved: what needs it goes along."""
_FORGET = frozenset({"password"})


class PartState(Struct, kw_only=True, omit_defaults=True):
    """How far a part has been read, and what of it is only counted."""

    position: Any = None
    records: int = 0
    counts: dict[str, int] = {}
    """Problems that are too many to be named one by one, by kind."""
    files: int = 0
    sample: list[tuple[str, str, int]] = []
    """(digest, address, record): those of the smallest digests, so that every run tries the same."""
    unreadable: int = 0
    unread: list[str] = []
    """Names of fields that were told."""
    ended: bool = False
    failed: str = ""


class Choices(Struct, frozen=True, kw_only=True):
    """What a person has decided about the reading; another decision reads anew."""

    source_app: str
    source_platform: str
    now: int
    horizon: int
    """Ms since 1970; messages before it are not for the server."""
    devices: bool
    """Older messages are kept for the devices."""
    accepted: frozenset[str] = frozenset()


class Stage:
    def __init__(self, store: Store, source: Source, rules: MigrationRules, examiner: Examiner, choices: Choices) -> None:
        self._store, self._source, self._rules, self._examiner, self._choices = store, source, rules, examiner, choices
        self._state = PartState()
        self._number = 0
        self._part = ""
        self._checkpoint = CHECKPOINT
        self._given = Given("", [], self._unread)
        self._seq = b""

    def run(self, told: Callable[[str, int, int, int], None]) -> None:
        """*told*: (part, records of it, done, size)."""
        for number, part in enumerate(self._source.parts()):
            key = STATE + part.name.encode()
            raw = self._store.get(META, key)
            self._state = wire.load(raw, PartState) if raw is not None else PartState()
            if self._state.ended:
                continue
            self._number, self._part = number, part.name
            self._read(part, key, told)

    def states(self) -> list[tuple[str, PartState]]:
        """Of all parts, in their order."""
        found = []
        for part in self._source.parts():
            raw = self._store.get(META, STATE + part.name.encode())
            found.append((part.name, wire.load(raw, PartState) if raw is not None else PartState()))
        return found

    def _read(self, part: Part, key: bytes, told: Callable[[str, int, int, int], None]) -> None:
        state, take, pending = self._state, self._take, 0
        self._given = Given(part.kind, state.unread, self._unread)
        base = self._number << PART_BITS
        position, state.failed = state.position, ""
        try:
            for read in part.read(state.position):
                take(read, (base | read.number).to_bytes(8, "big"))
                position = read.position
                state.records += 1
                pending += 1
                if not pending % 10_000:
                    told(part.name, state.records, part.done(), part.size)
                if pending >= self._checkpoint:
                    state.position, pending = position, 0
                    self._keep(key)
        except SourceError as error:
            state.failed = str(error)
        broken = (base | _NUMBER).to_bytes(8, "big")
        if state.failed:
            self._problem("source", broken, "", state.failed)
        else:
            self._store.delete(PROBLEMS, problem_key("source", broken))  # of an earlier run
        state.position, state.ended = position, not state.failed
        for kind, count in state.counts.items():
            self._of_part(kind, base, f"{count} in this part", count)
        if state.records >= FEW and state.unreadable * 2 > state.records:
            self._of_part("lines", base, f"{state.unreadable} of {state.records}", 1)
        self._keep(key)
        told(part.name, state.records, part.done(), part.size)

    def _keep(self, key: bytes) -> None:
        """First the rows, then how far they go: what comes twice lies under the same keys."""
        self._store.flush()
        self._store.put(META, key, wire.dump(self._state))
        self._store.flush()

    def _of_part(self, kind: str, base: int, text: str, count: int) -> None:
        problem = Problem(kind=kind, level=PROBLEM_KINDS[kind].level, where=self._part, text=text, count=count)
        self._store.put(PROBLEMS, problem_key(kind, base.to_bytes(8, "big")), wire.dump(problem))

    def _take(self, read: Read, seq: bytes) -> None:
        self._seq = seq
        value, where, why = read.value, read.where, read.problem
        if value is not None:
            try:
                made = self._given.read(read.number, value)
            except wire.Malformed as error:
                why = str(error)
            else:
                if isinstance(made, Message):
                    self._message(made, seq, where)
                else:
                    self._item(made, kind_of(made), seq, where)
                return
        self._state.unreadable += 1
        self._problem("line", seq, where, why)

    def _unread(self, name: str) -> None:
        """A field of the record that is being taken."""
        self._problem("fields", self._seq + bytes([len(self._state.unread)]), "", f"{name} is not read")

    def _item(self, item: AnyItem, kind: str, seq: bytes, where: str) -> None:
        if isinstance(item, GivenUser):
            given = {field: getattr(item, field) for field in item.__struct_fields__ if field not in _FORGET}
            item = User(**{**given, "password_given": bool(item.password)})
        if kind == "setting" and not known_zone(getattr(item, "zone", "")):
            item = msgspec.structs.replace(item, zone="", quiet_from="", quiet_to="")
            self._problem("zone", seq, where, "zone is no time zone; expected as Asia/Shanghai or +08:00")
        examined = self._examiner.examine(item)
        name = item_id(canonical(item))
        self._findings(examined.findings, seq, where, name)
        if examined.item is None:
            if all(finding.kind != "id" for finding in examined.findings):
                self._store.put(GIVEN, b"%b\0%b" % (name.encode(), seq), LEFT_OUT)
            return
        self._store.put(GIVEN, b"%b\0%b" % (name.encode(), seq), given_row(where, wire.dump(examined.item)))

    def _message(self, message: Message, seq: bytes, where: str) -> None:
        choices, state = self._choices, self._state
        operation = message.operation
        at, odd = read_time(message.at, choices.now, choices.accepted)
        if odd:
            self._problem(odd, seq, where, f"at is {message.at}", message.id)
            return
        if at != message.at:
            message = msgspec.structs.replace(message, at=at)
        if odd_id(message.id):
            self._problem("id", seq, where, "id of a message is no id")
            return
        event = event_of(message, choices.source_platform, choices.source_app)
        conversation = conversation_key(event.conversation)
        if (
            conversation.count(b"\x1f") > (2 if conversation.startswith(b"direct") else 1)
            or b"\0" in conversation
            or conversation.endswith(b"\x1f")
        ):
            self._problem("id", seq, where, "an id of the conversation is no id", message.id)
            return
        if type(operation) is not Post:
            self._change(event, conversation[:1], seq)
            return
        if event.at < choices.horizon:
            _count(state, "for-devices" if choices.devices else "retention")
            if not choices.devices:
                return
        said, findings = examine_post(event.operation)  # type: ignore[arg-type]  # it is a Post
        if findings and not self._goes(said, findings, seq, where, event.id):
            return
        if said is not event.operation:
            event = msgspec.structs.replace(event, operation=said)
        name = blake2b(b"%b\x1f%b" % (conversation[:1], event.remote_id.encode()), digest_size=16).digest()
        raw = wire.dump(event)
        if len(raw) > self._rules.message:
            size = self._rules.message_size(event)
            if size > self._rules.message:
                self._problem("message-size", seq, where, f"{size} bytes; {self._rules.message} are taken", event.id)
        files = files_of(event.operation.body)  # type: ignore[union-attr]  # it is a Post
        if files:
            self._sample(files, int.from_bytes(seq, "big") & _NUMBER)
        key = message_key(conversation, event.at, seq)
        given = message.conversation
        people = (message.sender, *given.users) if isinstance(given, Direct) else (message.sender,)
        row = message_row(where, event.sender + written(people), raw)
        self._store.put_both(MESSAGES, key, row, INDEX, b"%b\0%b" % (name, seq), blake2b(raw, digest_size=8).digest() + key)

    def _goes(self, said: Post | None, findings: tuple[Finding, ...], seq: bytes, where: str, item: str) -> bool:
        if any(finding.kind == "operation" for finding in findings):  # there are many
            _count(self._state, "operation")
        else:
            self._findings(findings, seq, where, item)
        return said is not None

    def _change(self, event: Event, kind: bytes, seq: bytes) -> None:
        """A recall or an edit lies beside the message that it names."""
        ref = changed(event.operation)
        if ref is None or not ref.id:
            _count(self._state, "operation")
            return
        name = blake2b(b"%b\x1f%b" % (kind, ref.id.encode()), digest_size=16).digest()
        body = b"e" + wire.dump(event.operation) if isinstance(event.operation, Edit) else b"r"
        self._store.put(INDEX, b"%b\1%b%b" % (name, event.at.to_bytes(8, "big"), seq), body)

    def _sample(self, files: tuple[File, ...], record: int) -> None:
        state = self._state
        state.files += 1
        for file in files:
            if file.url.startswith(("https://", "http://")):
                mark = blake2b(file.url.encode(), digest_size=8).hexdigest()
                if len(state.sample) < SAMPLE or mark < state.sample[-1][0]:
                    state.sample = nsmallest(SAMPLE, {*state.sample, (mark, file.url, record)})

    def _findings(self, findings: Iterable[Finding], seq: bytes, where: str, item: str) -> None:
        for number, finding in enumerate(findings):
            self._problem(finding.kind, seq + bytes([number]), where, finding.text, item)

    def _problem(self, kind: str, seq: bytes, where: str, text: str, item: str = "") -> None:
        number = int.from_bytes(seq[:8], "big") & _NUMBER
        place = self._part if kind == "source" else f"{self._part}:{where or number}"
        problem = Problem(kind=kind, level=PROBLEM_KINDS[kind].level, where=place, item=item, text=text)
        self._store.put(PROBLEMS, problem_key(kind, seq), wire.dump(problem))


def problem_key(kind: str, seq: bytes) -> bytes:
    return kind.encode() + b"\0" + seq


def given_row(where: str, item: bytes) -> bytes:
    place = where.encode()[:255]
    return b"%c%b%b" % (len(place), place, item)


def _count(state: PartState, kind: str) -> None:
    state.counts[kind] = state.counts.get(kind, 0) + 1
