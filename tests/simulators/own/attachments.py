"""Files in messages. Source: docs/own.md, "Operations"."""

from base64 import b64encode
from hashlib import md5
from typing import TYPE_CHECKING, Any

from tests.simulators.media import Media, decoded, described
from tests.simulators.messages import Message

if TYPE_CHECKING:
    from tests.simulators.own.state import Own

KINDS = frozenset(("image", "gif", "voice", "video", "file"))


def sent(own: "Own", media: Media) -> dict[str, Any]:
    """The body with which a person's app sends *media*."""

    def put(content: bytes, name: str, kind: str) -> dict[str, Any]:
        lies = {"inline": b64encode(content).decode()} if media.inline else {"url": own.shelf.keep(content, kind, own.base)}
        return lies | {"name": name, "size": len(content), "mime": kind, "md5": md5(content).hexdigest()}

    file = put(media.content, media.name, media.type) | media.claims
    body: dict[str, Any] = {"kind": media.kind, "file": file}
    if media.kind in ("voice", "video"):
        body["duration"] = media.duration
    if media.kind in ("image", "gif", "video"):
        body |= {"width": media.width, "height": media.height}
        if media.thumbnail:
            body["thumbnail"] = put(media.thumbnail, "thumbnail.jpg", "image/jpeg")
    return body


def flaw(body: dict[str, Any]) -> str | None:
    """What keeps the files of *body*, whose fields are of the right types, from being had."""
    for name in ("file", "thumbnail"):
        file = body.get(name)
        if file is None:
            if name == "file" and body.get("kind") in KINDS:
                return "event.operation.body.file is missing"
            continue
        if not file.get("url") and not file.get("inline"):
            return f"{name} has neither url nor inline"
        if decoded(file.get("inline", "")) is None:
            return f"{name}.inline is no base64"
    return None


def held(own: "Own", message: Message) -> dict[str, Any] | None:
    """What *message* has of a file; ``right`` tells whether the MD5 in it is that of what lies here."""
    body = message.content.get("body", {})
    if message.name not in KINDS or not isinstance(body.get("file"), dict):
        return None
    file, small = body["file"], body.get("thumbnail")
    stored = own.shelf.find(file.get("url"))
    content = stored.content if stored else decoded(file["inline"]) if file.get("inline") else None
    facts = described(
        message.name,
        content,
        **{name: file.get(name) for name in ("url", "secret", "inline", "name", "mime", "size")},
        **{name: body.get(name) for name in ("width", "height", "duration")},
        thumbnail={name: small[name] for name in ("url", "secret", "inline") if small.get(name)} if small else None,
    )
    if content is not None and file.get("md5"):
        facts["right"] = file["md5"] == md5(content).hexdigest()
    return facts
