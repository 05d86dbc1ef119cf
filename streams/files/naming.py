"""Names that strangers give, made harmless: keys in a store, display names, types."""

import hmac
import re
import unicodedata
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import quote

import msgspec

from converters.files.media_formats import FORMATS

KEY = re.compile(r"[a-z0-9_-]{1,32}/[0-9a-f]{40}(?:\.[a-z0-9]{1,8})?")
LONGEST = 120
"""Characters of a display name."""
UNTYPED = "application/octet-stream"

_EXTENSIONS = {one.mime: one.extension for one in FORMATS.values()}
_SHOWN = frozenset(one.mime for one in FORMATS.values() if one.kind != "other")
# Nothing here is run or drawn by a browser as a page: no HTML, XML, SVG, script.
_KNOWN = re.compile(r"text/plain|application/(?:json|gzip|msword|x-7z-compressed|vnd\.[a-z0-9.-]{1,100})")


def mac(secret: bytes, *said: str | int) -> bytes:
    """HMAC-SHA256 over fields, of which no two lists have the same bytes."""
    return hmac.digest(secret, msgspec.json.encode(said), sha256)


def key_of(secret: bytes, app: str, digest: str, extension: str, also: Sequence[str] = ()) -> str:
    """Where content with the SHA-256 *digest* lies for *app*: the same each time, and not to be guessed without the secret.

    *also* is what else tells two objects apart.
    """
    folder = re.sub(r"[^a-z0-9_-]+", "-", app.lower())[:32].strip("-") or "app"
    name = mac(secret, "key", folder, digest, extension, *also).hex()[:40]
    return f"{folder}/{name}.{extension}" if extension else f"{folder}/{name}"


def extension_of(mime: str, name: str) -> str:
    """What the type is called; for a type that is not known, how the name ends, if that is harmless. Without the dot."""
    if found := _EXTENSIONS.get(mime, ""):
        return found
    _, dot, end = name.lower().rpartition(".")
    return end if dot and re.fullmatch(r"[a-z0-9]{1,8}", end) else ""


def plain_mime(mime: str) -> str:
    """The type as it may be served: without parameters, and nothing that a browser would run."""
    plain = mime.partition(";")[0].strip().lower()
    return plain if plain in _EXTENSIONS or _KNOWN.fullmatch(plain) else UNTYPED


def plain_name(name: str) -> str:
    """*name* without control and direction characters, path separators and dots at its ends; never empty."""
    kept = "".join(
        "_" if char in '/\\:*?"<>|' else char for char in name if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
    kept = " ".join(kept.split()).strip(". ")
    if len(kept) > LONGEST:
        head, dot, end = kept.rpartition(".")
        tail = dot + end if dot and len(end) <= 8 else ""
        kept = (head if tail else kept)[: LONGEST - len(tail)].rstrip(". ") + tail
    return kept or "file"


def disposition(name: str, mime: str) -> str:
    """Content-Disposition for a plain name: pictures, sound and video are shown, all else is saved. Source: RFC 6266."""
    how = "inline" if mime in _SHOWN else "attachment"
    ascii_name = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in name)
    return f"{how}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
