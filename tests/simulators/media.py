"""What people send in the app besides words, and how the journal tells of it, whatever the platform."""

from base64 import b64decode
from binascii import Error
from hashlib import sha256
from mimetypes import guess_type
from typing import Any, Literal

from msgspec import Struct

Kind = Literal["image", "gif", "voice", "video", "file"]


class Media(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``content`` and ``thumbnail`` are base64 in JSON; ``duration`` is in ms. ``inline``: in the message itself, where
    the platform has a form for that. ``restricted``: to be had with its secret only, where there are secrets. ``claims``: what the
    message says in place of the truth, in the platform's own fields."""

    kind: Kind
    content: bytes
    name: str = ""
    mime: str = ""
    width: int = 0
    height: int = 0
    duration: int = 0
    thumbnail: bytes = b""
    thumbnail_size: tuple[int, int] = (0, 0)
    inline: bool = False
    restricted: bool = True
    claims: dict[str, Any] = {}

    @property
    def type(self) -> str:
        return self.mime or guess_type(self.name)[0] or "application/octet-stream"

    @property
    def extension(self) -> str:
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""

    @property
    def seconds(self) -> int:
        """Whole ones, as clients count them: never none."""
        return max(1, round(self.duration / 1000))


def described(kind: str, content: bytes | None = None, **facts: Any) -> dict[str, Any]:
    """``media`` of a journal entry: ``kind``, and as far as they are known ``url``, ``secret``, ``inline`` (base64), ``name``,
    ``mime``, ``width``, ``height``, ``duration`` (ms), ``thumbnail`` with the same keys, and ``size``, ``sha256`` of *content*."""
    found: dict[str, Any] = {"kind": "gif" if kind == "image" and content and content.startswith(b"GIF8") else kind}
    found |= {name: value for name, value in facts.items() if value}
    if content is not None:
        found |= {"size": len(content), "sha256": sha256(content).hexdigest()}
    return found


def journaled(media: Media | None, held: dict[str, Any] | None) -> dict[str, Any]:
    """What an entry has besides the message's own facts: *held*, and of what a person sent just now the truth of it."""
    if media is not None:
        truth = {"mime": media.type, "width": media.width, "height": media.height, "duration": media.duration}
        held = (held or {}) | described(media.kind, media.content, name=media.name, **truth)
        held["kind"] = media.kind
    return {"media": held} if held else {}


def number(value: object) -> int:
    """0 for what is none; a number may come as a text."""
    try:
        return round(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return 0


def decoded(text: object) -> bytes | None:
    """The bytes of base64 without line breaks; None when it is none."""
    try:
        return b64decode(text, validate=True) if isinstance(text, str) else None
    except (Error, ValueError):
        return None
