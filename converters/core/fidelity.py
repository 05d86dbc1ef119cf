"""How well each platform carries each kind, and how that is known; docs/fidelity.md is printed from the tables."""

from collections.abc import Callable, Mapping
from typing import Literal, get_args

from msgspec import Struct

from converters.core.bodies import Body
from converters.core.operations import Operation, Post
from converters.platform import AnyPlatform
from converters.text.fallback_text import Language

MESSAGES = (*(str(body.__struct_config__.tag) for body in get_args(Body)), "quote")
DONE = tuple(str(one.__struct_config__.tag) for one in get_args(Operation) if one is not Post)


Known = Literal["page", "sdk", "capture", "guess"]
"""Where it stands: in the vendor's documentation (of the own server: in ours), in the source of an official SDK or UI kit, in traffic
that somebody recorded; or nowhere."""


class Level(Struct, frozen=True):
    word: Literal["full", "partial", "shown", "refused"]
    note: str = ""
    known: Known = "page"


def full(note: str = "", known: Known = "page") -> Level:
    return Level("full", note, known)


def partial(note: str, known: Known = "page") -> Level:
    return Level("partial", note, known)


def shown(note: str, known: Known = "page") -> Level:
    """Not carried, but the receiver sees that there was something."""
    return Level("shown", note, known)


def refused(note: str, known: Known = "page") -> Level:
    return Level("refused", note, known)


FILES = (
    "Files are brought over, in a form that the target's clients show: HEIC and WebP become JPEG, what moves a GIF, and a voice or video "
    "that they do not play is transcoded, which costs a little of its quality. What cannot be read, or takes too long, arrives as a plain "
    "file (the loss `as-file`). What cannot be brought over (too large, gone) arrives as a text with its name and, where it needs no "
    "secret and `file_links` is on, its address at the source. [Media](media.md) has each form."
)


def page(platforms: Mapping[str, AnyPlatform]) -> str:
    """docs/fidelity.md: what becomes of each kind when it is written to each platform."""
    return (
        "# What is carried, and how well\n\n"
        "Printed from `converters/*/fidelity.py` by `make pages`; do not edit. A column is the platform that is written to.\n\n"
        "- full: all of it. What follows says how it looks, or where it does not hold.\n- partial: with the loss that is named.\n"
        "- shown: as a text that says what there was.\n- refused: the platform has no such thing; nothing is sent.\n\n"
        "In brackets is how we know what the platform takes and how its clients show it:\n\n"
        "- page: from the vendor's documentation; of `own` from [ours](own.md).\n"
        "- sdk: from the source of an official SDK or UI kit.\n- capture: from traffic that was recorded.\n"
        "- guess: we conclude it, and no source says so. Such doubts, and the settings for them: [unverified](unverified.md).\n\n"
        f"{FILES}\n\n"
        "Whatever is lost of an event is counted in `im_relay_losses_total`, where a row says `full` as well: a file that could not "
        "be brought over is shown as a text, what is done to a message that is not there is not sent, and an edit of one is a new "
        "message. The names of people, addresses of files and ids of messages are each platform's own.\n\n"
        "What a platform has no field for (a file's MIME type and digest, the milliseconds of a voice, the two lines of a place) goes "
        "along in the message's extension, beside our mark `relay`, under `relay_more`. Clients need not look at it; from a message "
        "that is passed on, the relay reads it again. Where it does not fit, that is the loss `details`.\n\n"
        "## Messages\n\n"
        f"{table(platforms, MESSAGES, 'kind', _cell)}\n"
        "`quote` is a message that answers another. `unknown` is every kind that the model has no name for.\n\n"
        "## What is done\n\n"
        f"{table(platforms, DONE, 'kind', _cell)}"
        f"{kinds(platforms, 'Kinds of {}', 'en')}"
    )


def kinds(platforms: Mapping[str, AnyPlatform], head: str, language: Language) -> str:
    """What becomes of the platforms' own kinds, for those that say so."""
    told = [(name, platforms[name].kinds) for name in sorted(platforms)]
    return "".join(f"\n## {head.format(name)}\n\n{own(language)}" for name, own in told if own is not None)


def table(platforms: Mapping[str, AnyPlatform], kinds: tuple[str, ...], head: str, cell: Callable[[Level], str]) -> str:
    """A row for each of *kinds*, a column for each of *platforms*."""
    names = sorted(platforms)
    first = f"| {head} | " + " | ".join(names) + " |\n| --- |" + " --- |" * len(names) + "\n"
    levels = [[platforms[name].fidelity.get(kind) for name in names] for kind in kinds]
    rows = [" | ".join("-" if level is None else cell(level) for level in row) for row in levels]
    return first + "".join(f"| {kind} | {row} |\n" for kind, row in zip(kinds, rows, strict=True))


def _cell(level: Level) -> str:
    return f"{level.word} ({level.known})" + (f": {level.note}" if level.note else "")
