"""Bodies as Yunxin's kinds of message. Source: "Yunxin: Message formats"."""

from typing import Any

from msgspec import Struct

from converters.core.bodies import (
    Body,
    Call,
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
    Text,
    Unknown,
    Video,
    Voice,
)
from converters.core.model import Delivery, Loss, StoredFile, TargetContext
from converters.files.media import sent_as
from converters.platforms.yunxin.messages import CARD, body_of

TEXT, PICTURE, AUDIO, VIDEO, LOCATION, FILE, TIP, CUSTOM = 0, 1, 2, 3, 4, 6, 10, 100
_AAC = {"aac", "m4a", "mp4", "x-aac", "x-m4a"}
_EXTENSIONS = {"jpeg": "jpg", "mpeg": "mp3", "plain": "txt", "quicktime": "mov", "svg+xml": "svg", "x-m4a": "m4a"}


class EncodedBody(Struct, frozen=True):
    """*held* of the message of kind *number*."""

    number: int
    held: dict[str, Any]
    losses: tuple[Loss, ...] = ()


def content(body: Body, delivery: Delivery, there: TargetContext) -> EncodedBody | Loss:
    """*body* as one message, or why it can only be shown as a text."""
    carried = there.files[0] if there.files and there.files[0] is not None and there.files[0].url else None
    body = sent_as(body, there.files)
    match body:
        case Text(text=text):
            return EncodedBody(TEXT, {"msg": text})
        case Image(file=file, width=width, height=height) | Gif(file=file, width=width, height=height):
            usual = "gif" if isinstance(body, Gif) else "jpg"
            return _picture(file, carried, width, height, usual) if carried else Loss("file", "image")
        case Voice(file=file, duration=duration):
            return _voice(file, carried, duration) if carried else Loss("file", "voice")
        case Video(file=file, duration=duration, width=width, height=height):
            if not carried:
                return Loss("file", "video")
            size = {"w": carried.width or width, "h": carried.height or height}
            return EncodedBody(VIDEO, _file(file, carried, "mp4") | size | {"dur": carried.duration or duration})
        case Document(file=file):
            return EncodedBody(FILE, _file(file, carried, "")) if carried else Loss("file", "file")
        case Sticker(file=file):
            if file is None or not carried:
                return Loss("kind", "sticker")
            picture = _picture(file, carried, 0, 0, "png")
            return EncodedBody(picture.number, picture.held, (Loss("sticker"),))
        case Location(latitude=latitude, longitude=longitude, title=title, address=address):
            said = " ".join(dict.fromkeys(part for part in (title, address) if part))
            return EncodedBody(LOCATION, {"title": said, "lng": longitude, "lat": latitude})
        case Custom(name=name, data=data):
            plain = not name and isinstance(data, dict)
            return EncodedBody(CUSTOM, data if plain else {"type": name, "data": data})
        case Card(user=user, name=name, avatar=avatar):
            held = {"userId": delivery.named(user), "nickname": name, "avatar": avatar}
            return EncodedBody(CUSTOM, {"type": CARD, "data": held})
        case Notice(text=text):
            return EncodedBody(TIP, {"msg": text})
        case Unknown(vendor_kind=kind):
            return Loss("kind", kind)
        case Forwarded() | Link() | Call() | Command():
            return Loss("kind", str(body.__struct_config__.tag))


_NAMES = {PICTURE: "PICTURE", AUDIO: "AUDIO", VIDEO: "VIDEO", LOCATION: "LOCATION", FILE: "FILE", TIP: "TIPS", CUSTOM: "CUSTOM"}


def read_back(written: EncodedBody) -> Body:
    """What a copy of it would say."""
    if written.number == TIP:
        return Notice(written.held["msg"])
    return body_of(_NAMES[written.number], "", written.held)


def _picture(file: File, carried: StoredFile, width: int, height: int, usual: str) -> EncodedBody:
    size = {"w": carried.width or width, "h": carried.height or height}
    return EncodedBody(PICTURE, _file(file, carried, usual) | size)


def _voice(file: File, carried: StoredFile, duration: int) -> EncodedBody:
    """Only AAC is taken as a voice; anything else is a file that people can still play."""
    held = _file(file, carried, "aac")
    if held["ext"] not in _AAC:
        return EncodedBody(FILE, held, (Loss("voice"),))
    del held["name"]
    return EncodedBody(AUDIO, held | {"ext": "aac", "dur": carried.duration or duration})


def _file(file: File, carried: StoredFile, usual: str) -> dict[str, Any]:
    name = carried.name or file.name
    extension = _extension(carried.mime) or _extension(name.rpartition(".")[2] if "." in name else "")
    extension = extension or (_extension(file.mime) if not carried.mime else "") or usual
    return {
        "name": name or (f"file.{extension}" if extension else "file"),
        "md5": carried.md5 or file.md5,
        "url": carried.url,
        "ext": extension,
        "size": carried.size or file.size,
    }


def _extension(mime: str) -> str:
    """Of a MIME type, or of what is only an extension."""
    last = mime.partition(";")[0].strip().lower().rpartition("/")[2]
    last = _EXTENSIONS.get(last, last)
    return last if last.isalnum() and len(last) <= 8 else ""
