"""A file service with plain URLs: what people sent in the app lies here, and is given to everybody who knows where."""

from hashlib import md5
from time import monotonic
from urllib.parse import urlsplit

import orjson
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators.file_moods import FileMoods
from tests.simulators.giving import given
from tests.simulators.journal import Journal

BAD_RANGE = (-1, -1)


class Stored(Struct, frozen=True):
    """``until`` is on the monotonic clock, in seconds; None is never."""

    content: bytes
    type: str
    until: float | None


class Shelf:
    """Files by path, below *folder*; one that has expired, *ttl* seconds after it came (0 is never), or was taken away is 404."""

    def __init__(self, folder: str, ttl: float, moods: FileMoods, journal: Journal) -> None:
        self._folder = folder
        self._ttl = ttl
        self._moods = moods
        self._journal = journal
        self._files: dict[str, Stored] = {}
        self._count = 0

    def keep(self, content: bytes, kind: str, base: str) -> str:
        """The URL of a new file, below *base*."""
        path = f"{self._count:x}-{md5(content).hexdigest()}"
        self._count += 1
        self._files[path] = Stored(content, kind, monotonic() + self._ttl if self._ttl else None)
        return f"{base}/{self._folder}/{path}"

    def find(self, url: object) -> Stored | None:
        """What lies at *url*, which may have a query, if it is one of ours."""
        folder, _, path = urlsplit(str(url)).path.lstrip("/").partition("/")
        return self._files.get(path) if folder == self._folder else None

    def shown(self, stored: Stored, request: Request) -> tuple[bytes, str]:
        """Content and type, as the query asks for them."""
        return stored.content, stored.type

    def routes(self) -> list[Route]:
        """``/<folder>/…`` serves. ``POST /_files`` keeps a file as if a person had sent it, its type in the header;
        ``DELETE /_files?url=…`` takes one away, without ``url`` all of them."""
        return [
            Route(f"/{self._folder}/{{path}}", self.serve),
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
        path = request.path_params["path"]
        stored = self._files.get(path)
        if stored is None or (stored.until is not None and monotonic() >= stored.until):
            return Response(status_code=404)
        content, kind = self.shown(stored, request)
        good = part(content, kind, md5(stored.content).hexdigest(), request.headers.get("range", ""))
        if request.method == "HEAD":
            return good
        return given(good, path, self._moods, self._journal, lambda status: Response(status_code=status))


def part(content: bytes, kind: str, tag: str, wanted: str) -> Response:
    """*content*, or the range of it that is *wanted*."""
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{tag}"'}
    found = span(wanted, len(content))
    if found is None:
        return Response(content, headers=headers, media_type=kind)
    if found == BAD_RANGE:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(content)}"})
    first, last = found
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
