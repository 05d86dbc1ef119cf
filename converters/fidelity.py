"""How well each platform carries each kind; docs/fidelity.md is printed from the tables."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from converters.platform import Platform


class Level(Struct, frozen=True):
    word: Literal["full", "partial", "shown", "refused"]
    note: str = ""


def full(note: str = "") -> Level:
    return Level("full", note)


def partial(note: str) -> Level:
    return Level("partial", note)


def shown(note: str) -> Level:
    """Not carried, but the receiver sees that there was something."""
    return Level("shown", note)


def refused(note: str) -> Level:
    return Level("refused", note)


def page(platforms: Mapping[str, Platform]) -> str:
    """docs/fidelity.md: what becomes of each kind when it is written to each platform."""
    names = sorted(platforms)
    kinds = sorted({kind for name in names for kind in platforms[name].fidelity})
    head = "| kind | " + " | ".join(names) + " |\n| --- |" + " --- |" * len(names) + "\n"
    rows = [
        f"| {kind} | " + " | ".join(_cell(platforms[name].fidelity.get(kind)) for name in names) + " |"
        for kind in kinds
    ]
    return (
        "# What is carried, and how well\n\n"
        "Printed from `converters/*/fidelity.py`. full: as it was. partial: with the loss that is named. "
        "shown: the receiver reads that there was something. refused: becomes a dead letter.\n\n"
        "`unknown` is every kind without a row of its own: pictures, voice, video, files, places, custom messages. "
        "What is no message (recalls, edits, receipts, reactions, group and friend events, commands between apps) is "
        "counted in `im_relay_convert_records_out_total`, outcome `dropped`, and not carried.\n\n"
        f"{head}{chr(10).join(rows)}\n"
    )


def _cell(level: Level | None) -> str:
    if level is None:
        return "-"
    return f"{level.word}: {level.note}" if level.note else level.word
