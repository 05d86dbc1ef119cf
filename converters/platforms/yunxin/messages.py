"""What a message of Yunxin holds, by its kind. Source: "Yunxin: Message copy (抄送)", the table of attach by msgType.

Kinds within CUSTOM are the conventions of the vendor's UI kit (101 forwarded messages, 102 a text with a title, 3 stickers) and `userCard`; NRTC_NETCALL
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
from converters.core.lenient import Word, word, words
from converters.core.model import Loss
from converters.platforms.yunxin.ids import person
from converters.platforms.yunxin.values import number, parsed, real, record, text
from converters.platforms.yunxin.values import said as shown

FORWARDED, TITLED, STICKER, CARD = "101", "102", "3", "userCard"
STATES = {"1": "completed", "2": "cancelled", "3": "rejected", "4": "missed", "5": "busy"}
_CAPTIONED = {"PICTURE", "VIDEO", "FILE", "LOCATION"}
"""Kinds whose `body` is no phrase of the vendor's: who sets it wrote something."""
_CALLS = {"NETCALL_AUDIO": False, "NETCALL_VEDIO": True, "NETCALL_VIDEO": True}


def body_of(msg_type: Word, said: object, attach: object, *, room: bool = False, lost: list[Loss] | None = None) -> Body:
    """*said* and *attach* are the copy's; in a *room* a text lies in attach, everywhere else in body. What is not kept goes to *lost*."""
    kind = word(msg_type).upper()
    if kind == "TEXT":
        found, other = (attach, said) if room else (said, attach)
        if found or other:
            return Text(_tip(found, other, lost))
        if found is not None:
            return Text(words(found) or "")
    elif kind == "TIPS":
        return Notice(_tip(said, attach, lost))
    elif kind == "CUSTOM":
        return _custom(attach, words(said) or "", lost)
    elif kind in _CALLS:
        return Call(video=_CALLS[kind])
    else:
        held = record(attach, lost)
        found_body = _attached(kind, held) if held else None
        if found_body is not None:
            if kind in _CAPTIONED:
                _not_kept(words(said) or "", lost)
            return found_body
    return Unknown(kind[:64] or "unknown", {"body": said, "attach": attach})


def edited_body(said: object, attachment: object) -> Body:
    """What a message became; a copy of an edit does not say of which kind it is."""
    held = record(attachment)
    if not held:
        return Text(words(said) or "")
    shape = held.keys()
    if "lat" in shape and "lng" in shape:
        kind = "LOCATION"
    elif "url" not in shape or "md5" not in shape:
        return _custom(attachment, words(said) or "", None)
    elif "dur" in shape:
        kind = "VIDEO" if "w" in shape else "AUDIO"
    else:
        kind = "PICTURE" if "w" in shape else "FILE"
    return _attached(kind, held) or _custom(attachment, words(said) or "", None)


def _attached(kind: str, held: dict[str, Any]) -> Body | None:
    if kind == "LOCATION":
        latitude, longitude = real(held.get("lat")), real(held.get("lng"))
        if latitude is None or longitude is None:
            return None
        return Location(latitude, longitude, shown(held, "title"))
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
        name=shown(held, "name"),
        size=number(held, "size"),
        mime=text(held, "ext").lower(),
        md5=text(held, "md5").lower(),
    )


def _tip(said: object, attach: object, lost: list[Loss] | None) -> str:
    held = record(attach, lost)
    # An object without a msg is the app's own, and is shown where there are no other words.
    named = held is not None and words(held.get("msg")) is not None
    other = (words(held["msg"]) if held is not None and named else words(attach)) or ""
    found = words(said) or ""
    if found and other and other != found:
        _not_kept(other, lost)
    return found or other


def _call(held: dict[str, Any]) -> Call:
    talks = held.get("durations")
    lasted = [number(one, "duration") for one in talks if isinstance(one, dict)] if isinstance(talks, list) else []
    state = STATES.get(text(held, "status"), "")
    return Call(video=text(held, "type") == "2", state=state, duration=max(lasted, default=0) * 1000)


def _custom(attach: object, said: str, lost: list[Loss] | None) -> Body:
    """*said* is what clients show that do not know the kind; where nothing is attached, it is all that there is."""
    held = record(attach, lost)
    found = parsed(attach) if held is None else held
    if said and not found and (not attach or found is not None or attach == "null"):
        return Text(said)
    if held is None:
        _not_kept(said, lost)
        return Custom("", attach if found is None else found)
    kind, data = held.get("type"), held.get("data")
    inner = record(data, lost) if data and isinstance(kind, str | int) and word(kind) in _CONVENTIONS else None
    if inner is not None and (known := _convention(word(kind), inner, lost)) is not None:
        return known
    _not_kept(said, lost)
    if isinstance(kind, str) and held.keys() == {"type", "data"} and (kind or not isinstance(data, dict)):
        return Custom(kind, data)
    return Custom("", held)


def _not_kept(said: str, lost: list[Loss] | None) -> None:
    if said and lost is not None:
        lost.append(Loss("caption"))


_CONVENTIONS = {FORWARDED, TITLED, STICKER, CARD}


def _convention(kind: str, data: dict[str, Any], lost: list[Loss] | None) -> Body | None:
    if kind == CARD and (user := person(data.get("userId"))):
        return Card(user, text(data, "nickname"), text(data, "avatar"))
    if kind == FORWARDED:
        given = data.get("abstracts")
        summary = tuple(written for one in (given if isinstance(given, list) else [given]) if (written := _line(one)))
        file, title = _file(data), shown(data, "sessionName")
        return Forwarded(title, summary, file=file if file.url else None) if title or summary or file.url else None
    if kind == TITLED and (lines := [line for name in ("title", "body") if (line := words(data.get(name)))]):
        if data.keys() > {"title", "body"} and lost is not None:
            lost.append(Loss("details"))
        return Text("\n".join(lines))
    if kind == STICKER and text(data, "chartlet"):
        return Sticker(text(data, "catalog"), text(data, "chartlet"))
    return None


def _line(one: object) -> str:
    if not isinstance(one, dict) or "content" not in one:
        return words(one) or ""
    who, said = shown(one, "senderNick"), shown(one, "content")
    return f"{who}: {said}" if who else said
