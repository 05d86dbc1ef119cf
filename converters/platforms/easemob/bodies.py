"""What Easemob's messages hold, in and out of callbacks. Source: "Easemob: Post-delivery callback", "Easemob: Message types"."""

from collections.abc import Callable
from typing import Any

from converters.core.bodies import Body, Card, Command, Custom, Document, File, Forwarded, Image, Location, Text, Unknown, Video, Voice
from converters.core.lenient import words
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.values import decimal, number, possible, table, text

COMBINED = "sub_combine"
_FIXED = frozenset({"img", "audio", "video", "file", "loc", "cmd"})
"""Of these nothing but the extension can be changed."""
CARD = "userCard"
"""The event of the UI kits' contact card. Source: "Easemob: UIKit"."""


MOST = 10
"""Bodies of one message that are carried; the pages know of one."""


def body_of(payload: dict[str, Any]) -> Body:
    """The body of a message, the first of several; Unknown where it is none that we know."""
    return bodies_of(payload)[0][0]


def bodies_of(payload: dict[str, Any]) -> tuple[tuple[Body, ...], bool]:
    """All that a message holds, at least one, texts that follow each other as one; and whether that is all of it."""
    bodies = payload.get("bodies")
    several = bodies if isinstance(bodies, list) and bodies else [None]
    found: list[Body] = []
    for each in several[:MOST]:
        body = _read(each) if isinstance(each, dict) else Unknown("unknown", payload)
        last = found[-1] if found else None
        if isinstance(body, Text) and isinstance(last, Text):
            found[-1] = Text(f"{last.text}\n{body.text}")
        else:
            found.append(body)
    return tuple(found), len(several) <= MOST


def is_editable(payload: dict[str, Any]) -> bool:
    """Whether more can be changed of such a message than its extension. Source: "Easemob: Message modification callback"."""
    bodies = payload.get("bodies")
    return isinstance(bodies, list) and any(
        isinstance(one, dict) and not (isinstance(one.get("type"), str) and one["type"] in _FIXED) and not _is_combined(one)
        for one in bodies
    )


def has_bodies(payload: dict[str, Any]) -> bool:
    """Whether it holds what people send, and not only what happened."""
    bodies = payload.get("bodies")
    return isinstance(bodies, list) and any(isinstance(one, dict) and one for one in bodies)


def _is_combined(body: dict[str, Any]) -> bool:
    """By its name, or by what only merged messages have."""
    return body.get("subType") == COMBINED or (body.get("type") == "txt" and bool(body.keys() & {"combineLevel", "summary"}))


def _read(body: dict[str, Any]) -> Body:
    kind = body.get("type")
    if _is_combined(body):
        return _forwarded(body)
    if kind == "txt" and isinstance(body.get("msg"), str):
        return Text(body["msg"])
    read = _READERS.get(kind) if isinstance(kind, str) else None
    return (read(body) if read else None) or Unknown(kind[:64] if isinstance(kind, str) else "unknown", body)


def _image(body: dict[str, Any]) -> Body:
    width, height = _size(body)
    return Image(_file(body), width, height, _thumbnail(body))


def _voice(body: dict[str, Any]) -> Body:
    return Voice(_file(body), _duration(body))


def _video(body: dict[str, Any]) -> Body:
    width, height = _size(body)
    return Video(_file(body), _duration(body), width, height, _thumbnail(body))


def _document(body: dict[str, Any]) -> Body:
    return Document(_file(body))


def _location(body: dict[str, Any]) -> Body | None:
    latitude, longitude = decimal(body.get("lat")), decimal(body.get("lng"))
    if latitude is None or longitude is None:
        return None
    return Location(latitude, longitude, _said(body, "buildingName"), _said(body, "addr"))


def _command(body: dict[str, Any]) -> Body:
    return Command(_said(body, "action") or _said(body, "msg"), body.get("param"))


def _custom(body: dict[str, Any]) -> Body:
    name, data = text(body.get("customEvent")), _extensions(body)
    if name == CARD:
        held = table(data)
        user = plain(text(held.get("userId")) or text(held.get("uid")))
        if possible(user):
            return Card(user, text(held.get("nickname")), text(held.get("avatar")))
    return Custom(name, data)


def _extensions(body: dict[str, Any]) -> Any:
    """An object, or a list of objects with one key each, which becomes one; anything else as it is."""
    given = body.get("v2:customExts") or body.get("customExts")
    if isinstance(given, list) and all(isinstance(one, dict) for one in given):
        return {key: value for one in given for key, value in one.items()}
    return given or {}


def _forwarded(body: dict[str, Any]) -> Body:
    lines = _said(body, "summary").splitlines()
    file = _file(body)
    return Forwarded(_said(body, "title"), tuple(line for line in lines if line.strip()), _said(body, "msg"), file if file.url else None)


_READERS: dict[str, Callable[[dict[str, Any]], Body | None]] = {
    "img": _image,
    "audio": _voice,
    "video": _video,
    "file": _document,
    "loc": _location,
    "cmd": _command,
    "custom": _custom,
}


def _said(body: dict[str, Any], name: str) -> str:
    """What people read of it, whatever it is."""
    return words(body.get(name)) or ""


def _file(body: dict[str, Any]) -> File:
    return File(
        *_where(text(body.get("url")), text(body.get("secret"))), name=_said(body, "filename"), size=int(number(body.get("file_length")))
    )


def _thumbnail(body: dict[str, Any]) -> File | None:
    url = text(body.get("thumb"))
    return File(*_where(url, text(body.get("thumb_secret")))) if url else None


def _where(url: str, secret: str) -> tuple[str, str]:
    """Clients may write the secret into the address, where readers would see it."""
    plain, _, given = url.partition("?share-secret=")
    return plain, secret or given


def _size(body: dict[str, Any]) -> tuple[int, int]:
    size = table(body.get("size"))
    return int(number(size.get("width"))), int(number(size.get("height")))


def _duration(body: dict[str, Any]) -> int:
    """Milliseconds; Easemob says seconds, which some pages write with a capital letter."""
    return round(number(body.get("length", body.get("Length"))) * 1000)
