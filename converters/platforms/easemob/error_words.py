"""Easemob's words for errors. Source: "Easemob: Error codes".

What an answer has in that place is shown to the operator only where it has the form of such a word: it may quote anything.
"""

import re

_FORM = re.compile("[a-z]{2,16}(_[a-z]{2,16}){1,4}|forbidden|unauthorized")
"""All that are published: words of small letters with `_` between, or one of two. A secret has digits or capitals, a text has spaces."""


def known(error: object) -> str:
    """*error*, if it is such a word; else nothing."""
    return error if isinstance(error, str) and _FORM.fullmatch(error) else ""
