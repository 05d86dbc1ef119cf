"""Items of a store, one kind after the other, in the order of their ids: doubles found, needs looked up, limits kept."""

from collections.abc import Iterator
from functools import lru_cache

from msgspec import structs

from converters.core import wire
from converters.inventory import (
    AnyItem,
    Friendship,
    Group,
    GroupMember,
    Problem,
    Room,
    RoomMember,
    User,
    canonical,
    item_id,
    kind_of,
    needs,
    read_item,
)
from converters.migration_rules import Edition
from converters.routing.user_ids import canonical_id
from streams.migrate import alike
from streams.migrate.problems import MADE, Problems
from streams.migrate.spellings import Spellings
from streams.migrate.stage import LEFT_OUT, given_row
from streams.migrate.store import FATES, GIVEN, ITEMS, SIDES, Store

MISSING = {
    "friendship": "friend",
    "block": "block",
    "group": "owner",
    "room": "owner",
    "member": "member",
    "group-block": "member",
    "room-member": "member",
    "setting": "setting",
}
"""Kind of the problem where a user is not there, by the tag of what needs them."""
Given = tuple[bytes, str, AnyItem | None]
"""(place in the source, what a person looks it up by, the item; None: left out)."""


class ItemJoin:
    def __init__(self, store: Store, problems: Problems, edition: Edition, spellings: Spellings) -> None:
        self._store, self._problems, self._edition, self._spellings = store, problems, edition, spellings
        self._admins: tuple[str, int] = ("", 0)
        self._group: tuple[str, int, str] = ("", 0, "")
        """(id, members so far, owner)."""
        self._blocks: tuple[str, int] = ("", 0)
        self._there = lru_cache(100_000)(self._is_there)

    def run(self, kind: str) -> None:
        """All items of *kind*; what they need has been done before."""
        self._there.cache_clear()
        for name, rows in self._grouped(kind):
            chosen = self._one(name, [row for row in rows if not self._means_another(name, *row)])
            if chosen is None:
                self._leave(name)
                continue
            seq, where, item = chosen
            self._keep(name, seq, where, item)
        self._store.write()
        if kind == "friendship":
            self._over("F", "friends", self._edition.friends)
        elif kind == "member":
            self._over("J", "joined", self._edition.joined)

    def _is_there(self, item: str) -> bool:
        return self._store.get(ITEMS, item.encode()) is not None

    def _grouped(self, kind: str) -> Iterator[tuple[str, list[Given]]]:
        name, rows = b"", list[Given]()
        for key, raw in self._store.scan(GIVEN, f"{kind}\x1f".encode()):
            seq = key[-8:]
            if key[:-9] != name:
                if rows:
                    yield name.decode(), rows
                name, rows = key[:-9], []
            if raw == LEFT_OUT:
                rows.append((seq, "", None))
            else:
                end = 1 + raw[0]
                rows.append((seq, raw[1:end].decode(), read_item(raw[end:])))
        if rows:
            yield name.decode(), rows

    def _means_another(self, name: str, seq: bytes, where: str, item: AnyItem | None) -> bool:
        """Whether it names a user who was left out, and not the one of the same id who is there."""
        if item is None or seq == MADE or not (other := self._spellings.named_by(item)):
            return False
        self._problems.add("along", seq, where, f"user {other} was left out", name)
        return True

    def _one(self, name: str, rows: list[Given]) -> tuple[bytes, str, AnyItem] | None:
        """The item of all that the source says of one id; None: it was left out."""
        if name.startswith("friendship\x1f"):
            return self._friendship(name, rows)
        chosen: tuple[bytes, str, AnyItem] | None = None
        for seq, where, item in rows:
            if item is None:
                continue
            if chosen is None:
                chosen = (seq, where, item)
                continue
            merged = self._merged(chosen[2], item, seq, where, name)
            chosen = (chosen[0], chosen[1], merged)
        return chosen

    def _merged(self, first: AnyItem, other: AnyItem, seq: bytes, where: str, name: str) -> AnyItem:
        one, two = canonical(first), canonical(other)
        if seq == MADE and isinstance(first, GroupMember):
            return structs.replace(first, role="owner")
        if isinstance(first, User) and isinstance(other, User) and first.id != other.id:
            self._problems.add("case", seq, where, f'"{first.id}" and "{other.id}" become one user', name)
            self._spellings.leave_out(other.id)
        elif one == two:
            self._problems.add("double", seq, where, "said before", name)
        else:
            self._problems.add("same-id", seq, where, f"the same {kind_of(one)} with other content", name)
        return first

    def _friendship(self, name: str, rows: list[Given]) -> tuple[bytes, str, AnyItem] | None:
        """Each of the two may say it, once."""
        sides: dict[str, tuple[bytes, str, Friendship]] = {}
        for seq, where, item in rows:
            if not isinstance(item, Friendship):
                continue
            known = sides.setdefault(canonical_id(item.owner), (seq, where, item))
            if known[0] == seq:
                continue
            same = canonical(known[2]) == canonical(item)
            self._problems.add("double" if same else "same-id", seq, where, "said before" if same else "the same with other content", name)
        told = list(sides.values())
        if len(told) < 2:
            return told[0] if told else None
        (seq, where, first), (later, place, second) = told
        one, two = canonical(first), canonical(second)
        merged = _both(one, two) if isinstance(one, Friendship) and isinstance(two, Friendship) else None
        if merged is None:
            self._problems.add("same-id", later, place, "the two sides of it contradict each other", name)
        return seq, where, merged or first

    def _keep(self, name: str, seq: bytes, where: str, given: AnyItem) -> None:
        item = canonical(given)
        kind = kind_of(item)
        for need in needs(item):
            if self._there(need):
                continue
            of, _, other = need.partition("\x1f")
            along = self._store.get(FATES, b"o" + need.encode()) is not None
            word = "along" if along else MISSING[kind] if of == "user" else "no-group"
            said = "was left out" if along else "is not there"
            self._problems.add(word, seq, where, f"{of} {other} {said}", name)
            self._leave(name)
            return
        kept = self._limited(item, name, seq, where)
        if kept is None:
            self._leave(name)
            return
        self._store.put(ITEMS, name.encode(), wire.dump(kept))
        self._aside(kept)

    def _aside(self, item: AnyItem) -> None:
        """What the next kinds want to know of this one."""
        match item:
            case User():
                alike.note(self._store, item)
            case Group(id=group, owner=owner):
                member = GroupMember(group=group, user=owner, role="owner")
                self._store.put(GIVEN, b"%b\0%b" % (item_id(member).encode(), MADE), given_row("", wire.dump(member)))
            case Friendship(owner=one, friend=other):
                for user in (one, other):
                    self._store.put(SIDES, f"F\x1f{user}\x1f{one}\x1f{other}".encode(), b"")
            case GroupMember(group=group, user=user):
                self._store.put(SIDES, f"J\x1f{user}\x1f{group}\x1f{user}".encode(), b"")
            case _:
                pass

    def _limited(self, item: AnyItem, name: str, seq: bytes, where: str) -> AnyItem | None:
        """*item* within the limits of its owner or group; None: beyond them."""
        edition = self._edition
        kind = kind_of(item)
        if kind == "block":
            owner = name.split("\x1f")[1]
            self._blocks = (owner, self._blocks[1] + 1 if self._blocks[0] == owner else 1)
            if self._blocks[1] > edition.blocks:
                self._problems.add("blocks", seq, where, f"more than {edition.blocks} blocks of {owner}", name)
                return None
        if isinstance(item, GroupMember):
            return self._member(item, name, seq, where)
        if isinstance(item, RoomMember) and item.role == "owner" and item.user != self._owner("room", item.room):
            self._problems.add("two-owners", seq, where, f"{item.room} has another owner", name)
            return structs.replace(item, role="admin")
        return item

    def _member(self, item: GroupMember, name: str, seq: bytes, where: str) -> AnyItem | None:
        edition = self._edition
        if self._group[0] != item.group:
            self._group, self._admins = (item.group, 1, self._owner("group", item.group)), (item.group, 0)
        group, count, owner = self._group
        if item.user == owner:  # their place is kept: whoever sorts last is not left out for it
            return item if item.role == "owner" else structs.replace(item, role="owner")
        if count >= edition.members:
            self._problems.add("members", seq, where, f"more than {edition.members} members of {group}", name)
            return None
        self._group = (group, count + 1, owner)
        if item.role == "owner":
            self._problems.add("two-owners", seq, where, f"{group} belongs to {owner}", name)
            item = structs.replace(item, role="admin")
        if item.role == "admin":
            self._admins = (group, self._admins[1] + 1)
            if self._admins[1] > edition.admins:
                self._problems.add("admins", seq, where, f"more than {edition.admins} admins of {group}", name)
                return structs.replace(item, role="member")
        return item

    def _owner(self, kind: str, name: str) -> str:
        raw = self._store.get(ITEMS, f"{kind}\x1f{name}".encode())
        item = read_item(raw) if raw is not None else None
        return item.owner if isinstance(item, Group | Room) else ""

    def _over(self, letter: str, problem: str, most: int) -> None:
        """Take out what is beyond *most* of one user, of either side."""
        user, count = "", 0
        for key, _ in self._store.scan(SIDES, f"{letter}\x1f".encode()):
            _, name, *rest = key.decode().split("\x1f")
            if name != user:
                user, count = name, 0
            count += 1
            if count <= most:
                continue
            kind = "friendship" if letter == "F" else "member"
            item = "\x1f".join((kind, *rest))
            raw = self._store.get(ITEMS, item.encode())
            if raw is None or (letter == "J" and isinstance(member := read_item(raw), GroupMember) and member.role == "owner"):
                continue
            what = "friends" if letter == "F" else "groups"
            self._problems.put(
                problem,
                item.encode(),
                Problem(kind=problem, level="loss", where=self._problems.first(item), item=item, text=f"more than {most} {what} of {user}"),
            )
            self._store.delete(ITEMS, item.encode())
            self._store.write()

    def _leave(self, name: str) -> None:
        self._store.put(FATES, b"o" + name.encode(), b"")


def _both(one: Friendship, two: Friendship) -> Friendship | None:
    """Two sides of one friendship as one; None where they contradict each other."""
    merged: dict[str, str | int] = {}
    for field in ("remark", "friend_remark", "created"):
        here, there = getattr(one, field), getattr(two, field)
        if here and there and here != there and field != "created":
            return None
        merged[field] = here or there
    return structs.replace(one, **merged)
