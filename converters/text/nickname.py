"""Who speaks, as a text that stands before what a proxy says in somebody's place.

A nickname is what its owner wrote, and is shown where only the relay should speak. So it takes one line, turns no text around, and the
id stands before it, in a form that no nickname can have.
"""

import unicodedata

LONGEST = 40
"""Characters of a nickname that are shown."""
_STACKED = 2
"""Accents on one letter that are shown; hundreds of them would cover the lines around it."""
_SPACES = {"Zs", "Zl", "Zp", "Cc"}
_INSTEAD = {"Ps": "(", "Pe": ")", **dict.fromkeys(_SPACES, " ")}
_UNSEEN = {"Cf", "Cs", "Co", "Cn"}
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f")
"""What looks like nothing, and is counted as a letter or a sign."""


def introduced(user: str, nickname: str) -> str:
    """*user*, an id, and what they call themselves, on one line: `[alice] Alice`; who has no nickname is `alice`."""
    name = plain(nickname)
    return f"[{_id(user)}] {name}" if name and name != user else _id(user)


def plain(nickname: str) -> str:
    """One line of what can be seen, without brackets of the id's kind; "" where nothing is left."""
    shown: list[str] = []
    stacked = 0
    for sign in nickname[: 16 * LONGEST]:
        category = unicodedata.category(sign)
        stacked = stacked + 1 if category in {"Mn", "Me"} else 0
        if category in _UNSEEN or sign in _BLANK or stacked > _STACKED:
            continue
        shown.append(_INSTEAD.get(category, sign))
    line = " ".join("".join(shown).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _id(user: str) -> str:
    """An id as it is, but for what could end it early: that is written `%hex`."""
    return "".join(sign if _is_plain(sign) else f"%{ord(sign):x}" for sign in user)


def _is_plain(sign: str) -> bool:
    return sign != "%" and sign not in _BLANK and unicodedata.category(sign) not in {"Ps", "Pe"} | _SPACES | _UNSEEN
