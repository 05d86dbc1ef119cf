"""Bodies of messages read out of RongCloud's contents. Source: "RongCloud: Built-in message types"."""

from typing import Any

from converters import mending
from converters.core import wire
from converters.core.bodies import (
    Body,
    Card,
    Command,
    Custom,
    Document,
    File,
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
from converters.core.lenient import words
from converters.core.model import Loss
from converters.core.operations import Quote, Ref
from converters.platforms.rongcloud import kinds
from converters.platforms.rongcloud.content import Content, exactly, number, read, text, user, users, whole
from converters.text.extension_payload import key_of
from converters.text.fallback_text import Language

TEXT, QUOTE = "RC:TxtMsg", "RC:ReferenceMsg"
EXTRA = "extra"
_SPOKEN = {TEXT, QUOTE, "RC:StreamMsg"}
_LINES = {ord(sign): None for sign in "\r\n\t"}


def body_of(name: str, content: Content | None, raw: str, mark: str, language: Language = "zh") -> Body:
    """What a message of kind *name* says; *raw* is its content as it came, *mark* the key that is ours, *language* that of what we say of it."""
    if name.startswith("RC"):
        if content is None and name in _WORDED:
            return _WORDED[name](_plain(raw))
        if content is not None and (field := _FIELDS.get(name)) and not isinstance(content.get(field), str):
            written = exactly(raw, field)
            content = content if written is None else {**content, field: written}
        found = _known(name, content, language) if content is not None else None
        if found is not None:
            return found
        if name.startswith("RC:"):
            return Unknown(name[:64], {"content": raw} if content is None else content)
    return Custom(name, _own_data(content, raw, mark))


def _plain(raw: str) -> str:
    """What somebody wrote who put no object around it: a text in quotes, or anything as it is."""
    try:
        value = wire.load_any(raw)
    except wire.Malformed:
        return raw
    return value if isinstance(value, str) else "" if value is None else raw


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
        return _data(raw)
    ours = (mark, key_of(mark))
    return {key: value for key, value in content.items() if key not in ours} if mark in content else content


def own_extra(body: Body, more: object) -> tuple[Body, Content]:
    """A custom message's data, and what its app sent beside it, where *more* says that it lies in `extra`."""
    if not isinstance(body, Custom) or not isinstance(body.data, dict) or not isinstance(more, dict) or more.get(EXTRA) is not True:
        return body, {}
    ext = read(body.data.get("extra"))
    return (Custom(body.name, {key: value for key, value in body.data.items() if key != "extra"}), ext) if ext else (body, {})


def _known(name: str, held: Content, language: Language) -> Body | None:
    """None where what the kind needs is not there."""
    match name:
        case "RC:TxtMsg" | "RC:ReferenceMsg" | "RC:StreamMsg":
            said = held.get("content")
            said = said if isinstance(said, str) else _words(held, "content", "text", "message", "msg")
            return _text(said, held.get("mentionedInfo")) if said is not None else None
        case "RC:ImgMsg":
            file = _file(held.get("imageUri"), held)
            return Image(file, thumbnail=_thumbnail(held)) if file else None
        case "RC:GIFMsg":
            file = _file(held.get("remoteUrl"), held, size=held.get("gifDataSize"), mime="image/gif")
            return Gif(file, whole(held.get("width")), whole(held.get("height"))) if file else None
        case "RC:VcMsg":
            inline = _base64(held.get("content"))
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
            return Location(latitude, longitude, _said(held, "poi"))
        case "RC:ImgTextMsg":
            url, title, image = text(held.get("url")), _said(held, "title"), text(held.get("imageUri"))
            return Link(url, title, _said(held, "content"), image) if url or title else None
        case "RC:CardMsg":
            named = user(held.get("userId"))
            return Card(named, text(held.get("name")), text(held.get("portraitUri"))) if named else None
        case "RC:CmdMsg" | "RC:CmdNtf":
            return Command(text(held.get("name")), _data(held.get("data")))
        case "RC:InfoNtf":
            return Notice(said) if (said := _words(held, "message", "content", "text")) is not None else None
        case _:
            more = kinds.READ.get(name)
            return more(held, language) if more is not None else None


def _words(held: Content, *names: str) -> str | None:
    """The first of *names* that says something, whatever it is."""
    return next((said for name in names if (said := words(held.get(name))) is not None), None)


def _said(held: Content, name: str) -> str:
    """What people read of it, whatever it is."""
    return words(held.get(name)) or ""


def _text(said: str, mentioned: object) -> Text:
    if not mentioned:
        return Text(said)
    mentioned = read(mentioned)
    if mentioned is None:
        return Text(said)
    if text(mentioned.get("type")) == "1":
        return Text(said, everybody=True)
    return Text(said, users(mentioned.get("userIdList")))


def _file(url: object, held: Content, *, size: object = 0, mime: str = "") -> File | None:
    if not isinstance(url, str) or not url:
        return None
    return File(url, name=_said(held, "name"), size=whole(size), mime=mime)


def _thumbnail(held: Content) -> File | None:
    inline = _base64(held.get("content"))
    return File(inline=inline, mime="image/jpeg") if inline else None


def _base64(value: object) -> str:
    """Without line ends and what stands before it in an address. In a form that was not escaped its `+` has become a blank."""
    found = text(value)
    if found.isalnum() or not found:
        return found
    found = found.partition(",")[2] if found.startswith("data:") else found
    found = found.strip().translate(_LINES)
    if " " not in found:
        return found
    bare = found.replace(" ", "")
    return bare if len(found) % 4 and not len(bare) % 4 else found.replace(" ", "+")


def _lasting(held: Content) -> int:
    """RongCloud counts seconds."""
    return round(min(number(held.get("duration")) or 0.0, 1e9) * 1000)


def _data(value: object) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return mending.load_any(value)[0]
    except wire.Malformed:
        return value


_WORDED: dict[str, type[Text] | type[Notice]] = {TEXT: Text, QUOTE: Text, "RC:StreamMsg": Text, "RC:InfoNtf": Notice}
"""Of these a content without an object is what people read."""
_FIELDS = {TEXT: "content", QUOTE: "content", "RC:StreamMsg": "content", "RC:InfoNtf": "message"}
