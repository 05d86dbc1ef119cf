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
        "Printed from `converters/*/fidelity.py` by `make pages`; do not edit. A row is a kind of message, or something that is "
        "done; a column is the platform that it is written to.\n\n"
        "- full: as it was.\n- partial: with the loss that is named.\n- shown: the receiver reads, in a text, that there was "
        "something.\n- refused: the platform has no such thing; nothing is sent.\n\n"
        "What is lost is counted in `im_relay_losses_total`. So is what depends on the message itself: a file that could not be brought "
        "over is shown as a text, what is done to a message that is not there is not sent, and an edit of one is a new message. "
        "`unknown` is every kind that the model has no name for.\n\n"
        f"{head}{chr(10).join(rows)}\n"
    )


def _cell(level: Level | None) -> str:
    if level is None:
        return "-"
    return f"{level.word}: {level.note}" if level.note else level.word
