"""Bodies of messages read out of RongCloud's contents. Source: "RongCloud: Built-in message types"."""

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
    Text,
    Unknown,
    Video,
    Voice,
)
from converters.core.model import Loss
from converters.core.operations import Quote, Ref
from converters.platforms.rongcloud.content import Content, number, read, text, user, users, whole
from converters.text.extension_payload import key_of

TEXT, QUOTE = "RC:TxtMsg", "RC:ReferenceMsg"
EXTRA = "extra"
_SPOKEN = {TEXT, QUOTE, "RC:StreamMsg"}


def body_of(name: str, content: Content | None, raw: str, mark: str) -> Body:
    """What a message of kind *name* says; *raw* is its content as it came, *mark* the key that is ours."""
    if not name.startswith("RC:"):
        return Custom(name, _own_data(content, raw, mark))
    if content is None:
        return Unknown(name[:64], {"content": raw})
    return _known(name, content) or Unknown(name[:64], content)


def quote_in(content: Content, message: Ref, mark: str) -> Quote:
    """What an answer of the content *content* says of *message*."""
    kind, held = text(content.get("objName")), content.get("referMsg")
    quoted = body_of(kind or TEXT, read(held), text(held), mark)
    said = getattr(quoted, "text", "")
    return Quote(message, said if isinstance(said, str) else "", str(quoted.__struct_config__.tag))


def losses_of(name: str, content: Content) -> tuple[Loss, ...]:
    if not content.get("mentionedInfo") and not content.get("burnDuration"):
        return ()
    lost = []
    if content.get("mentionedInfo") and name not in _SPOKEN:
        lost.append(Loss("mentions"))
    if whole(content.get("burnDuration")):
        lost.append(Loss("burn"))  # it would have gone when it was read
    return tuple(lost)


def _own_data(content: Content | None, raw: str, mark: str) -> Any:
    if content is None:
        try:
            return wire.load_any(raw)
        except wire.Malformed:
            return raw
    ours = (mark, key_of(mark))
    return {key: value for key, value in content.items() if key not in ours} if mark in content else content


def own_extra(body: Body, more: Any) -> tuple[Body, Content]:
    """A custom message's data, and what its app sent beside it, where *more* says that it lies in `extra`."""
    if not isinstance(body, Custom) or not isinstance(body.data, dict) or not isinstance(more, dict) or more.get(EXTRA) is not True:
        return body, {}
    ext = read(body.data.get("extra"))
    return (Custom(body.name, {key: value for key, value in body.data.items() if key != "extra"}), ext) if ext else (body, {})


def _known(name: str, held: Content) -> Body | None:
    """None where what the kind needs is not there."""
    match name:
        case "RC:TxtMsg" | "RC:ReferenceMsg" | "RC:StreamMsg":
            said = held.get("content")
            return _text(said, held.get("mentionedInfo")) if isinstance(said, str) else None
        case "RC:ImgMsg":
            file = _file(held.get("imageUri"), held)
            return Image(file, thumbnail=_thumbnail(held)) if file else None
        case "RC:GIFMsg":
            file = _file(held.get("remoteUrl"), held, size=held.get("gifDataSize"), mime="image/gif")
            return Gif(file, whole(held.get("width")), whole(held.get("height"))) if file else None
        case "RC:VcMsg":
            inline = text(held.get("content")).replace("\n", "").replace("\r", "")
            return Voice(File(inline=inline, mime="audio/amr"), _lasting(held)) if inline else None
        case "RC:HQVCMsg":
            file = _file(held.get("remoteUrl"), held, mime="audio/aac")
            return Voice(file, _lasting(held)) if file else None
        case "RC:SightMsg":
            file = _file(held.get("sightUrl"), held, size=held.get("size"), mime="video/mp4")
            return Video(file, _lasting(held), thumbnail=_thumbnail(held)) if file else None
        case "RC:FileMsg":
            file = _file(held.get("fileUrl"), held, size=held.get("size"), mime=text(held.get("type")))
            return Document(file) if file else None
        case "RC:LBSMsg":
            latitude, longitude = number(held.get("latitude")), number(held.get("longitude"))
            if latitude is None or longitude is None:
                return None
            return Location(latitude, longitude, text(held.get("poi")))
        case "RC:ImgTextMsg":
            url, title, image = text(held.get("url")), text(held.get("title")), text(held.get("imageUri"))
            return Link(url, title, text(held.get("content")), image) if url or title else None
        case "RC:CardMsg":
            named = user(held.get("userId"))
            return Card(named, text(held.get("name")), text(held.get("portraitUri"))) if named else None
        case "RC:CombineMsg":
            lines = held.get("summaryList")
            file = _file(held.get("remoteUrl"), held, mime="text/html")
            summary = tuple(text(line) for line in lines) if isinstance(lines, list) else ()
            return Forwarded(text(held.get("title")), summary, file=file)
        case "RC:CmdMsg" | "RC:CmdNtf":
            return Command(text(held.get("name")), _data(held.get("data")))
        case "RC:InfoNtf":
            return Notice(text(held.get("message")))
        case "RC:VCSummary":
            return Call(video=text(held.get("mediaType")) == "2")
        case _:
            return None


def _text(said: str, mentioned: Any) -> Text:
    if not isinstance(mentioned, dict):
        return Text(said)
    if text(mentioned.get("type")) == "1":
        return Text(said, everybody=True)
    return Text(said, users(mentioned.get("userIdList")))


def _file(url: Any, held: Content, *, size: Any = 0, mime: str = "") -> File | None:
    if not isinstance(url, str) or not url:
        return None
    return File(url, name=text(held.get("name")), size=whole(size), mime=mime)


def _thumbnail(held: Content) -> File | None:
    inline = held.get("content")
    return File(inline=inline, mime="image/jpeg") if isinstance(inline, str) and inline else None


def _lasting(held: Content) -> int:
    """RongCloud counts seconds."""
    return round(min(number(held.get("duration")) or 0.0, 1e9) * 1000)


def _data(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return wire.load_any(value)
    except wire.Malformed:
        return value
