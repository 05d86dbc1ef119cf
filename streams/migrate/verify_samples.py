"""A sample of a bundle's items, field by field beside what the target tells of them. Which are drawn, the bundle's hash decides."""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from heapq import nsmallest
from itertools import islice
from typing import Any

from msgspec import structs

from converters.differences import Difference, Expected, different, who
from converters.inventory import AnyItem, GroupMember, Setting, User
from converters.migration import AnyReader, subject_of
from streams.migrate.bundle import Bundle
from streams.migrate.list_reader import ListReader, in_order
from streams.migrate.target_view import TargetView
from streams.migrate.verify_records import Verified

Note = Callable[[Iterable[Difference]], None]


def _all(item: AnyItem) -> bool:
    del item
    return True


class Samples:
    """*most*: items of each kind. *note* takes what differs, *say* hears how far it is."""

    def __init__(
        self,
        bundle: Bundle,
        view: TargetView,
        lists: ListReader,
        verified: Verified,
        most: int,
        note: Note,
        say: Callable[[str, int, int], None],
    ) -> None:
        self._bundle, self._view, self._lists = bundle, view, lists
        self._verified, self._most, self._note, self._say = verified, most, note, say

    async def attributes(self) -> None:
        await self._sampled(
            "user", "attributes", lambda item: self._view.native(item.id), lambda item: isinstance(item, User) and item.state != "deleted"
        )

    async def places(self) -> None:
        await self._sampled("group", "group-details", self._view.place)
        await self._sampled("room", "room-details", self._view.place)

    async def member_attributes(self) -> None:
        def subject(item: Any) -> str:
            group = self._view.place(item)
            return subject_of(structs.replace(item, group=group, user=self._view.native(item.user))) if group else ""

        await self._sampled(
            "member", "member-attributes", subject, lambda item: isinstance(item, GroupMember) and bool(item.name or item.attributes)
        )

    async def settings(self) -> None:
        def subject(item: Any) -> str:
            place = self._view.place(item) if item.group else ""
            if item.group and not place:
                return ""
            peer = self._view.native(item.peer) if item.peer else ""
            return subject_of(structs.replace(item, user=self._view.native(item.user), peer=peer, group=place))

        self._verified.of("setting").expected = self._bundle.count("setting")
        await self._sampled("setting", "settings", subject)

    async def _sampled(self, kind: str, name: str, subject: Callable[[Any], str], wanted: Callable[[AnyItem], bool] = _all) -> None:
        if not self._bundle.count(kind):
            return
        reader, result = self._lists.reader(name), self._verified.of(kind)
        if reader is None:
            self._verified.unseen[f"no list tells {name}"] = 1
            return
        seed = self._bundle.meta.sha256
        rows = ((_draw(seed, row.key), row.key, row.item) for row in self._bundle.items(kind) if wanted(row.item))
        chosen = [(subject(item), self._view.expected(item)) for _, _, item in nsmallest(self._most, rows, key=lambda one: one[:2])]
        self._note(Difference(sort="missing", kind=kind, item=one.id) for native, one in chosen if not native)
        done = 0
        async for batch, found in in_order(
            _batches([one for one in chosen if one[0]], reader.most), lambda batch: self._twice(reader, kind, batch)
        ):
            result.sampled += len(batch)
            self._note(found)
            done += len(batch)
            self._say(name, done, len(chosen))

    async def _twice(self, reader: AnyReader, kind: str, batch: list[tuple[str, Expected]]) -> list[Difference]:
        """What differs both times."""
        found = await self._differing(reader, kind, batch)
        return await self._differing(reader, kind, batch) if any(one.sort == "different" for one in found) else found

    async def _differing(self, reader: AnyReader, kind: str, batch: list[tuple[str, Expected]]) -> list[Difference]:
        items = await self._lists.items(reader, [native for native, _ in batch])
        if items is None:
            return [Difference(sort="unseen", kind=kind, item=one.id) for _, one in batch]
        listed = {_subject(one): one for one in items}
        found = []
        for native, one in batch:
            item = listed.get(native)
            if item is not None:
                fields = different(one, item, reader.tells)
            else:  # nothing is told of it: what was written is not there
                fields = tuple(name for name in reader.tells if getattr(one.item, name))
            found += [Difference(sort="different", kind=kind, item=one.id, fields=fields)] if fields else []
        return found


def _subject(item: AnyItem) -> str:
    return subject_of(item) if isinstance(item, GroupMember | Setting) else who(item)


def _draw(seed: str, key: bytes) -> bytes:
    """The same in every run, and nobody's choice."""
    return blake2b(key, key=seed.encode()[:64], digest_size=8).digest()


def _batches(given: list[tuple[str, Expected]], most: int) -> Iterator[list[tuple[str, Expected]]]:
    rest = iter(given)
    while batch := list(islice(rest, most)):
        yield batch
