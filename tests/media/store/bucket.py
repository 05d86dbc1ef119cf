"""A simulated bucket, path-style: PUT, HEAD, GET, DELETE, multipart uploads; every request's signature is checked."""

import hashlib
import re
import time
import uuid
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.media.store import sigv4

ACCESS, SECRET, NAME = "AKIAEXAMPLE", "example/secret+of/a+bucket", "chat"
KEPT = ("content-type", "content-disposition")


class Object:
    def __init__(self, content: bytes, head: dict[str, str]) -> None:
        self.content, self.head, self.at = content, head, datetime.now(UTC)

    @property
    def answer(self) -> dict[str, str]:
        tag = hashlib.md5(self.content).hexdigest()
        return self.head | {"etag": f'"{tag}"', "last-modified": format_datetime(self.at, usegmt=True)}


class Bucket:
    """*faults*: statuses that the next requests but HEAD get; *seen*: method, key and query's names of each that was authentic."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.seen: list[tuple[str, str, tuple[str, ...]]] = []
        self.faults: list[int] = []
        self.may_look = True
        self.public = False
        self.ahead = 0.0
        self._parts: dict[str, dict[int, bytes]] = {}
        self._heads: dict[str, dict[str, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = await self._answer(request)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        query = parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True)
        body = await request.body()
        key = request.scope["path"].removeprefix(f"/{NAME}/")
        if self.public and request.method == "GET" and not query:
            return self._got(key)
        wrong = self._refusal(request, query, body)
        if wrong:
            return _error(403, wrong)
        self.seen.append((request.method, key, tuple(sorted(name for name, _ in query))))
        if self.faults and request.method != "HEAD":
            return _error(self.faults.pop(0), "Fault")
        if request.method == "POST" and request.scope["path"] == f"/{NAME}" and "delete" in dict(query):
            return self._deleted(body)
        if not request.scope["path"].startswith(f"/{NAME}/"):
            return _error(404, "NoSuchBucket")
        said = dict(query)
        match request.method:
            case "HEAD" if not self.may_look:
                return _error(403, "AccessDenied")
            case "HEAD":
                found = self.objects.get(key)
                return (
                    Response(status_code=404)
                    if found is None
                    else Response(headers=found.answer | {"content-length": str(len(found.content))})
                )
            case "GET":
                return self._got(key)
            case "PUT" if "uploadId" in said:
                self._parts[said["uploadId"]][int(said["partNumber"])] = body
                return Response(headers={"etag": f'"{hashlib.md5(body).hexdigest()}"'})
            case "PUT":
                self.objects[key] = Object(body, _kept(request))
                return Response(headers=self.objects[key].answer)
            case "POST" if "uploads" in said:
                mark = uuid.uuid4().hex
                self._parts[mark], self._heads[mark] = {}, _kept(request)
                return _xml(
                    f"<InitiateMultipartUploadResult><Bucket>{NAME}</Bucket><Key>{key}</Key><UploadId>{mark}</UploadId></InitiateMultipartUploadResult>"
                )
            case "POST":
                parts = self._parts.pop(said["uploadId"])
                sizes = [len(parts[number]) for number in sorted(parts)]
                assert min(sizes[:-1], default=5 << 20) >= 5 << 20, "Source: Amazon S3 multipart upload limits"
                self.objects[key] = Object(b"".join(parts[number] for number in sorted(parts)), self._heads.pop(said["uploadId"]))
                return _xml(
                    f'<CompleteMultipartUploadResult><Key>{key}</Key><ETag>"{uuid.uuid4().hex}-2"</ETag></CompleteMultipartUploadResult>'
                )
            case "DELETE" if "uploadId" in said:
                self._parts.pop(said["uploadId"], None)
                return Response(status_code=204)
            case _:
                return _error(405, "MethodNotAllowed")

    def _refusal(self, request: Request, query: list[tuple[str, str]], body: bytes) -> str:
        path = request.scope["raw_path"].decode()
        if "X-Amz-Signature" in dict(query):
            given, expected, access, until = sigv4.of_query(SECRET, request.method, path, query, request.headers)
            if time.time() + self.ahead > until:
                return "Request has expired"
        elif "authorization" in request.headers:
            given, expected, access = sigv4.of_header(SECRET, request.method, path, query, request.headers)
            said = request.headers["x-amz-content-sha256"]
            if said not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
                return "XAmzContentSHA256Mismatch"
        else:
            return "AccessDenied"
        return "" if given == expected and access == ACCESS else "SignatureDoesNotMatch"

    def _deleted(self, body: bytes) -> Response:
        """What is not there is no error. Source: Amazon S3 DeleteObjects."""
        keys = re.findall("<Key>([^<]+)</Key>", body.decode())
        for key in keys:
            self.objects.pop(key, None)
        return _xml(f"<DeleteResult>{''.join(f'<Deleted><Key>{key}</Key></Deleted>' for key in keys)}</DeleteResult>")

    def _got(self, key: str) -> Response:
        found = self.objects.get(key)
        return _error(404, "NoSuchKey") if found is None else Response(found.content, headers=found.answer)


def _kept(request: Request) -> dict[str, str]:
    return {name: request.headers[name] for name in KEPT if name in request.headers}


def _xml(text: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', media_type="application/xml")


def _error(status: int, code: str) -> Response:
    answer = _xml(f"<Error><Code>{code}</Code></Error>")
    answer.status_code = status
    return answer
