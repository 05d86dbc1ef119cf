"""What a message of Yunxin holds, by its kind. Source: "Yunxin: Message copy (抄送)", the table of attach by msgType.

Kinds within CUSTOM are the conventions of the vendor's UI kit (101 forwarded messages, 3 stickers) and `userCard`; NRTC_NETCALL
is as in "Yunxin: Call records (话单)".
"""

from typing import Any

from converters.core.bodies import (
    Body,
    Call,
    Card,
    Custom,
    Document,
    File,
    Forwarded,
    Gif,
    Image,
    Location,
    Notice,
    Sticker,
    Text,
    Unknown,
    Video,
    Voice,
)
from converters.core.lenient import Word, word
from converters.platforms.yunxin.ids import person
from converters.platforms.yunxin.values import number, parsed, real, record, text

FORWARDED, STICKER, CARD = 101, 3, "userCard"
STATES = {"1": "completed", "2": "cancelled", "3": "rejected", "4": "missed", "5": "busy"}
_CALLS = {"NETCALL_AUDIO": False, "NETCALL_VEDIO": True, "NETCALL_VIDEO": True}


def body_of(msg_type: Word, said: Any, attach: Any, *, room: bool = False) -> Body:
    """*said* and *attach* are the copy's; in a *room* a text lies in attach, everywhere else in body."""
    kind = word(msg_type).upper()
    if kind == "TEXT":
        found = attach if room else said
        if isinstance(found, str):
            return Text(found)
    elif kind == "TIPS":
        return Notice(_tip(said, attach))
    elif kind == "CUSTOM":
        return _custom(attach)
    elif kind in _CALLS:
        return Call(video=_CALLS[kind])
    else:
        held = record(attach)
        found_body = _attached(kind, held) if held else None
        if found_body is not None:
            return found_body
    return Unknown(kind[:64] or "unknown", {"body": said, "attach": attach})


def edited_body(said: Any, attachment: Any) -> Body:
    """What a message became; a copy of an edit does not say of which kind it is."""
    held = record(attachment)
    if not held:
        return Text(word(said) if isinstance(said, Word) else "")
    shape = held.keys()
    if "lat" in shape and "lng" in shape:
        kind = "LOCATION"
    elif "url" not in shape or "md5" not in shape:
        return _custom(attachment)
    elif "dur" in shape:
        kind = "VIDEO" if "w" in shape else "AUDIO"
    else:
        kind = "PICTURE" if "w" in shape else "FILE"
    return _attached(kind, held) or _custom(attachment)


def _attached(kind: str, held: dict[str, Any]) -> Body | None:
    if kind == "LOCATION":
        latitude, longitude = real(held.get("lat")), real(held.get("lng"))
        if latitude is None or longitude is None:
            return None
        return Location(latitude, longitude, text(held, "title"))
    if kind == "NRTC_NETCALL":
        return _call(held)
    file = _file(held)
    if not file.url:
        return None
    width, height = number(held, "w"), number(held, "h")
    match kind:
        case "PICTURE" if file.mime == "gif":
            return Gif(file, width, height)
        case "PICTURE":
            return Image(file, width, height)
        case "AUDIO":
            return Voice(file, number(held, "dur"))
        case "VIDEO":
            return Video(file, number(held, "dur"), width, height)
        case "FILE":
            return Document(file)
        case _:
            return None


def _file(held: dict[str, Any]) -> File:
    return File(
        url=text(held, "url"),
        name=text(held, "name"),
        size=number(held, "size"),
        mime=text(held, "ext").lower(),
        md5=text(held, "md5").lower(),
    )


def _tip(said: Any, attach: Any) -> str:
    if isinstance(said, str) and said:
        return said
    held = record(attach)
    if held is not None:
        return text(held, "msg")
    return attach if isinstance(attach, str) else ""


def _call(held: dict[str, Any]) -> Call:
    talks = held.get("durations")
    lasted = [number(one, "duration") for one in talks if isinstance(one, dict)] if isinstance(talks, list) else []
    state = STATES.get(text(held, "status"), "")
    return Call(video=text(held, "type") == "2", state=state, duration=max(lasted, default=0) * 1000)


def _custom(attach: Any) -> Body:
    held = record(attach)
    if held is None:
        found = parsed(attach)
        return Custom("", attach if found is None else found)
    kind, data = held.get("type"), held.get("data")
    if isinstance(data, dict):
        known = _convention(kind, data)
        if known is not None:
            return known
    if isinstance(kind, str) and held.keys() == {"type", "data"} and (kind or not isinstance(data, dict)):
        return Custom(kind, data)
    return Custom("", held)


def _convention(kind: Any, data: dict[str, Any]) -> Body | None:
    if kind == CARD and (user := person(data.get("userId"))):
        return Card(user, text(data, "nickname"), text(data, "avatar"))
    if kind == FORWARDED:
        lines = data.get("abstracts")
        file = _file(data)
        return Forwarded(
            title=text(data, "sessionName"),
            summary=tuple(_line(one) for one in lines if isinstance(one, dict)) if isinstance(lines, list) else (),
            file=file if file.url else None,
        )
    if kind == STICKER and text(data, "chartlet"):
        return Sticker(text(data, "catalog"), text(data, "chartlet"))
    return None


def _line(one: dict[str, Any]) -> str:
    who, said = text(one, "senderNick"), text(one, "content")
    return f"{who}: {said}" if who else said
