"""What a platform's own form of a message has no field for, and the customer's extension carries beside our mark.

What is about to be sent is read back as the platform would call it back; what is not then as it was said goes along under
`<mark>_more`. So a message that is passed on there, or comes back, is what it was; the platform's own clients never look at it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import structs

from converters.core import wire
from converters.core.bodies import (
    Body,
    Card,
    Command,
    Custom,
    Document,
    File,
    Forwarded,
    Gif,
    Image,
    Link,
    Location,
    Notice,
    Sticker,
    Video,
    Voice,
)
from converters.core.model import Loss, StoredFile
from converters.core.operations import Quote
from converters.files.attach_files import attach_files
from converters.files.media import thumbnail_of

FACTS = ("name", "size", "mime", "md5")
_MOST = 1 << 53

_BECOMES: dict[tuple[type, str], type] = {
    (Image, "gif"): Gif,
    (Gif, "image"): Image,
    (Image, "sticker"): Sticker,
    (Gif, "sticker"): Sticker,
    (Document, "voice"): Voice,
    (Document, "image"): Image,
    (Document, "gif"): Gif,
    (Document, "sticker"): Sticker,
    (Document, "video"): Video,
    (Card, "custom"): Custom,
    (Forwarded, "custom"): Custom,
    (Sticker, "custom"): Custom,
}
"""What is read, and what it was said to be."""
_TAKES = (Image, Gif, Voice, Video, Document, Location, Custom, Command, Card, Link, Sticker, Notice, Forwarded)
_NEVER = frozenset({"user", "mentions", "everybody"})
"""People are named where they are found and renamed."""

TEXT, JSON = "text", "json"
"""How a platform that takes objects alone has the data under `data`: as it is, or written as a text."""


def key_of(mark: str) -> str:
    """Under which key, beside that of our mark, it lies."""
    return f"{mark}_more"


def arrived(body: Body, files: Sequence[StoredFile | None], *, own_thumbnails: bool = False) -> tuple[Body, tuple[Loss, ...]]:
    """*body* with the files that it has at the target, and what did not come along; a target that makes thumbnails misses none."""
    moved, _ = attach_files(body, files)
    if getattr(body, "thumbnail", None) is None or thumbnail_of(tuple(files)) is not None:
        return moved, ()
    return structs.replace(moved, thumbnail=None), () if own_thumbnails else (Loss("thumbnail"),)


def left_out(said: Body, read: Body, quote: Quote | None = None, answered: Quote | None = None) -> dict[str, Any]:
    """What *read*, and *answered*, lack of *said* and *quote*; empty where they are the same, but for where files lie and for people."""
    found: dict[str, Any] = {}
    if type(said) is not type(read):
        tag = str(said.__struct_config__.tag)
        if _BECOMES.get((type(read), tag)) is not type(said):
            return found
        found["kind"] = tag
    for name in said.__struct_fields__:
        value, came = getattr(said, name), getattr(read, name, None)
        if isinstance(value, File):
            if lacking := _lacking(value, came):
                found[name] = lacking
        elif name == "data" and isinstance(said, Custom):
            found |= _data(value, came)
        elif value != came and (value or came or name == "data") and name not in _NEVER:
            found[name] = value
    if quote is not None and answered is not None and (quote.text, quote.kind) != (answered.text, answered.kind):
        found["quote"] = {"text": quote.text, "kind": quote.kind}
    return found


def _lacking(said: File, read: object) -> dict[str, Any]:
    if isinstance(read, File):
        return {name: value for name in FACTS if (value := getattr(said, name)) != getattr(read, name)}
    plain: dict[str, Any] = msgspec.to_builtins(said)
    plain.pop("inline", None)
    return plain


def _data(said: object, read: object) -> dict[str, Any]:
    if said == read:
        return {}
    if isinstance(read, dict) and read.keys() == {"data"}:
        if read["data"] == said:
            return {"in": TEXT}
        if isinstance(read["data"], str) and read["data"] == wire.dump_any(said).decode():
            return {"in": JSON}
    return {"data": said}


def put_back(read: Body, held: object) -> Body:
    """*read* with what `left_out` gave; as it is where that is not what it says to be, as of a message that has been changed since."""
    if not isinstance(held, dict) or not isinstance(read, _TAKES):
        return read
    tag = held.get("kind")
    kind = _BECOMES.get((type(read), tag)) if isinstance(tag, str) else type(read)
    if kind is None:
        return read
    plain: dict[str, Any] = msgspec.to_builtins(read)
    plain["kind"] = kind.__struct_config__.tag  # type: ignore[attr-defined]
    for name in kind.__struct_fields__:  # type: ignore[attr-defined]
        if name in {"file", "thumbnail"} and isinstance(held.get(name), dict):
            plain[name] = _filled(plain.get(name), held[name])
        elif name in held and name not in _NEVER and name != "file":
            plain[name] = held[name]
    if kind is Custom and "in" in held:
        plain["data"] = _out_of(plain.get("data"), held["in"])
    try:
        whole: Body = msgspec.convert(plain, kind)
    except msgspec.ValidationError:
        return read
    return whole if _sane(whole, read) else read


def quote_back(read: Quote | None, held: object) -> Quote | None:
    """*read* with the words that it answers."""
    told = held.get("quote") if isinstance(held, dict) else None
    if read is None or not isinstance(told, dict):
        return read
    text, kind = told.get("text"), told.get("kind")
    return structs.replace(read, text=text, kind=kind) if isinstance(text, str) and isinstance(kind, str) else read


def _filled(read: object, held: dict[str, Any]) -> dict[str, Any]:
    """A file's facts, and all of a file that the platform has no place for."""
    if isinstance(read, dict):
        return read | {name: held[name] for name in FACTS if name in held}
    return {name: value for name, value in held.items() if name != "inline"}


def _out_of(data: object, how: object) -> Any:
    if not isinstance(data, dict) or data.keys() != {"data"}:
        return data
    if how != JSON or not isinstance(data["data"], str):
        return data["data"]
    try:
        return wire.load_any(data["data"])
    except wire.Malformed:
        return data


def _sane(whole: Body, read: Body) -> bool:
    if isinstance(whole, Location) and isinstance(read, Location):
        words, shown = (f"{place.title} {place.address}".split() for place in (whole, read))
        return not words or set(words) >= set(shown)
    counts = [getattr(whole, name, 0) for name in ("width", "height", "duration")]
    counts += [file.size for file in (getattr(whole, "file", None), getattr(whole, "thumbnail", None)) if file is not None]
    return all(0 <= count < _MOST for count in counts)
