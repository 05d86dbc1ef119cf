"""The only place where records become bytes, and bytes become records."""

from typing import Any, TypeVar

import msgspec
import orjson
from msgspec import Struct

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


class Malformed(Exception):
    """Bytes that are not what they should be; the text says where and what, never the content."""


def load(raw: bytes, kind: type[T], *, lenient: bool = False) -> T:
    """Read *raw* as a *kind*; *lenient* takes "7" for 7, as some vendors send it. Raises Malformed."""
    decoder = _decoders.get((kind, lenient))
    if decoder is None:
        decoder = _decoders[(kind, lenient)] = msgspec.json.Decoder(kind, strict=not lenient)
    try:
        return decoder.decode(raw)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(_said(error)) from None


def load_any(raw: bytes | str) -> Any:
    """Read *raw* as whatever JSON it is. Raises Malformed."""
    try:
        return orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Malformed(_said(error)) from None


def dump(record: Struct) -> bytes:
    return _encoder.encode(record)


def dump_any(value: Any) -> bytes:
    return orjson.dumps(value)


def _said(error: Exception) -> str:
    # orjson keeps the document on the error: only its message is safe to repeat.
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
