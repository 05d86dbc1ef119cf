"""What a message holds, as the body of a call. Source: "Easemob: Send messages"."""

import re
from collections.abc import Sequence
from typing import Any

from converters.core import wire
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
from converters.core.model import Delivery, Loss, StoredFile
from converters.files.media import sent_as, thumbnail_of
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.bodies import CARD
from converters.text.fallback_text import shown

Files = Sequence[StoredFile | None]
Written = tuple[str, dict[str, Any], tuple[Loss, ...]]
"""Type, body, losses; of the type `txt` where it is only shown."""

_NAME = re.compile(r"[A-Za-z0-9_/.-]{1,32}")
_ODD = re.compile(r"[^A-Za-z0-9_/.-]")
_MOST_EXTENSIONS = 16


def written(body: Body, delivery: Delivery, account: EasemobAccount, files: Files) -> Written:
    """*body* as Easemob has it; a file only if it lies at Easemob, whose clients open nothing else."""
    file = files[0] if files and files[0] is not None and files[0].url else None
    body = sent_as(body, files)
    match body:
        case Text(text=text):
            return "txt", {"msg": text}, ()
        case Image(width=width, height=height) | Gif(width=width, height=height) if file is not None:
            return "img", _file(file, body.file, "image.jpg") | _size(file, width, height), ()
        case Voice(duration=duration) if file is not None:
            return "audio", _file(file, body.file, f"voice.{account.voice}") | {"length": _seconds(file, duration)}, ()
        case Video() if file is not None:
            return _video(body, file, thumbnail_of(tuple(files)))
        case Document() if file is not None:
            return "file", _file(file, body.file, "file"), ()
        case Sticker(file=File() as picture) if file is not None:
            return "img", _file(file, picture, "sticker.png") | _size(file, 0, 0), (Loss("sticker"),)
        case Location():
            return "loc", _location(body), ()
        case Custom(name=name, data=data):
            return "custom", _custom(name, data), ()
        case Command(name=name, data=data):
            return "cmd", {"action": name or "command"} | ({} if data is None else {"param": data}), ()
        case Card(user=user, name=name, avatar=avatar):
            called = delivery.named(user)
            card = {"userId": called, "uid": called, "nickname": name, "avatar": avatar}
            return "custom", {"customEvent": CARD, "customExts": card}, ()
        case Image() | Gif() | Voice() | Video() | Document():
            return _shown(body, account, Loss("file"))
        case Unknown(vendor_kind=kind):
            return _shown(body, account, Loss("kind", kind))
        case Forwarded() | Link() | Sticker() | Notice() | Call():
            return _shown(body, account, Loss("kind", str(body.__struct_config__.tag)))


def _shown(body: Body, account: EasemobAccount, loss: Loss) -> Written:
    return "txt", {"msg": shown(body, account.language, links=account.file_links)}, (loss,)


def _file(file: StoredFile, said: File, name: str) -> dict[str, Any]:
    """Without a name clients show none."""
    body: dict[str, Any] = {"url": file.url, "filename": file.name or said.name or name}
    if file.secret:
        body["secret"] = file.secret
    if size := file.size or said.size:
        body["file_length"] = size
    return body


def _size(file: StoredFile, width: int, height: int) -> dict[str, Any]:
    width, height = file.width or width, file.height or height
    return {"size": {"width": width, "height": height}} if width and height else {}


def _seconds(file: StoredFile, duration: int) -> int:
    """Clients show a second at least."""
    return max(1, ((file.duration or duration) + 500) // 1000)


def _video(video: Video, file: StoredFile, thumbnail: StoredFile | None) -> Written:
    body = _file(file, video.file, "video.mp4") | {"length": _seconds(file, video.duration)}
    body |= _size(file, video.width, video.height)
    if thumbnail is not None and thumbnail.url:
        body["thumb"] = thumbnail.url
        if thumbnail.secret:
            body["thumb_secret"] = thumbnail.secret
    return "video", body, ()


def _location(place: Location) -> dict[str, Any]:
    latitude, longitude = _degrees(place.latitude), _degrees(place.longitude)
    address = " ".join(dict.fromkeys(part for part in (place.title, place.address) if part))
    return {"lat": latitude, "lng": longitude, "addr": address or f"{latitude}, {longitude}"}


def _degrees(value: float) -> str:
    """A string without an exponent, and exact."""
    written = repr(value)
    return (f"{value:.15f}".rstrip("0") if "e" in written else written).removesuffix(".0").removesuffix(".")


def _custom(name: str, data: Any) -> dict[str, Any]:
    """Easemob's map holds texts only: what is more goes in as JSON, under `data`."""
    fits = isinstance(data, dict) and len(data) <= _MOST_EXTENSIONS and all(isinstance(one, str) for one in data.values())
    if data is None:
        extensions = {}
    elif fits:
        extensions = dict(data)
    else:
        extensions = {"data": data if isinstance(data, str) else wire.dump_any(data).decode()}
    if _NAME.fullmatch(name):
        return {"customEvent": name, "customExts": extensions}
    return {"customEvent": _ODD.sub("_", name)[:32] or "custom", "customExts": extensions}
