"""Content of Parley's messages, both ways. Source: "Content"."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from converters.core import wire
from converters.core.bodies import Body, File, Image, Text, Unknown, Voice
from converters.text.extension_payload import key_of

MARK = "relay"
"""Key of our mark in `meta`."""
MORE = key_of(MARK)
"""Key of what Parley has no field for."""
LONGEST = 4000
"""Bytes of a text."""


Count = Annotated[int, Meta(ge=0, lt=1 << 53)]


class _Text(Struct, frozen=True):
    text: str


class _Picture(Struct, frozen=True):
    url: str
    name: str = ""
    bytes: Count = 0
    width: Count = 0
    height: Count = 0


class _Voice(Struct, frozen=True):
    url: str
    name: str = ""
    bytes: Count = 0
    seconds: Annotated[float, Meta(ge=0, lt=1 << 43)] = 0.0


def read(content: dict[str, Any]) -> Body:
    """Raises Malformed."""
    kind = content.get("type")
    if not isinstance(kind, str):
        raise wire.Malformed("content.type is no text")
    try:
        match kind:
            case "text":
                return Text(msgspec.convert(content, _Text).text)
            case "picture":
                picture = msgspec.convert(content, _Picture)
                return Image(File(picture.url, name=picture.name, size=picture.bytes), picture.width, picture.height)
            case "voice":
                voice = msgspec.convert(content, _Voice)
                return Voice(File(voice.url, name=voice.name, size=voice.bytes), round(voice.seconds * 1000))
            case _:
                return Unknown(kind, {name: value for name, value in content.items() if name != "type"})
    except msgspec.ValidationError:
        raise wire.Malformed("a field of the content is missing, or is not what it should be") from None


def write(body: Body) -> dict[str, Any] | None:
    """None where Parley has no such content."""
    match body:
        case Text(text=text, mentions=(), everybody=False):
            return {"type": "text", "text": text} if 0 < len(text.encode(errors="surrogatepass")) <= LONGEST else None
        case Image(file=file, width=width, height=height):
            return {"type": "picture", "url": file.url, "name": file.name, "bytes": file.size, "width": width, "height": height}
        case Voice(file=file, duration=duration):
            return {"type": "voice", "url": file.url, "name": file.name, "bytes": file.size, "seconds": duration / 1000}
        case _:
            return None
