"""What of a record from outside has no place in what was made of it: a name that is written otherwise is a loss that nobody sees."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

LONGEST = 64
"""Characters of a name that is told."""
_OWN = ("ext", "data", "payload", "attributes")
"""Fields in which everything is kept."""


def unread(record: Struct, raw: Any, path: str = "") -> Iterator[str]:
    """Names of the fields of *raw*, the JSON of which *record* was made, that are not in *record*: `nick`, `operation.body.file.URL`."""
    if not isinstance(raw, dict):
        return
    known = dict(zip(record.__struct_encode_fields__, record.__struct_fields__, strict=True))
    tag = record.__struct_config__.tag_field
    for name, value in raw.items():
        if name == tag:
            continue
        field = known.get(name)
        if field is None:
            yield (path + name)[:LONGEST]
        elif name not in _OWN:
            yield from _within(getattr(record, field), value, f"{path}{name}")


def _within(made: Any, raw: Any, path: str) -> Iterator[str]:
    if isinstance(made, Struct):
        yield from unread(made, raw, f"{path}.")
    elif isinstance(made, tuple | list) and isinstance(raw, list):
        for one, given in zip(made, raw, strict=False):
            yield from _within(one, given, f"{path}[].")
