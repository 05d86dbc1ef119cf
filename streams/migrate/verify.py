"""`im-relay migrate verify`: what a bundle holds beside what the target lists. The target is asked, not our own records.

Every user, group, member and friend by the lists of the target; fields of a sample. What differs is asked for once more before it is said,
since lists are read in pages while people go on. It goes on where it was stopped.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import groupby
from typing import Any

from msgspec import Struct, structs

from converters.differences import Difference, Expected, compare, different
from converters.inventory import Friendship, GroupMember, User, item_id
from converters.migration import AnyReader, Found
from streams.migrate.bundle import Bundle
from streams.migrate.list_reader import ListReader, ReadingEnd, in_order
from streams.migrate.target_view import TargetView
from streams.migrate.verify_records import Notebook, Verified
from streams.migrate.verify_samples import Samples
from streams.migrate.verify_sides import Sides

EVERY = 100
"""Subjects between two notes of how far it is."""
HISTORY = "history"
"""The step behind those of the items."""


class Subject(Struct, frozen=True):
    """What one list is about. *after*: that by which it is told that this one is done; *expected*: by `who`, in the target's ids."""

    after: str
    native: str
    expected: dict[str, Expected]


class Verifier:
    """*say* is told how far it is. *sample*: items of each kind of which all fields are compared."""

    def __init__(
        self,
        bundle: Bundle,
        view: TargetView,
        lists: ListReader,
        notebook: Notebook,
        verified: Verified,
        sides: Sides,
        sample: int,
        say: Callable[[str, int, int], None],
    ) -> None:
        self._bundle, self._view, self._lists = bundle, view, lists
        self._notebook, self._verified, self._sides, self._say = notebook, verified, sides, say
        self._samples = Samples(bundle, view, lists, verified, sample, self.note, say)
        self._noted: list[Difference] = []

    async def run(self) -> None:
        """All that can be listed. Raises KafkaError, OperateError, StateError, BundleError."""
        steps: dict[str, Callable[[], Awaitable[None]]] = {
            "user": self._users,
            "attributes": self._samples.attributes,
            "friendship": self._friends,
            "block": self._blocks,
            "group": lambda: self._places("group", "groups"),
            "member": self._members,
            "member-attributes": self._samples.member_attributes,
            "group-block": self._group_blocks,
            "room": lambda: self._places("room", "rooms"),
            "room-member": self._room_members,
            "details": self._samples.places,
            "setting": self._samples.settings,
        }
        verified, names = self._verified, list(steps)
        if verified.step == HISTORY:
            return
        for name in names[names.index(verified.step) if verified.step in names else 0 :]:
            if verified.step != name:
                verified.step, verified.after = name, ""
            await steps[name]()
            self.keep()
        verified.step, verified.after = HISTORY, ""
        self.keep()

    def note(self, found: Iterable[Difference]) -> None:
        for each in found:
            one = self._view.explained(each)
            result = self._verified.of(one.kind)
            if one.sort == "different" and one.known == "there":
                result.left_alone += 1
            else:
                setattr(result, one.sort, getattr(result, one.sort) + 1)
            self._noted.append(one)

    def keep(self) -> None:
        self._verified.unseen |= self._lists.unseen
        self._notebook.keep(self._verified, self._noted)
        self._noted = []

    # -- one list of all

    async def _users(self) -> None:
        reader, result = self._lists.reader("users"), self._verified.of("user")
        if reader is None:
            self._untold("user", self._bundle.count("user"))
            return
        seen: set[int] = set()
        ended = ReadingEnd()
        async for one in self._lists.read(reader, ended=ended):
            if not isinstance(one, User):
                continue
            row = self._bundle.get(f"user\x1f{self._view.canonical(one.id)}")
            mark = _mark(one.id)
            if row is None:
                result.besides += 1
            elif mark not in seen:
                seen.add(mark)
                wanted = self._view.expected(row.item)
                if fields := different(wanted, one, reader.tells):
                    self.note([Difference(sort="different", kind="user", item=wanted.id, fields=fields)])
                if not len(seen) % 1000:
                    self._say("user", len(seen), self._bundle.count("user"))
        for row in self._bundle.items("user"):
            if isinstance(row.item, User) and row.item.state != "deleted":
                self._told(result, _mark(self._view.native(row.item.id)) in seen, "user", item_id(row.item), ended)

    async def _places(self, kind: str, name: str) -> None:
        """That each is there; how many are there besides."""
        if not self._bundle.count(kind):
            return
        reader, result = self._lists.reader(name), self._verified.of(kind)
        if reader is None:
            self._untold(kind, self._bundle.count(kind))
            return
        seen: set[int] = set()
        ended = ReadingEnd()
        async for one in self._lists.read(reader, ended=ended):
            if isinstance(one, Found):
                seen.add(_mark(one.id))
        for row in self._bundle.items(kind):
            native = self._view.place(row.item)
            self._told(result, _mark(native) in seen, kind, item_id(row.item), ended)
        result.besides = max(0, len(seen) - result.seen)

    def _told(self, result: Any, there: bool, kind: str, item: str, ended: ReadingEnd) -> None:  # noqa: FBT001
        result.expected += 1
        if there:
            result.seen += 1
        else:
            self.note([Difference(sort="unseen" if ended.why else "missing", kind=kind, item=item)])

    # -- a list for each subject

    async def _friends(self) -> None:
        """From both sides: each friend of each user."""

        def subjects() -> Iterator[Subject]:
            for user, rows in self._sides.friends(self._verified.after):
                expected = {}
                for friend, remark, lost in rows:
                    item = Friendship(owner=user, friend=friend, remark=remark)
                    expected[self._view.native(friend)] = Expected(item, item_id(item), lost)
                yield Subject(user, self._view.native(user), expected)

        await self._each("friendship", "friends", subjects(), 2 * self._bundle.count("friendship"))

    async def _blocks(self) -> None:
        await self._each("block", "blocks", self._owned("block", "owner"), self._bundle.count("block"))

    async def _members(self) -> None:
        await self._each("member", "members", self._owned("member", "group"), self._bundle.count("member"))

    async def _group_blocks(self) -> None:
        await self._each("group-block", "group-blocks", self._owned("group-block", "group"), self._bundle.count("group-block"))

    async def _room_members(self) -> None:
        """The target lists those of a room who have a rank, or may not speak."""
        await self._each("room-member", "room-members", self._owned("room-member", "room"), self._bundle.count("room-member"))

    def _owned(self, kind: str, field: str) -> Iterator[Subject]:
        """Items of *kind* that stand together, as one subject: the same user, group or room in *field*."""
        after = f"{kind}\x1f{self._verified.after}\x1f\U0010ffff".encode()
        for name, rows in groupby(self._bundle.items(kind, after=after), key=lambda row: str(getattr(row.item, field))):
            listed = list(rows)
            native = self._view.native(name) if field == "owner" else self._view.place(listed[0].item)
            yield Subject(
                name, native, {self._view.who(row.item): self._view.expected(row.item) for row in listed if self._view.is_written(row.item)}
            )

    async def _each(self, kind: str, name: str, subjects: Iterable[Subject], total: int) -> None:
        if not total:
            return
        reader, result, listed = self._lists.reader(name), self._verified.of(kind), 0
        if reader is None:
            self._untold(kind, total)
            return
        async for subject, found in in_order(subjects, lambda subject: self._twice(reader, kind, subject)):
            expected = len(subject.expected)
            result.expected += expected
            if found is None:
                self.note(Difference(sort="unseen", kind=kind, item=one.id) for one in subject.expected.values())
            else:
                result.seen += expected - sum(one.sort == "missing" for one in found)
                self.note(found)
            listed += 1
            self._verified.after = subject.after
            if not listed % EVERY:
                self.keep()
                self._say(kind, result.expected, total)

    async def _twice(self, reader: AnyReader, kind: str, subject: Subject) -> list[Difference] | None:
        """What differs both times; None where it is not told."""
        found = await self._differing(reader, kind, subject)
        return await self._differing(reader, kind, subject) if found and any(one.sort != "besides" for one in found) else found

    async def _differing(self, reader: AnyReader, kind: str, subject: Subject) -> list[Difference] | None:
        if not subject.native:
            return [Difference(sort="missing", kind=kind, item=one.id) for one in subject.expected.values()]
        items = await self._lists.items(reader, [subject.native])
        if items is None:
            return None
        # An owner cannot be silenced, and needs no leave to speak.
        listed = [
            structs.replace(one, muted=True, allowed=True) if isinstance(one, GroupMember) and one.role == "owner" else one for one in items
        ]
        return compare(kind, subject.expected, listed, reader.tells, place=subject.native)

    def _untold(self, kind: str, count: int) -> None:
        result = self._verified.of(kind)
        result.expected, result.unseen = count, count


def _mark(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
