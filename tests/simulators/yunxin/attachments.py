"""Files in messages. Source: "Yunxin: Message formats"."""

from hashlib import md5
from typing import TYPE_CHECKING, Any

from tests.simulators.media import Media, described, number
from tests.simulators.messages import Message

if TYPE_CHECKING:
    from tests.simulators.yunxin.state import Yunxin

NAMES = {"image": "PICTURE", "gif": "PICTURE", "voice": "AUDIO", "video": "VIDEO", "file": "FILE"}
KINDS = {"PICTURE": "image", "AUDIO": "voice", "VIDEO": "video", "FILE": "file"}


def sent(yunxin: "Yunxin", media: Media) -> tuple[str, dict[str, Any]]:
    """The kind and the attachment with which a person's app sends *media*, once it has put it into the storage."""
    stem, _, _ = media.name.rpartition(".")
    attach: dict[str, Any] = {
        "url": yunxin.shelf.keep(media.content, media.type, yunxin.base),
        "md5": md5(media.content).hexdigest(),
        "size": len(media.content),
        "ext": media.extension,
    }
    match media.kind:
        case "image" | "gif":
            attach |= {"name": stem, "w": media.width, "h": media.height}
        case "voice":
            attach |= {"dur": media.duration}
        case "video":
            attach |= {"name": stem, "w": media.width, "h": media.height, "dur": media.duration}
        case "file":
            attach |= {"name": media.name}
    return NAMES[media.kind], attach | media.claims


def held(yunxin: "Yunxin", message: Message) -> dict[str, Any] | None:
    """What *message* has of a file; ``right`` tells whether the MD5 in it is that of what lies there, if it lies here."""
    kind, body = KINDS.get(message.name), message.content
    if kind is None or not isinstance(body, dict):
        return None
    stored = yunxin.shelf.find(body.get("url"))
    facts = described(
        kind,
        stored.content if stored else None,
        url=body.get("url"),
        name=body.get("name"),
        mime=stored.type if stored else "",
        duration=number(body.get("dur")),
        width=number(body.get("w", body.get("width"))),
        height=number(body.get("h", body.get("height"))),
    )
    if stored is not None:
        facts["right"] = body.get("md5") == md5(stored.content).hexdigest()
    return facts
