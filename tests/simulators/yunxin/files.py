"""Uploads, and the storage that serves them. Source: "Yunxin: msg/upload.action" and "Yunxin: msg/fileUpload.action".

The vendor's storage turns a voice message into an mp3 when asked; here that is a stand-in which begins as one does.
"""

import binascii
from base64 import b64decode
from email import policy
from email.parser import BytesParser
from hashlib import md5
from time import monotonic

import orjson
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators.calls import Call
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.state import Yunxin

LARGEST = 15 << 20
LEAST_EXPIRY = 86400
MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00"
BAD_RANGE = (-1, -1)


class Stored(Struct, frozen=True):
    """``until`` is on the monotonic clock, in seconds; None is never."""

    content: bytes
    type: str
    until: float | None


class Files:
    """What was uploaded, by path; a file that has expired or was taken away is 404."""

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl
        self._files: dict[str, Stored] = {}

    def keep(self, content: bytes, kind: str, base: str) -> str:
        """The URL of a new file, below *base*."""
        path = f"{len(self._files):x}-{md5(content).hexdigest()}"
        self._files[path] = Stored(content, kind, monotonic() + self._ttl if self._ttl else None)
        return f"{base}/nos/{path}"

    def upload(self, yunxin: Yunxin, call: Call) -> Answer:
        """A form with base64 text in ``content``."""
        form = call.form()
        try:
            content = b64decode(form.get("content", ""), validate=True)
        except binascii.Error:
            return Refusal(414, "content is no base64")
        return self._take(yunxin, call, content, form)

    def upload_file(self, yunxin: Yunxin, call: Call) -> Answer:
        """multipart/form-data with a part named ``content``."""
        head = f"Content-Type: {call.header(b'content-type')}\r\n\r\n".encode()
        whole = BytesParser(policy=policy.HTTP).parsebytes(head + call.body)
        parts: dict[str, bytes] = {}
        for part in whole.iter_parts() if whole.is_multipart() else ():
            name = part.get_param("name", header="content-disposition")
            raw = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(raw, bytes):
                parts[name] = raw
        content = parts.pop("content", b"")
        return self._take(yunxin, call, content, {name: raw.decode() for name, raw in parts.items()})

    def _take(self, yunxin: Yunxin, call: Call, content: bytes, form: dict[str, str]) -> Answer:
        expiry = form.get("expireSec", str(LEAST_EXPIRY))
        if not 0 < len(content) <= LARGEST:
            return Refusal(414, "content is missing or larger than 15 MB")
        if not expiry.isdecimal() or int(expiry) < LEAST_EXPIRY:
            return Refusal(414, "expireSec is less than 86400")
        if len(form.get("type", "")) > 128 or len(form.get("tag", "")) > 32:
            return Refusal(414, "type or tag is too long")
        kind = form.get("type") or "application/octet-stream"
        url = self.keep(content, kind, f"http://{call.header(b'host')}")
        yunxin.accept("upload", call, url=url, size=len(content), md5=md5(content).hexdigest())
        return {"url": url}

    def routes(self) -> list[Route]:
        """``/nos/…`` serves. ``POST /_files`` keeps a file as if a person had sent it, its type in the header;
        ``DELETE /_files?url=…`` takes one away, without ``url`` all of them."""
        return [
            Route("/nos/{path}", self.serve),
            Route("/_files", self.put, methods=["POST"]),
            Route("/_files", self.forget, methods=["DELETE"]),
        ]

    async def put(self, request: Request) -> Response:
        content = await request.body()
        kind = request.headers.get("content-type", "application/octet-stream")
        url = self.keep(content, kind, f"http://{request.headers['host']}")
        return said({"url": url, "size": len(content), "md5": md5(content).hexdigest()})

    async def forget(self, request: Request) -> Response:
        url = request.query_params.get("url")
        gone = list(self._files) if url is None else [url.rsplit("/", 1)[-1]]
        known = [path for path in gone if self._files.pop(path, None)]
        return said({"forgotten": len(known)}) if known else said({"error": "no such file"}, 404)

    async def serve(self, request: Request) -> Response:
        """One range at most, as RFC 9110 has it; more are answered by the whole."""
        stored = self._files.get(request.path_params["path"])
        if stored is None or (stored.until is not None and monotonic() >= stored.until):
            return Response(status_code=404)
        content, kind = stored.content, stored.type
        if "audioTrans" in request.query_params and request.query_params.get("type") == "mp3":
            content, kind = MP3 + content, "audio/mpeg"
        headers = {"Accept-Ranges": "bytes", "ETag": f'"{md5(content).hexdigest()}"'}
        wanted = span(request.headers.get("range", ""), len(content))
        if wanted is None:
            return Response(content, headers=headers, media_type=kind)
        if wanted == BAD_RANGE:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{len(content)}"})
        first, last = wanted
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return Response(content[first : last + 1], 206, headers=headers, media_type=kind)


def span(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte; None when the whole is to be given, ``BAD_RANGE`` when nothing can be."""
    unit, _, wanted = header.partition("=")
    first, dash, last = wanted.strip().partition("-")
    if unit != "bytes" or not dash or not (first + last).isdecimal():
        return None
    if not first:
        return (max(0, size - int(last)), size - 1) if int(last) else BAD_RANGE
    if last and int(last) < int(first):
        return None
    return (int(first), min(int(last), size - 1) if last else size - 1) if int(first) < size else BAD_RANGE


def said(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
