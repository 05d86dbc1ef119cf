"""What the store of files believes: an upload signed by the relay, a link signed with an end. Pure; times are seconds since 1970."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hmac import compare_digest
from urllib.parse import parse_qs, quote, unquote, urlencode

from msgspec import Struct

from streams.files.naming import KEY, extension_of, key_of, mac, plain_mime, plain_name

ROOT = "/files/"
FRESH = 300
"""Seconds that the clocks of the two may differ, and that an upload's signature holds."""


class SignedUpload(Struct, frozen=True, kw_only=True):
    """What is signed of a PUT. A second one with the same signature changes nothing: the content is named by it."""

    key: str
    digest: str
    length: int
    name: str
    mime: str
    time: int


class SignedLink(Struct, frozen=True, kw_only=True):
    key: str
    name: str
    mime: str
    until: int


def upload(secret: bytes, app: str, *, digest: str, length: int, name: str, mime: str, now: float) -> SignedUpload:
    """A PUT of content with the SHA-256 *digest*, its name and type made harmless."""
    name, mime = plain_name(name), plain_mime(mime)
    key = key_of(secret, app, digest, extension_of(mime, name))
    return SignedUpload(key=key, digest=digest, length=length, name=name, mime=mime, time=int(now))


def headers(secret: bytes, one: SignedUpload) -> dict[str, str]:
    """The head of the PUT of *one* to `/files/<key>`."""
    return {
        "content-length": str(one.length),
        "content-type": one.mime,
        "x-im-relay-name": quote(one.name, safe=""),
        "x-im-relay-sha256": one.digest,
        "x-im-relay-time": str(one.time),
        "authorization": f"IM-Relay {_signature(secret, one)}",
    }


def taken(secret: bytes, path: str, head: Mapping[str, str], now: float) -> SignedUpload | None:
    """The upload that *head* (lower-case names) announces; None unless we signed it, lately, for this *path* and content."""
    key = path.removeprefix(ROOT)
    length, time, digest = (head.get(name, "") for name in ("content-length", "x-im-relay-time", "x-im-relay-sha256"))
    if not (path.startswith(ROOT) and KEY.fullmatch(key) and re.fullmatch(r"[0-9a-f]{64}", digest)):
        return None
    if not (re.fullmatch(r"[0-9]{1,15}", length) and re.fullmatch(r"[0-9]{1,12}", time)):
        return None
    name, mime = unquote(head.get("x-im-relay-name", "")), head.get("content-type", "")
    one = SignedUpload(key=key, digest=digest, length=int(length), name=name, mime=mime, time=int(time))
    if not _same(head.get("authorization", ""), f"IM-Relay {_signature(secret, one)}") or abs(now - one.time) > FRESH:
        return None
    folder, _, rest = key.partition("/")
    return one if key == key_of(secret, folder, digest, rest.partition(".")[2]) else None


def link(secret: bytes, one: SignedLink) -> str:
    """Path and query of a GET that is answered until then."""
    query = urlencode({"type": one.mime, "until": one.until, "sig": _link_signature(secret, one)})
    return f"{ROOT}{one.key}/{quote(one.name, safe='')}?{query}"


def asked(secret: bytes, path: str, query: str) -> SignedLink | None:
    """The link that a GET of *path* (decoded) and *query* (not decoded) is; None unless we signed it. Its end is the caller's to see."""
    parts = path.removeprefix(ROOT).split("/")
    if not path.startswith(ROOT) or len(parts) != 3 or not KEY.fullmatch("/".join(parts[:2])):
        return None
    try:
        given = parse_qs(query, keep_blank_values=True, max_num_fields=3)
    except ValueError:
        return None
    if set(given) != {"type", "until", "sig"} or not re.fullmatch(r"[0-9]{1,12}", given["until"][0]):
        return None
    one = SignedLink(key="/".join(parts[:2]), name=parts[2], mime=given["type"][0], until=int(given["until"][0]))
    return one if _same(given["sig"][0], _link_signature(secret, one)) else None


def _signature(secret: bytes, one: SignedUpload) -> str:
    return mac(secret, "PUT", ROOT + one.key, one.digest, one.length, one.time, one.name, one.mime).hex()


def _link_signature(secret: bytes, one: SignedLink) -> str:
    return urlsafe_b64encode(mac(secret, "GET", one.key, one.name, one.mime, one.until)).decode().rstrip("=")


def _same(given: str, expected: str) -> bool:
    return compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
