"""Items that a worker has in hand, and their pieces in line for requests."""

from collections import deque

from msgspec import Struct, field

from converters.inventory import place_of
from converters.migration import Context, Piece
from streams.migrate.book import Raw, now
from streams.migrate.context import Around
from streams.migrate.records import Item, ItemTask, Word


class InHand(Struct, eq=False):
    """An item in hand."""

    raw: Raw
    task: ItemTask
    key: bytes
    waves: list[list[Piece]]
    """Those that are to come; the first is under way."""
    left: set[str] = set()
    """Suffixes of the wave under way."""
    pieces: tuple[str, ...] = ()
    """Suffixes of what is done."""
    was_there: bool = False
    remote: str = ""
    made: int = 0
    refused: list[str] = []
    doubtful: bool = False
    attempts: int = 0
    also: list[int] = field(default_factory=list)
    """Offsets of further records of the same item."""


class Job(Struct, eq=False):
    item: InHand
    piece: Piece
    doubt: bool = False
    """Its request may have left before."""


class Queue(Struct, eq=False):
    jobs: deque[Job]
    since: float


def record_of(item: InHand, word: Word, *, pending: tuple[str, ...] = (), reason: str = "") -> Item:
    """What is written down of *item*."""
    task = item.task
    return Item(
        digest=task.digest,
        word=word,
        at=now(),
        remote=item.remote,
        made=item.made,
        run=task.run,
        reason=reason,
        pieces=item.pieces if word in ("open", "refused") else (),
        pending=pending,
    )


def context_of(around: Around, *items: InHand) -> Context:
    """What a request for *items* is written from."""
    tasks = [item.task for item in items]
    people = {name: native for task in tasks for name, native in task.people.items()}
    places = {place_of(item.task.item): item.remote or item.task.place for item in items}
    app = tasks[0].app
    return Context(
        app=app,
        now=now(),
        user=lambda name: people.get(name, name),
        group=lambda name: places.get(name, ""),
        room=lambda name: places.get(name, ""),
        password=lambda name: around.passwords.of(around.apps[app], name),
        findings=around.findings(app),
        update=tasks[0].update,
    )
