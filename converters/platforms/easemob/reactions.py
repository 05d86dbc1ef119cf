"""Reactions: what was there before is told again each time, and what changed has an `op`. Source: "Easemob: Callback events"."""

from msgspec import Struct

from converters.platforms.easemob.envelope import Envelope, is_signed
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.values import table, text

MOST_UNSIGNED = 8
"""Changes in one callback that nobody has signed: a person makes one at a time, and the platform tells it at once."""
MOST = 100
"""The same of one that is signed, as the signature does not cover them."""
_LONGEST_UNSIGNED = 16
"""Characters of an emoji, or of its name, that nobody has signed: no room for a sentence."""


class Change(Struct, frozen=True):
    message: str
    author: str
    emoji: str
    who: str
    added: bool


def changes(envelope: Envelope) -> tuple[Change, ...]:
    """In their order; `MOST` + 1 of them at the most. Of an unsigned callback without those whose emoji could be a sentence."""
    data = table(envelope.payload).get("data")
    signed = is_signed(envelope)
    found: list[Change] = []
    for one in data if isinstance(data, list) else [data]:
        about = table(one)
        message, author = text(about.get("messageId")), plain(text(about.get("from")))
        states = about.get("reactions")
        for state in states if isinstance(states, list) else []:
            emoji, made = text(table(state).get("reaction")), table(state).get("op")
            if not signed and not _is_plain(emoji):
                continue
            for change in made if isinstance(made, list) else []:
                what, who = text(table(change).get("reactionType")), plain(text(table(change).get("operator")))
                if not (message and emoji and who) or what not in {"create", "delete"}:
                    continue
                found.append(Change(message, author, emoji, who, what == "create"))
                if len(found) > MOST:
                    return tuple(found)
    return tuple(found)


def _is_plain(emoji: str) -> bool:
    return len(emoji) <= _LONGEST_UNSIGNED and not any(each.isspace() or each in "./:@" for each in emoji)
