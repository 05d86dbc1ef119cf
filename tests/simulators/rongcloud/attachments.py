"""Files in messages. Source: "RongCloud: message types".

That the server looks into contents of its own kinds is ours; what clients cannot show is refused, so that it is seen.
"""

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from tests.simulators.media import Media, decoded, described, number
from tests.simulators.messages import Message
from tests.simulators.rongcloud.fields import as_object

if TYPE_CHECKING:
    from tests.simulators.rongcloud.state import RongCloud

THUMBNAIL = 10 * 1024
"""Characters of base64; advised are half as many, and older texts allow 30 KB."""
VOICE = 60 * 1024
LONGEST = 60
"""Seconds of a voice message."""
AMR = b"#!AMR\n"
KINDS = {"RC:ImgMsg": "image", "RC:GIFMsg": "gif", "RC:VcMsg": "voice", "RC:HQVCMsg": "voice", "RC:SightMsg": "video", "RC:FileMsg": "file"}
URLS = {"RC:ImgMsg": "imageUri", "RC:GIFMsg": "remoteUrl", "RC:HQVCMsg": "remoteUrl", "RC:SightMsg": "sightUrl", "RC:FileMsg": "fileUrl"}
NEEDED = {
    "RC:ImgMsg": (),
    "RC:GIFMsg": ("gifDataSize", "width", "height"),
    "RC:VcMsg": ("content", "duration"),
    "RC:HQVCMsg": ("duration",),
    "RC:SightMsg": ("duration", "size", "name"),
    "RC:FileMsg": ("name", "size", "type"),
}
"""Besides the URL. The thumbnail of a picture and of a video may be empty."""
COUNTED = ("gifDataSize", "width", "height", "duration", "size")


def sent(rongcloud: "RongCloud", media: Media) -> tuple[str, dict[str, Any]]:
    """The objectName and the content with which a person's app sends *media*; what it uploads lies in the vendor's storage."""
    name, content = told(rongcloud, media)
    return name, content | media.claims


def told(rongcloud: "RongCloud", media: Media) -> tuple[str, dict[str, Any]]:
    if media.kind == "voice" and media.inline:
        return "RC:VcMsg", {"content": b64encode(media.content).decode(), "duration": media.seconds}
    url = rongcloud.shelf.keep(media.content, media.type, rongcloud.base)
    small = b64encode(media.thumbnail).decode()
    match media.kind:
        case "image":
            return "RC:ImgMsg", {"content": small, "imageUri": url}
        case "gif":
            sides = {"width": media.width, "height": media.height}
            return "RC:GIFMsg", {"remoteUrl": url, "gifDataSize": len(media.content), **sides, "name": media.name}
        case "voice":
            return "RC:HQVCMsg", {"remoteUrl": url, "duration": media.seconds, "name": media.name}
        case "video":
            facts = {"duration": media.seconds, "size": len(media.content), "name": media.name}
            return "RC:SightMsg", {"sightUrl": url, "content": small, **facts}
        case "file":
            return "RC:FileMsg", {"name": media.name, "size": len(media.content), "type": media.extension, "fileUrl": url}


def flaw(name: str, content: str) -> str | None:
    """What keeps *content* of one of the vendor's own kinds from being shown."""
    if name not in KINDS:
        return None
    body = as_object(content) or {}
    for field in (*([URLS[name]] if name in URLS else []), *NEEDED[name]):
        if body.get(field) in (None, ""):
            return f"{field} is required"
    if name in URLS and not str(body[URLS[name]]).startswith(("http://", "https://")):
        return f"{URLS[name]} must be a URL"
    for field in COUNTED:
        if field in body and number(body[field]) <= 0:
            return f"{field} must be a number"
    if KINDS[name] == "voice" and number(body["duration"]) > LONGEST:
        return f"duration must be at most {LONGEST}"
    inline = body.get("content", "")
    raw = decoded(inline)
    if raw is None:
        return "content must be base64 without line breaks"
    most = VOICE if name == "RC:VcMsg" else THUMBNAIL
    if len(inline) > most:
        return f"content must be at most {most}"
    return "content must be AMR" if name == "RC:VcMsg" and not raw.startswith(AMR) else None


def held(rongcloud: "RongCloud", message: Message) -> dict[str, Any] | None:
    """What *message* has of a file."""
    kind = KINDS.get(message.name)
    body = None if kind is None else as_object(message.content)
    if kind is None or body is None:
        return None
    url, inline = body.get(URLS.get(message.name, "")), body.get("content")
    stored = rongcloud.shelf.find(url)
    content = decoded(inline) if message.name == "RC:VcMsg" else stored.content if stored else None
    facts = described(
        kind,
        content,
        url=url,
        inline=inline if message.name == "RC:VcMsg" else "",
        name=body.get("name"),
        mime=stored.type if stored else "",
        duration=1000 * number(body.get("duration")),
        width=number(body.get("width")),
        height=number(body.get("height")),
        thumbnail={"inline": inline} if inline and message.name != "RC:VcMsg" else None,
    )
    return facts | ({"size": size} if (size := number(body.get("size", body.get("gifDataSize")))) and not content else {})
