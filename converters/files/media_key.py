"""The key of `media.jobs` and `media.done`: which file, in which form, for which app.

The encoding is version 1 and does not change: what lies in Kafka under a key must be found by later releases, and workers of two
releases side by side must write the same. It is the text that 0.1.0 hashed, field by field. A field that is added to `Shape` or
`File` later is a part of the key only where it is not at its default, after the fields of version 1.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from converters.core.bodies import File

if TYPE_CHECKING:
    from converters.files.media import MediaJob, Shape

# As released in 0.1.0, in this order, each with its default where it has that.
SHAPE = ("formats", "largest", "longest", "inline", "inline_longest", "box", "thumbnail", "own_thumbnails")
FILE = ("url", "secret", "inline")
NOT_OF_FILE = frozenset({"name", "size", "mime", "md5"})
"""What the source says of the content: it may be wrong, on purpose too."""


def media_key(job: "MediaJob", shape: "Shape") -> bytes:
    """Equal for two jobs of which the second need not be done: the same file, in the same form, for the same app.

    The secret is a part of it: who does not know it is not given what was once fetched with it.
    """
    said = [*map(_literal, (job.source, job.target, job.role, job.alone)), _shape(shape)]
    said += [_literal(getattr(job.file, name)) for name in FILE]
    said += _later(job.file, (*FILE, *NOT_OF_FILE), File())
    return sha256(f"({', '.join(said)})".encode("utf-8", "surrogatepass")).digest()[:16]


def _shape(shape: "Shape | None") -> str:
    if shape is None:
        return "None"
    said = [f"{name}={_shape(value) if name == 'thumbnail' else _literal(value)}" for name in SHAPE for value in (getattr(shape, name),)]
    return f"Shape({', '.join([*said, *_later(shape, SHAPE, type(shape)())])})"


def _later(given: Struct, known: Iterable[str], default: Struct) -> list[str]:
    names = sorted(field.name for field in fields(given) if field.name not in known)
    return [f"{name}={_literal(getattr(given, name))}" for name in names if getattr(given, name) != getattr(default, name, NODEFAULT)]


def _literal(value: object) -> str:
    """Text, numbers, and tuples of them. Any other type has no encoding until it is given one here."""
    match value:
        case bool() | int():
            return str(value)
        case str():
            return repr(value)  # quotes and escapes as in a Python literal; the test vectors hold it
        case tuple():
            return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
        case _:
            raise TypeError(f"no encoding for {type(value).__name__}")
