"""Files in messages. Source: "Easemob: send messages" and "Easemob: post-delivery callback events".

Whether the server looks at what a message names is not told; that clients cannot show a foreign or a locked file is. Here it
refuses, unless ``foreign_files`` is set, as it may be by older pages.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.simulators.easemob.errors import Refusal, not_sent
from tests.simulators.easemob.files import File
from tests.simulators.media import Media, described, number
from tests.simulators.messages import Message

if TYPE_CHECKING:
    from tests.simulators.easemob.state import Easemob

NAMES = {"image": "img", "gif": "img", "voice": "audio", "video": "video", "file": "file"}
KINDS = {"img": "image", "audio": "voice", "video": "video", "file": "file"}
SIZES = ("length", "file_length")
WORDS = ("filename", "secret", "thumb", "thumb_secret")
SIDE = 170


def sent(easemob: "Easemob", media: Media) -> tuple[str, dict[str, Any]]:
    """The kind and the body with which a person's app sends *media*, once it has put it there."""

    def put(content: bytes, kind: str) -> tuple[str, str]:
        file = easemob.files.keep(content, kind, (SIDE, SIDE), restricted=media.restricted)
        return f"{folder(easemob)}/{file.id}", file.secret

    url, secret = put(media.content, media.type)
    body: dict[str, Any] = {"filename": media.name, "secret": secret, "file_length": len(media.content), "url": url}
    match media.kind:
        case "image" | "gif":
            body["size"] = {"width": media.width, "height": media.height}
        case "voice":
            body["length"] = media.seconds
        case "video":
            body["length"] = media.seconds
            if media.thumbnail:
                body["thumb"], body["thumb_secret"] = put(media.thumbnail, "image/jpeg")
                body["size"] = dict(zip(("width", "height"), media.thumbnail_size, strict=True))
        case "file":
            pass
    return NAMES[media.kind], body | media.claims


def folder(easemob: "Easemob") -> str:
    return f"{easemob.base}{path(easemob)}"


def path(easemob: "Easemob") -> str:
    return f"/{easemob.options.org}/{easemob.options.app}/chatfiles"


def find(easemob: "Easemob", url: object) -> File | None:
    """The file at *url*, which may have its secret in the query, if it is one of this app's."""
    before, _, name = urlsplit(str(url)).path.rpartition("/")
    return easemob.files.find(name) if before == path(easemob) else None


def flaw(easemob: "Easemob", kind: str, body: dict[str, Any]) -> Refusal | None:
    """What keeps *body*, which has a url, from being shown."""
    if kind not in KINDS or easemob.options.foreign_files:
        return None
    size = body.get("size", {})
    if not isinstance(size, dict) or not all(whole(size.get(side, 0)) for side in ("width", "height")):
        return not_sent("body's size is not legal")
    if not all(whole(body.get(name, 0)) for name in SIZES) or not all(isinstance(body.get(name, ""), str) for name in WORDS):
        return not_sent("body is not legal")
    for url, secret in (("url", "secret"), ("thumb", "thumb_secret")):
        if not body.get(url):
            continue
        file = find(easemob, body[url])
        if file is None:
            return not_sent(f"{url} is no file of this app")
        if (file.restricted or body.get(secret)) and body.get(secret) != file.secret:
            return not_sent(f"{secret} does not open {url}")
    return None


def whole(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def held(easemob: "Easemob", message: Message) -> dict[str, Any] | None:
    """What *message* has of a file."""
    kind, body = KINDS.get(message.name), message.content
    if kind is None or not isinstance(body, dict):
        return None
    file, size = find(easemob, body.get("url")), body.get("size")
    sides = size if isinstance(size, dict) and kind == "image" else {}
    small = {"url": body["thumb"], "secret": body.get("thumb_secret", "")} if body.get("thumb") else None
    return described(
        kind,
        file.content if file else None,
        url=body.get("url"),
        secret=body.get("secret"),
        name=body.get("filename"),
        mime=file.type if file else "",
        duration=1000 * number(body.get("length")),
        width=number(sides.get("width")),
        height=number(sides.get("height")),
        thumbnail=small,
    )
