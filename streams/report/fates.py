"""What became of each event, from all that is known of it. Without effects: the rules of the report are here and nowhere else."""

from collections.abc import Collection, Sequence
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from streams.report.rows import EndedRow, HandedRow, KeptRow, LetterRow, ReceivedRow, Row, SeenRow, SentRow

There = Literal["confirmed", "accepted"]
"""`confirmed`: the target itself shows it (callback, history, look-up). `accepted`: only its answer says so."""
Open = Literal["not-called-back", "waits", "in-doubt", "dead-letter", "missing", "unseen", "doubled"]
"""`not-called-back`: the source's history has it, and no callback came. `unseen`: the target answered that it has it, and shows it nowhere,
while it shows others. `doubled`: the target shows it twice. `missing`: nothing says what became of it."""
Word = There | Open | Literal["left-out"]
OPEN: tuple[str, ...] = get_args(Open)
AT_TARGET = frozenset({"confirmed", "accepted", "doubled"})
LEFT_OUT_BY = {"ours": "own-action", "recalled": "recalled-before", "denied": "denied"}
"""Ends of the ledger without a message at the target, and why."""


class Fate(Struct, frozen=True, array_like=True):
    event: str
    """Its id; of a callback that was never read, topic:partition:offset, as the dead letters name it."""
    at: int
    app: str
    target: str
    conversation: str
    kind: str
    word: Word
    detail: str = ""
    copies: int = 0
    """Callbacks that said it again."""


dump = msgspec.msgpack.Encoder().encode
load = msgspec.msgpack.Decoder(Fate).decode


def fate(event: str, rows: Sequence[Row], since: int, until: int, showing: Collection[str]) -> Fate | None:
    """None where it does not belong to the period. *showing*: apps that show what the relay has sent them."""
    received = sorted((row for row in rows if isinstance(row, ReceivedRow)), key=lambda row: row.at)
    if not received:
        kept = next((row for row in rows if isinstance(row, KeptRow) and since <= row.at < until), None)
        if kept is None:
            return None
        return Fate(event, kept.at, kept.app, kept.target, kept.conversation, kept.kind, "not-called-back")
    first = received[0]
    if not since <= first.at < until:
        return None
    found = _word(rows, received, showing)
    if found is None:
        return None
    main = next((row for row in received if not row.left_out and row.conversation), first)
    return Fate(event, first.at, first.app, main.target, main.conversation, main.kind, *found, copies=len(received) - 1)


def _word(rows: Sequence[Row], received: Sequence[ReceivedRow], showing: Collection[str]) -> tuple[Word, str] | None:
    seen = [row for row in rows if isinstance(row, SeenRow)]
    ended = [row for row in rows if isinstance(row, EndedRow)]
    there = [row for row in ended if row.outcome == "delivered" and row.by not in LEFT_OUT_BY]
    if doubled := _doubled(seen):
        return "doubled", doubled
    if there or seen:
        return _arrived(there, seen, received, showing)
    for row in ended:
        if row.by in LEFT_OUT_BY:
            return "left-out", LEFT_OUT_BY[row.by]
    letters = [row for row in rows if isinstance(row, LetterRow)] + [row.letter for row in received if row.letter is not None]
    for letter in letters:
        if not letter.end:
            return "dead-letter", f"{letter.cause} ({letter.whose}, {letter.stage})"
    last = next((row for row in reversed(rows) if isinstance(row, EndedRow | SentRow)), None)
    if isinstance(last, SentRow):
        return "in-doubt", ""
    if any(letter.end == "dropped" for letter in letters):
        return "left-out", "set-aside"
    handed = [row for row in rows if isinstance(row, HandedRow)]
    if any(row.waits for row in handed) or any(row.waits for row in received):
        return "waits", "deliver" if handed else "convert"
    if isinstance(last, EndedRow):
        return "missing", last.outcome  # it was refused or given up, and its letter is kept no more
    left_out = next((row.left_out for row in received), "")
    if left_out:
        return "left-out", left_out
    if letters and not any(row.kind for row in received):
        return None  # the callback was put back: its copy tells
    return "missing", "deliver" if handed else "convert"


def _arrived(
    there: Sequence[EndedRow], seen: Sequence[SeenRow], received: Sequence[ReceivedRow], showing: Collection[str]
) -> tuple[Word, str]:
    if any(row.by in ("echo", "lookup") for row in there):
        return "confirmed", ""
    parts = max((row.parts for row in there), default=1)
    lacking = sorted(set(range(parts)) - {row.part for row in seen})
    if not lacking:
        return "confirmed", ""
    if any(row.named for row in there) and received[0].marked and received[0].target in showing:
        return "unseen", "" if parts == 1 else f"{len(lacking)}/{parts}"
    return "accepted", ""


def _doubled(seen: Sequence[SeenRow]) -> str:
    """The ids at the target, where a part of it was called back under several."""
    for part in sorted({row.part for row in seen}):
        ids = sorted({row.remote_id for row in seen if row.part == part and row.how == "callback"})
        if len(ids) > 1:
            return " ".join(ids)
    return ""
