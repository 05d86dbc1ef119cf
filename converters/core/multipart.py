"""multipart/form-data with one file in it. Source: RFC 7578; what no header may hold is written as "HTML: Multipart form data" does."""

import re
from collections.abc import Mapping
from hashlib import sha256
from itertools import count

LONGEST_NAME = 200
"""Bytes of a file's name; what is before the suffix is cut."""

_MIME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,62}/[A-Za-z0-9][A-Za-z0-9.+_-]{0,62}")
_ODD = re.compile(r'[\x00-\x1f\x7f"]')


def write(fields: Mapping[str, str], part: str, name: str, mime: str, content: bytes) -> tuple[str, bytes]:
    """(Content-Type, body): *fields*, and last *content* as the part *part*; the same for the same.

    The names of fields and of the part must need no escaping. The boundary is made of what is sent, and is nowhere in it.
    """
    head = f'Content-Disposition: form-data; name="{part}"; filename="{filename(name)}"\r\nContent-Type: {media_type(mime)}\r\n\r\n'
    parts = [
        *(f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()),
        head.encode() + content,
    ]
    boundary = _boundary(parts)
    line = f"--{boundary}\r\n".encode()
    body = b"".join(line + one + b"\r\n" for one in parts) + f"--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body


def filename(name: str) -> str:
    """*name* as a quoted string: no path, and nothing that would end the string or the line."""
    plain = name.encode("utf-8", "replace").decode().replace("\\", "_").replace("/", "_")
    escaped = _ODD.sub(lambda found: f"%{ord(found[0]):02X}", plain)
    if len(escaped.encode()) > LONGEST_NAME:
        stem, dot, suffix = escaped.rpartition(".")
        suffix = dot + suffix if stem and len(suffix) <= 8 else ""
        escaped = escaped.encode()[: LONGEST_NAME - len(suffix.encode())].decode(errors="ignore") + suffix
    return escaped or "file"


def media_type(mime: str) -> str:
    """*mime* without its parameters; what is none is bytes."""
    plain = mime.partition(";")[0].strip()
    return plain if _MIME.fullmatch(plain) else "application/octet-stream"


def _boundary(parts: list[bytes]) -> str:
    digest = sha256()
    for part in parts:
        digest.update(part)
    for number in count():
        found = sha256(digest.digest() + number.to_bytes(8)).hexdigest()[:40]
        if not any(found.encode() in part for part in parts):
            return found
    raise AssertionError
