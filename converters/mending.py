"""JSON of vendors and their clients that strict readers refuse, read all the same: strictly first, and mended only where that fails.

Clients cut a text in the middle of an emoji, write a line end or a byte of another encoding into it, print `NaN`, nest without
end. The signature is right, and most of the message can be read: so it is, and what could not be kept is a Loss. Two equal keys
mean the last, here as in the strict readers. Our own records are read by `wire` alone.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from msgspec import structs

from converters.core import wire
from converters.core.model import Loss
from converters.platform import Decoded, DecodedEvent

T = TypeVar("T")
Losses = tuple[Loss, ...]

CHARACTERS = Loss("characters")
"""U+FFFD stands where bytes were no UTF-8, or half a surrogate pair."""
NESTING = Loss("nesting")
"""What lay deeper than `wire.DEEPEST` has become a text that holds its JSON."""
NUMBERS = Loss("numbers")
"""null stands for NaN or an infinity."""

_LONGEST = 300
"""Digits of a number that every reader takes; a longer one becomes a text."""
_HUGE = re.compile(rb"[0-9]{301}+")
_BOM = "\ufeff"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]|[^\s"\[\]{},:]++', re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_LIKE_A_NUMBER = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_WORDS = {"true": "true", "false": "false", "null": "null", "True": "true", "False": "false", "None": "null", "undefined": "null"}
_NO_NUMBERS = frozenset({"nan", "infinity", "inf"})
_PIECE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r'|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
    r"|(?P<stray>\\)|(?P<control>[\x00-\x1f])"
)
_SURROGATES = re.compile(rb"\xed([\xa0-\xaf][\x80-\xbf])\xed([\xb0-\xbf][\x80-\xbf])|\xed[\xa0-\xbf][\x80-\xbf]")
"""A pair as CESU-8 writes it, or half of one."""
_REPLACED = "\ufffd"


def load(raw: bytes, kind: type[T], *, lenient: bool = False) -> tuple[T, Losses]:
    """*raw* as a *kind*, and what of it could not be kept; *lenient* as of `wire.load`. Raises Malformed."""
    try:
        value = wire.load(raw, kind, lenient=lenient, deepest=wire.DEEPEST)
        if _HUGE.search(raw) is None:
            return value, ()
        error = wire.Malformed("number out of range")
    except wire.Malformed as refused:
        error = refused
    sound, losses = _mended(raw, error)
    return wire.load(sound, kind, lenient=lenient), losses


def load_any(raw: bytes | str) -> tuple[Any, Losses]:
    """*raw* as whatever JSON it is, and what of it could not be kept. Raises Malformed."""
    try:
        return wire.load_any(raw), ()
    except wire.Malformed as error:
        sound, losses = _mended(raw.encode(errors="surrogatepass") if isinstance(raw, str) else raw, error)
        return wire.load_any(sound), losses


def text(raw: bytes) -> tuple[str, Losses]:
    """*raw*, which should be UTF-8, as a text that can be written again; a pair in CESU-8 is one sign."""
    try:
        return raw.decode(), ()
    except UnicodeDecodeError:
        joined = _SURROGATES.sub(_joined, raw)
        found = joined.decode(errors="replace")
        return found, (CHARACTERS,) if found.count(_REPLACED) > raw.count(_REPLACED.encode()) else ()


def mended(raw: bytes) -> tuple[bytes, Losses]:
    """*raw* with everything that strict readers refuse, and that can be understood, in their form; the rest stays as it is.

    Its time grows with the length alone, about a second for 1 MB at worst: for what is known to be genuine, or short.
    """
    whole, losses = text(raw)
    whole = whole.lstrip(_BOM).strip("\0")
    lost = dict.fromkeys(losses)
    out: list[str] = []
    depth = end = 0
    cut = -1
    for token in _TOKEN.finditer(whole):
        word = token[0]
        if word in "[{":
            depth += 1
            if depth > wire.DEEPEST and cut < 0:
                cut = token.start()
        elif word in "]}":
            depth -= 1
            if cut >= 0 and depth == wire.DEEPEST:
                lost[NESTING] = None
                out += (whole[end:cut], json.dumps(whole[cut : token.end()]))
                cut, end = -1, token.end()
        elif cut < 0:
            sound = _string(word, lost) if word[0] == '"' else _scalar(word, lost)
            if sound is not word:
                out += (whole[end : token.start()], sound)
                end = token.end()
    return "".join((*out, whole[end:])).encode(), tuple(lost)


def with_losses(decoded: tuple[Decoded, ...], losses: Iterable[Loss]) -> tuple[Decoded, ...]:
    """*losses* of a callback are counted once, with the first event that it tells of."""
    lost = tuple(dict.fromkeys(losses))
    if lost:
        for place, one in enumerate(decoded):
            if isinstance(one, DecodedEvent):
                return (*decoded[:place], structs.replace(one, losses=(*one.losses, *lost)), *decoded[place + 1 :])
    return decoded


def _mended(raw: bytes, error: wire.Malformed) -> tuple[bytes, Losses]:
    sound, losses = mended(raw)
    if sound == raw and _HUGE.search(raw) is None:
        raise error
    return sound, losses


def _string(token: str, lost: dict[Loss, None]) -> str:
    if _PIECE.search(token) is None:
        return token

    def sound(piece: re.Match[str]) -> str:
        match piece.lastgroup:
            case "half":
                lost[CHARACTERS] = None
                return _REPLACED
            case "stray":
                return r"\\"
            case "control":
                return f"\\u{ord(piece[0]):04x}"
            case _:
                return piece[0]

    found = _PIECE.sub(sound, token)
    return token if found == token else found


def _scalar(token: str, lost: dict[Loss, None]) -> str:
    if (known := _WORDS.get(token)) is not None:
        return token if known == token else known
    if token.lstrip("+-").lower() in _NO_NUMBERS:
        lost[NUMBERS] = None
        return "null"
    if _NUMBER.fullmatch(token) and len(token) <= _LONGEST and math.isfinite(float(token)):
        return token
    return f'"{token}"' if _LIKE_A_NUMBER.fullmatch(token) else token


def _joined(found: re.Match[bytes]) -> bytes:
    if found[1] is None:
        return _REPLACED.encode()
    return found[0].decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16").encode()
