"""The signature of a callback that is no sound JSON: its fields are looked for in the bytes, and nothing is built of the rest.

What a user writes lies in one piece, the payload, and the platform's own fields before or behind it. So of each field the first and the
last in the body are tried: one of them is the platform's own, unless it is not there.
"""

import re
from itertools import product

from converters import mending
from converters.core import wire
from converters.platforms.easemob.envelope import SignedFields

_FIELD = re.compile(rb'"(callId|timestamp|security|appkey)"\s*+:\s*+("(?:[^"\\]|\\.){0,200}+"|-?[0-9]{1,20}+(?:\.[0-9]{1,6}+)?)', re.DOTALL)


def signed_parts(body: bytes) -> tuple[SignedFields, ...]:
    """What may be its signature, at most sixteen; time and memory grow with the length of *body* alone. Raises nothing."""
    first: dict[bytes, bytes] = {}
    last: dict[bytes, bytes] = {}
    for found in _FIELD.finditer(body):
        first.setdefault(found[1], found[2])
        last[found[1]] = found[2]
    names = [name for name in (b"callId", b"timestamp", b"security", b"appkey") if name in first]
    parts: list[SignedFields] = []
    for values in product(*(dict.fromkeys((first[name], last[name])) for name in names)):
        whole = b"{" + b",".join(b'"%b":%b' % pair for pair in zip(names, values, strict=True)) + b"}"
        try:
            parts.append(mending.load(whole, SignedFields)[0])
        except wire.Malformed:
            continue
    return tuple(parts)
