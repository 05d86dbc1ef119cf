"""What is wrong with a run of the whole relay. Pure: what was said, what arrived, what the relay wrote of it; every anomaly by name."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

STEPS = ("echo", "lookup", "resent", "held")


class Said(NamedTuple):
    """A message at its source, in the source's own order."""

    event: str
    """The relay's id of it."""
    lane: str
    """Its conversation, in words that both platforms share."""
    sender: str
    text: str
    at: int = 0
    """When it was said, in ms of the source's clock."""


class Arrived(NamedTuple):
    """A message at its target, in the target's own order."""

    event: str
    lane: str
    sender: str
    text: str
    where: str
    """For a person who goes looking."""
    late: bool = False
    """Marked as one that comes behind what was said after it."""
    at: int = 0
    """When it arrived, in ms of the target's clock."""


class Books(NamedTuple):
    """What the relay itself wrote down. Counts are of log lines, which survive a kill -9; keys are event ids."""

    ledger: Mapping[str, str]
    """The last entry's word: `intent`, or the outcome of what has ended."""
    opened: Counter[str]
    settled: Counter[tuple[str, str]]
    """By event and step."""
    known_twice: Collection[str] = ()
    """Of which the relay itself saw that the target has them twice."""
    buried: Collection[str] = ()
    """Dead letters."""


class Doubts(NamedTuple):
    """Every opening has one end. *handed_on*: its owner died or moved before it was settled, and the next one opened it again or
    found the echo in the ledger."""

    opened: int
    echo: int
    lookup: int
    resent: int
    held: int
    handed_on: int
    still_open: int

    def __str__(self) -> str:
        return (
            f"{self.opened} opened = {self.echo} by echo + {self.lookup} by look-up + {self.resent} sent again "
            f"+ {self.held} held + {self.handed_on} handed on + {self.still_open} open"
        )


class Account(NamedTuple):
    said: int
    arrived: int
    lost: list[str]
    duplicate: list[str]
    out_of_order: list[str]
    """Behind one that was said after it, and not marked so."""
    late: list[str]
    """The same, and marked so; no anomaly where the platform itself called back in disorder."""
    mismarked: list[str]
    """Marked as late, and nothing that was said after it was there."""
    changed: list[str]
    invented: list[str]
    """Arrived, and never said."""
    buried: list[str]
    """Said, and set aside as a dead letter instead of arriving."""
    open_doubts: list[str]
    """In doubt, and at the end neither settled nor held."""
    unaccounted: list[str]
    """Settled more often than opened, or twice at the target without ever having been in doubt."""
    phantom: list[str]
    """Delivered, says the ledger; the target does not have it."""
    unwritten: list[str]
    """The target has it; the ledger does not say so."""
    falsely_known: list[str]
    """Twice, says the relay; the target has it once."""
    unseen: list[str]
    """Twice at the target, and the relay does not know; no anomaly of its own, since every duplicate is one."""
    doubts: Doubts

    def anomalies(self, *excused: str) -> dict[str, list[str]]:
        """By kind, those that there are; *excused* kinds are left out."""
        return {name: found for name in KINDS if name not in excused and (found := getattr(self, name))}

    def __str__(self) -> str:
        counts = ", ".join(f"{len(getattr(self, name))} {name.replace('_', ' ')}" for name in KINDS[:6])
        examples = [f"  {name}: {text}" for name in KINDS for text in getattr(self, name)[:5]]
        return "\n".join([f"said {self.said}, arrived {self.arrived}: {counts}", f"in doubt: {self.doubts}", *examples])


KINDS = (
    "lost",
    "duplicate",
    "out_of_order",
    "late",
    "changed",
    "invented",
    "mismarked",
    "buried",
    "open_doubts",
    "unaccounted",
    "phantom",
    "unwritten",
    "falsely_known",
)


def check(
    said: Sequence[Said], arrived: Iterable[Arrived], books: Books, given_up: Collection[str] = (), *, shuffled: bool = False
) -> Account:
    """Compare. *given_up* are events whose callback the source platform never got rid of: nobody is owed these. *shuffled*: the
    platforms call back in disorder, so that of what was said in the same millisecond nobody can tell the order.

    A repeat is a duplicate and not out of order as well; what was lost does not put the later ones out of order.
    """
    origin = {one.event: (place, one) for place, one in enumerate(said)}
    first: dict[str, Arrived] = {}
    latest: dict[tuple[str, str], int] = defaultdict(lambda: -1)
    duplicate, out_of_order, late, mismarked, changed, invented = (list[str]() for _ in range(6))
    twice: set[str] = set()
    total = 0
    for one in arrived:
        total += 1
        if one.event not in origin:
            invented.append(f"{one.event} at {one.where}")
            continue
        if one.event in first:
            twice.add(one.event)
            duplicate.append(f"{one.event} at {first[one.event].where} and {one.where}")
            continue
        first[one.event] = one
        place, message = origin[one.event]
        if (message.lane, message.sender, message.text) != (one.lane, one.sender, one.text):
            changed.append(f"{one.event} at {one.where}")
        way = one.event.partition(":")[0], message.lane
        behind = place < latest[way] and (message.at < said[latest[way]].at or not shuffled)
        if behind:
            (late if one.late else out_of_order).append(f"{one.event} after {said[latest[way]].event} at {one.where}")
        elif one.late:
            mismarked.append(f"{one.event} at {one.where}")
        latest[way] = max(place, latest[way])
    missing = [one.event for one in said if one.event not in first]
    delivered = {event for event, word in books.ledger.items() if word == "delivered" and event.endswith(":post")}
    return Account(
        said=len(said),
        arrived=total,
        lost=[event for event in missing if event not in given_up and event not in books.buried],
        duplicate=duplicate,
        out_of_order=out_of_order,
        late=late,
        mismarked=mismarked,
        changed=changed,
        invented=invented,
        buried=[event for event in missing if event in books.buried],
        open_doubts=sorted(_open(books)),
        unaccounted=_unaccounted(books, twice),
        phantom=sorted(delivered - first.keys()),
        unwritten=sorted(first.keys() - delivered),
        falsely_known=sorted(set(books.known_twice) - twice),
        unseen=sorted(twice - set(books.known_twice)),
        doubts=_doubts(books),
    )


def _ends(books: Books) -> Counter[str]:
    ends: Counter[str] = Counter()
    for (event, _), count in books.settled.items():
        ends[event] += count
    return ends


def _open(books: Books) -> set[str]:
    return {event for event in books.opened if books.ledger.get(event, "intent") == "intent"}


def _unaccounted(books: Books, twice: set[str]) -> list[str]:
    ends = _ends(books)
    found = [
        f"{event}: settled {count} times, opened {books.opened[event]}" for event, count in ends.items() if count > books.opened[event]
    ]
    return found + [f"{event}: twice, and never in doubt" for event in sorted(twice) if event not in books.opened]


def _doubts(books: Books) -> Doubts:
    by: Counter[str] = Counter()
    for (_, step), count in books.settled.items():
        by[step] += count
    ends = _ends(books)
    unsettled = {event: count - ends[event] for event, count in books.opened.items() if count > ends[event]}
    # Of the openings of an event that is open to the end, one is the open one; the earlier ones were handed on.
    still = len(_open(books) & unsettled.keys())
    handed_on = sum(unsettled.values()) - still
    return Doubts(opened=books.opened.total(), **{step: by[step] for step in STEPS}, handed_on=handed_on, still_open=still)
