"""The only place where records become bytes, and bytes become records."""

import re
from itertools import accumulate
from typing import Any, TypeVar

import msgspec
import orjson
from msgspec import Struct

T = TypeVar("T")

DEEPEST = 100
"""Objects and lists within each other, of what comes from outside."""
DEEPEST_RECORD = 150
"""The same of our own records, in which that lies some deeper. The libraries have their limits too."""

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?')
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""Each bracket as the signed byte that it adds to the depth."""

_encoder = msgspec.json.Encoder()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


class Malformed(Exception):
    """Bytes that are not what they should be; the text says where and what, never the content."""


def load(raw: bytes, kind: type[T], *, lenient: bool = False, deepest: int = DEEPEST_RECORD) -> T:
    """Read *raw* as a *kind*; *lenient* takes "7" for 7, as some vendors send it. Raises Malformed."""
    decoder = _decoders.get((kind, lenient))
    if decoder is None:
        decoder = _decoders[(kind, lenient)] = msgspec.json.Decoder(kind, strict=not lenient)
    try:
        _check_depth(raw, deepest)
        return decoder.decode(raw)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(_said(error)) from None


def load_top(raw: bytes, kind: type[T]) -> T:
    """Read the fields of *kind* at the top level of *raw* and build nothing else of it: for what is not known to be genuine. Raises Malformed.

    *kind* may only have fields that are no containers. Its cost does not depend on how *raw* is nested.
    """
    decoder = _decoders.get((kind, False))
    if decoder is None:
        decoder = _decoders[(kind, False)] = msgspec.json.Decoder(kind)
    try:
        return decoder.decode(raw)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(_said(error)) from None


def load_any(raw: bytes | str) -> Any:
    """Read *raw* as whatever JSON it is. Raises Malformed."""
    try:
        raw = raw.encode() if isinstance(raw, str) else raw
        _check_depth(raw, DEEPEST)
        return orjson.loads(raw)
    except (orjson.JSONDecodeError, UnicodeEncodeError, RecursionError) as error:
        raise Malformed(_said(error)) from None


def dump(record: Struct) -> bytes:
    return _encoder.encode(record)


def dump_any(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        return _encoder.encode(value)  # a number beyond 64 bits


def _check_depth(raw: bytes, most: int) -> None:
    if raw.count(b"{") + raw.count(b"[") <= most:
        return
    brackets = _STRINGS.sub(b"", raw).translate(None, _NO_BRACKETS)
    if max(accumulate(memoryview(brackets.translate(_STEPS)).cast("b")), default=0) > most:
        raise Malformed("nested too deeply")


def _said(error: Exception) -> str:
    # orjson keeps the document on the error: only its message is safe to repeat.
    # msgspec repeats a value that is none of those it may be.
    said = re.sub(r"^(Invalid (?:\w+ )?value)\b.*?( - at `\$[\w.\[\]]*`)?$", r"\1\2", str(error), flags=re.DOTALL)
    return said.splitlines()[0][:200] if said else type(error).__name__
