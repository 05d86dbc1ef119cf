"""Labels of metrics that come from a record, and not from the code: whoever may write to the brokers would else make series without end."""

import re

MOST = 64
"""Words of one label."""
_WORD = re.compile("[a-z][a-z0-9-]{0,31}")
_known: dict[str, set[str]] = {}


def word(label: str, value: str) -> str:
    """*value*; `other` where it is no short word, or where there are too many of them."""
    known = _known.setdefault(label, set())
    if value in known:
        return value
    if len(known) >= MOST or not _WORD.fullmatch(value):
        return "other"
    known.add(value)
    return value
