"""What was to be moved beside what the target lists: what is missing, doubled, different, or there besides.

Ids on both sides are the target's own. Pure: whoever calls asks the target.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from converters.inventory import AnyItem, Block, Friendship, Group, GroupBlock, GroupMember, Room, RoomMember, Setting, User

Sort = Literal["missing", "doubled", "different", "besides", "unseen"]
"""besides: there and not in the bundle, as who joined meanwhile; it is told, and is no fault. unseen: the target's words do not tell."""


class Difference(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is not as it was to be. Ids only: no values of fields, which may be what people wrote."""

    sort: Sort
    kind: str
    """Tag of the item, or `message`."""
    item: str
    """Its id, as of `item_id`; of what is there besides, the target's own ids."""
    fields: tuple[str, ...] = ()
    known: str = ""
    """What our own records say of it, as `refused`; empty: that it was written."""


class Expected(Struct, frozen=True):
    item: AnyItem
    id: str
    """As of `item_id`, in the bundle's own words."""
    lost: bool = False
    """Some of its fields do not fit at the target, and are cut or left out there."""


def who(item: AnyItem) -> str:
    """What tells an item from the others of its list: the user, the friend, the group."""
    match item:
        case User(id=name) | Group(id=name) | Room(id=name):
            return name
        case Friendship(friend=name) | Block(blocked=name) | GroupMember(user=name) | GroupBlock(user=name) | RoomMember(user=name):
            return name
        case Setting(user=user, peer=peer, group=group):
            return f"{user}|{group or peer}"


def compare(
    kind: str, expected: Mapping[str, Expected], listed: Iterable[AnyItem], tells: Sequence[str], *, place: str = ""
) -> list[Difference]:
    """*expected*: by `who`, in the target's ids, as the items are; *place*: what stands before the name of who is there besides."""
    found: list[Difference] = []
    seen: Counter[str] = Counter()
    for item in listed:
        name = who(item)
        seen[name] += 1
        wanted = expected.get(name)
        if wanted is None:
            if seen[name] == 1:
                found.append(Difference(sort="besides", kind=kind, item="\x1f".join(part for part in (kind, place, name) if part)))
            continue
        if seen[name] == 2:
            found.append(Difference(sort="doubled", kind=kind, item=wanted.id))
        if seen[name] == 1 and (fields := different(wanted, item, tells)):
            found.append(Difference(sort="different", kind=kind, item=wanted.id, fields=fields))
    found += [Difference(sort="missing", kind=kind, item=wanted.id) for name, wanted in expected.items() if not seen[name]]
    return found


def different(wanted: Expected, item: AnyItem, tells: Sequence[str]) -> tuple[str, ...]:
    """Names of the fields of *tells* that were to be written and are not what was."""
    return tuple(name for name in tells if not _same(getattr(wanted.item, name), getattr(item, name), lost=wanted.lost))


def _same(wanted: object, found: object, *, lost: bool) -> bool:
    """What was not said was not written: there it is as the target has it by itself."""
    if not wanted or wanted == found:
        return True
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(found.get(key) == value or (lost and key not in found) for key, value in wanted.items())
    return lost and isinstance(wanted, str) and isinstance(found, str) and wanted.startswith(found)
