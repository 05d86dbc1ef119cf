"""Whose words a platform's answer has: its own, or those of the request, which anybody may have written."""

import re
from urllib.parse import unquote_plus

from converters.platform import Request


def quoted_text(pattern: "re.Pattern[str]", described: str, request: Request) -> bool:
    """Whether *pattern* is found in the words of an answer, and not only in what they quote of *request*: an id, a name, a text.

    A user called `overdue` must not make of a refusal of theirs one of the whole app.
    """
    found = pattern.search(described)
    if found is None:
        return False
    asked = _plain(unquote_plus(f"{request.path}\n{request.body.decode(errors='replace')}"))
    return any(_plain(one[0]) not in asked for one in pattern.finditer(described))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
