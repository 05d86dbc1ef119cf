r"""What strangers wrote, made into characters that a terminal, a log or a page shows and does not obey.

Ids, names and texts come from anybody. An escape character moves the cursor, a bidi override turns a line around, a line end forges a line,
a character of no width hides in a name, half a surrogate pair breaks whatever encodes it. Each is written out: `\x1b`, `\u202e`.
Source: Unicode Standard Annex #9, and Unicode Technical Report #36, "Unicode Security Considerations".
"""

import json
import re
from typing import Any

import msgspec

# Control (with line ends, C1), format (bidi, zero width, tags), separators of lines and paragraphs, surrogates, what is ignorable by default
# (fillers, variation selectors, reserved for such), and what is no character.
_UNSAFE = (
    "\\x00-\\x1f\\x7f-\\x9f\\xad\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f"
    "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ud800-\\udfff\\ufdd0-\\ufdef\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb"
    "\\ufffe\\uffff\\U000110bd\\U000110cd\\U00013430-\\U0001345f\\U0001bca0-\\U0001bcaf\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff"
)
_IN_TEXT = re.compile(f"[\\\\{_UNSAFE}]")
_IN_JSON = re.compile(f"[{_UNSAFE}]")

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def clean(text: str) -> str:
    """*text* in one line, with every character visible. A backslash is doubled, so that two texts never look the same for that reason."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return _IN_TEXT.sub(_written_out, text)


def meant(shown: str, text: str) -> bool:
    """Whether somebody who gives *shown* means *text*: as it is, or as `clean` shows it."""
    return shown in (text, clean(text))


def as_json(value: Any, *, indent: bool = False) -> str:
    r"""*value* as JSON; what `clean` writes out is `\uXXXX` in it. Of one line, unless *indent*."""
    shape: dict[str, Any] = {"indent": 2} if indent else {"separators": (",", ":")}
    return clean_json(json.dumps(value, ensure_ascii=False, default=msgspec.to_builtins, **shape), keep="\n" if indent else "")


def clean_json(document: str, *, keep: str = "") -> str:
    """JSON with nothing in it that `clean` would write out, but for line ends of its own to *keep*; it says the same as before.

    Elsewhere than in strings JSON has none of these characters, and a line end in a string is escaped already.
    """
    if document.isascii() and document.isprintable():
        return document
    return _IN_JSON.sub(lambda found: found[0] if found[0] in keep else _as_units(found[0]), document)


def clean_exposition(text: str) -> str:
    """Prometheus' text format with nothing in it that `clean` would write out but its own line ends; a backslash is doubled there."""
    return _IN_JSON.sub(lambda found: "\n" if found[0] == "\n" else "\\" + _written_out(found), text)


def _written_out(found: "re.Match[str]") -> str:
    char = found[0]
    if (short := _SHORT.get(char)) is not None:
        return short
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _as_units(char: str) -> str:
    """In UTF-16, as JSON has it."""
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
