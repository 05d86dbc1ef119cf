"""`im-relay migrate check`: sources into a bundle, and all that is wrong with them at once. Killed, the same command goes on."""

import hashlib
import shutil
import time
from collections.abc import Callable
from heapq import nsmallest
from pathlib import Path

from msgspec import Struct, structs

from converters.core import wire
from converters.core.localized import localized
from converters.estimate import CallCounter, message_calls
from converters.examine import Examiner
from converters.inventory import KINDS, GroupMember, Problem, read_item
from converters.migration_problems import KINDS as PROBLEM_KINDS
from converters.migration_rules import MigrationRules
from converters.routing.user_ids import IdRule
from streams.migrate import alike
from streams.migrate.bundle import META_KEY, ROWS, BeforeGroup, Meta, all_problems, sha256
from streams.migrate.errors import BundleError
from streams.migrate.join_items import ItemJoin
from streams.migrate.join_messages import TalkJoin, Totals, join_ids
from streams.migrate.problems import Places, Problems
from streams.migrate.samples import Dead, Sampled
from streams.migrate.source import UNKNOWN, Source
from streams.migrate.spellings import Spellings
from streams.migrate.stage import SAMPLE, STATE, Choices, PartState, Stage, problem_key
from streams.migrate.store import FATES, FOUND, ITEMS, META, PASSING, PROBLEMS, SIDES, TALKS, Store

DAY = 86_400_000
_IDENTITY = b"identity"
_JOINED = b"joined"
_STALE = 7 * DAY
"""A reading that is older begins anew: its `now` is too far back."""

Told = Callable[[str, int, int], None]
"""(what is being done, done, of all or 0)."""


Tries = Callable[[list[Sampled]], list[Dead]]
"""Asks for files; gives those that cannot be had."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What the command was asked for."""

    source: str
    target_app: str
    target_platform: str
    source_app: str
    source_platform: str
    edition: str
    accepted: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    before_group: BeforeGroup = "stop"
    older: bool = False
    devices: bool = False
    retention: int = 0
    """Days; 0: the edition's."""


class Identity(Struct, frozen=True, kw_only=True):
    """What a reading is of: another one begins anew."""

    wanted: str
    parts: list[tuple[str, str]]
    now: int


class Check:
    """One run, in *root*; the store lies in a directory of its own until the bundle is complete. Raises MigrateError."""

    def __init__(
        self,
        root: Path,
        wanted: Wanted,
        source: Source,
        rules: MigrationRules,
        ids: IdRule,
        files: Tries | None = None,
        now: int | None = None,
    ) -> None:
        self._files = files
        self._root, self._wanted, self._source, self._rules, self._ids = root, wanted, source, rules, ids
        self._clock = now if now is not None else int(time.time() * 1000)
        key = hashlib.sha256(f"{wanted.source}\0{wanted.target_app}".encode()).hexdigest()[:8]
        self.directory = root / f"check-{key}"
        self.resumed = 0
        """Records that an earlier run has read."""

    @property
    def days(self) -> int:
        """For which the target keeps messages."""
        return self._wanted.retention or self._rules.editions[self._wanted.edition].retention

    def run(self, told: Told) -> Path:
        """The directory of the bundle."""
        store, identity = self._opened()
        try:
            choices = self._choices(identity.now)
            stage = Stage(store, self._source, self._rules, Examiner(self._rules, self._ids, identity.now, self._wanted.accepted), choices)
            self.resumed = sum(state.records for _, state in stage.states())
            stage.run(lambda part, records, done, size: told(f"{part} ({records:,})", done, size))
            self._notes(store)
            self._try_files(store, stage)
            meta = self._join(store, stage, choices, told)
            meta = self._summed(store, meta, told)
            if not meta.stops:
                for family in PASSING:
                    store.drop(family)
            store.put(META, META_KEY, wire.dump(meta))
            store.flush()
        finally:
            store.close()
        return self._named(meta)

    def _try_files(self, store: Store, stage: Stage) -> None:
        """A sample of the addresses of files, over all parts."""
        if self._files is None:
            return
        found = nsmallest(SAMPLE, ((mark, f"{part}:{record}", url) for part, state in stage.states() for mark, url, record in state.sample))
        for number, one in enumerate(self._files([Sampled(where, url) for _, where, url in found])):
            problem = Problem(kind="dead-file", level="loss", where=one.where, text=one.reason)
            store.put(PROBLEMS, problem_key("dead-file", number.to_bytes(8, "big")), wire.dump(problem))
        store.write()

    def _opened(self) -> tuple[Store, Identity]:
        parts = [(part.name, part.stamp) for part in self._source.parts()]
        if len({name for name, _ in parts}) < len(parts):
            raise BundleError(localized("two parts of the source have one name: name other tables or files"))
        reading = (*sorted(self._wanted.accepted), self._wanted.source_app, self._wanted.older, self._wanted.devices, self.days)
        wanted = hashlib.sha256(repr(reading).encode()).hexdigest()
        directory = self.directory / ROWS
        directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        store = Store(directory)
        raw = store.get(META, _IDENTITY)
        try:
            known = wire.load(raw, Identity) if raw is not None else None
        except wire.Malformed:
            known = None
        same = known is not None and (known.wanted, known.parts) == (wanted, parts) and self._clock - known.now < _STALE
        if (
            same
            and known is not None
            and (all(stamp and not stamp.startswith(UNKNOWN) for _, stamp in parts) or not self._has_ended(store))
        ):
            return store, known
        if known is not None:
            store.close()
            shutil.rmtree(directory)
            store = Store(directory)
        identity = Identity(wanted=wanted, parts=parts, now=self._clock)
        store.put(META, _IDENTITY, wire.dump(identity))
        store.flush()
        return store, identity

    def _has_ended(self, store: Store) -> bool:
        """All of the source was read: what does not say whether it has changed since is read again, so that a correction is seen."""
        keys = (STATE + part.name.encode() for part in self._source.parts())
        return all(raw is not None and wire.load(raw, PartState).ended for raw in (store.get(META, key) for key in keys))

    def _choices(self, now: int) -> Choices:
        wanted = self._wanted
        return Choices(
            source_app=wanted.source_app,
            source_platform=wanted.source_platform,
            now=now,
            horizon=0 if wanted.older else max(0, now - self.days * DAY),
            devices=wanted.devices,
            accepted=wanted.accepted,
        )

    def _notes(self, store: Store) -> None:
        for number, (kind, where, text) in enumerate(self._source.notes()):
            problem = Problem(kind=kind, level=PROBLEM_KINDS[kind].level, where=where, text=text)
            store.put(PROBLEMS, problem_key(kind, number.to_bytes(8, "big")), wire.dump(problem))
        store.write()

    def _join(self, store: Store, stage: Stage, choices: Choices, told: Told) -> Meta:
        wanted = self._wanted
        records = sum(state.records for _, state in stage.states())
        joining = f"{wanted.before_group} {wanted.edition} {records}".encode()
        if store.get(META, _JOINED) != joining:
            for family in (ITEMS, TALKS, FATES, SIDES, FOUND):
                store.clear(family)
            for key, _ in list(store.scan(META, b"step\x1f")):
                store.delete(META, key)
            store.put(META, _JOINED, joining)
            store.flush()
        problems = Problems(store, Places([name for name, _ in stage.states()]))
        edition = self._rules.editions[wanted.edition]
        spellings = Spellings(store, merged="case" in wanted.accepted)
        items = ItemJoin(store, problems, edition, spellings)
        for kind in KINDS:
            step = b"step\x1fitems\x1f" + kind.encode()
            if store.get(META, step) is None:
                told(kind, 0, 0)
                items.run(kind)
                if kind == "user":
                    alike.find(store, problems)
                store.flush()  # first the rows, then that they are there
                store.put(META, step, b"")
                store.flush()
        told("message", 0, 0)
        join_ids(store, problems, self._rules, lambda count: told("message", count, 0))
        talks = TalkJoin(
            store, problems, self._rules, spellings, horizon=choices.horizon, before_group=wanted.before_group, now=choices.now
        )
        totals = talks.run(lambda count: told("message", count, 0))
        return self._meta(choices, totals, sum(state.files for _, state in stage.states()))

    def _meta(self, choices: Choices, totals: Totals, files: int) -> Meta:
        wanted = self._wanted
        return Meta(
            source=wanted.source,
            source_app=wanted.source_app,
            source_platform=wanted.source_platform,
            target_app=wanted.target_app,
            target_platform=wanted.target_platform,
            edition=wanted.edition,
            before_group=wanted.before_group,
            horizon=choices.horizon,
            made=choices.now,
            counts={"message": totals.messages, "device-message": totals.device},
            conversations=totals.conversations,
            lanes=totals.lanes,
            talks=totals.talks,
            files=files,
            oldest=totals.oldest,
            bytes=totals.bytes,
        )

    def _summed(self, store: Store, meta: Meta, told: Told) -> Meta:
        """*meta* with all that one reading of the items tells."""
        told("sha256", 0, 0)
        counter, counts = CallCounter(self._rules), dict.fromkeys(KINDS, 0)
        size, largest, group = meta.bytes, 0, ("", 0)
        for kind in KINDS:
            for key, raw in store.scan(ITEMS, f"{kind}\x1f".encode()):
                item = read_item(raw)
                owner = key.split(b"\x1f", 2)[1].decode()
                counter.add(item, owner)
                counts[kind] += 1
                size += len(key) + len(raw)
                if isinstance(item, GroupMember):
                    group = (owner, group[1] + 1 if group[0] == owner else 1)
                    largest = max(largest, group[1])
        problems: dict[str, int] = {}
        stops = 0
        decided = self._wanted.skipped | self._wanted.accepted
        for problem in all_problems(store):
            problems[problem.kind] = problems.get(problem.kind, 0) + problem.count
            if problem.level == "stop" and problem.kind not in decided:
                stops += problem.count
        meta = structs.replace(
            meta,
            counts={**counts, **meta.counts},
            problems=problems,
            stops=stops,
            bytes=size,
            largest_group=largest,
            calls={**counter.calls(), **message_calls(self._rules, meta.conversations)},
            most_friends=self._most_friends(store),
        )
        return structs.replace(meta, sha256=sha256(store, meta))

    def _most_friends(self, store: Store) -> int:
        most, user, count = 0, b"", 0
        for key, _ in store.scan(SIDES, b"F\x1f"):
            name = key.split(b"\x1f", 2)[1]
            user, count = name, (count + 1 if name == user else 1)
            most = max(most, count)
        return most

    def _named(self, meta: Meta) -> Path:
        """A bundle that can be applied lies under its hash; one that cannot stays where it is, with what the next run needs."""
        if meta.stops:
            return self.directory
        named = self._root / meta.sha256[:12]
        if named.exists():
            shutil.rmtree(self.directory)
            return named
        self.directory.rename(named)
        return named
