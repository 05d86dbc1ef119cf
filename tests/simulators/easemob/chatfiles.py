"""Upload and download. Source: "Easemob: upload and download files".

Whether an unrestricted file can be had without a token is not clear from the page; here whoever has neither a token
nor the file's secret is refused.
"""

import re
from hmac import compare_digest
from mimetypes import guess_type
from time import monotonic
from urllib.parse import parse_qs

from starlette.responses import Response

from tests.simulators.calls import Call
from tests.simulators.easemob import attachments
from tests.simulators.easemob.errors import BROKEN, CALL_LIMIT, EXPIRED, Refusal
from tests.simulators.easemob.gate import Answer
from tests.simulators.easemob.state import Easemob
from tests.simulators.file_moods import Upload
from tests.simulators.giving import given

SIDE = 170
NAME = re.compile(rb'[; ]name="([^"]*)"')
FILENAME = re.compile(rb'filename="([^"]*)"')
BOUNDARY = re.compile(r'boundary="?([^";]+)')
NO_FILE = Refusal(400, "illegal_argument", "file must be provided.")
TOO_LARGE = Refusal(413, "file exceeding maximum limit", "the file size exceeds the maximum limit.")
GONE = Refusal(404, "entity_not_found", "file may not exists")
CLOSED = Refusal(401, "unauthorized", "Unable to authenticate")
ILL = {404: GONE, 403: Refusal(403, "forbidden_op", "Forbidden")}
REFUSED = {Upload.UNAUTHORISED: EXPIRED, Upload.TOO_LARGE: TOO_LARGE, Upload.THROTTLED: CALL_LIMIT, Upload.BROKEN: BROKEN}


def upload(easemob: Easemob, call: Call) -> Answer:
    """The part named ``file`` of a form; without a token as well."""
    part = file_part(call)
    if part is None:
        return NO_FILE
    content, name, kind = part
    if len(content) > easemob.options.file_limit:
        return TOO_LARGE
    sides = [call.header(header) or str(SIDE) for header in (b"thumbnail-width", b"thumbnail-height")]
    if not all(side.isdecimal() and 0 < int(side) <= 4096 for side in sides):
        return Refusal(400, "illegal_argument", "thumbnail size is not legal")
    width, height = map(int, sides)
    kind = kind or guess_type(name)[0] or "application/octet-stream"
    restricted = call.header(b"restrict-access") == "true"
    file = easemob.files.keep(content, kind, (width, height), restricted=restricted)
    easemob.accept("file.upload", file=file.id, size=len(content), filename=name)
    entity = {"uuid": file.id, "type": "chatfile", "share-secret": file.secret}
    easemob.base = easemob.base or f"http://{call.header(b'host')}"
    return {"path": "/chatfiles", "uri": attachments.folder(easemob), "entities": [entity]}


def file_part(call: Call) -> tuple[bytes, str, str] | None:
    """Content, name and type of the part ``file``; None when the body is no form, or has none."""
    boundary = BOUNDARY.search(call.header(b"content-type"))
    if boundary is None:
        return None
    line = b"\r\n--" + boundary[1].encode("latin-1")
    for part in (b"\r\n" + call.body).split(line)[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        name, filename = NAME.search(head), FILENAME.search(head)
        if name and name[1] == b"file":
            kind = re.search(rb"(?i)content-type: *([^\r\n;]+)", head)
            named = filename[1].decode("utf-8", "replace") if filename else ""
            return content, named, kind[1].decode("latin-1") if kind else ""
    return None


def download(easemob: Easemob, call: Call) -> Answer:
    """With the secret as header or in the query, which a restricted file needs, or else a token."""
    file = easemob.files.find(call.path["file"])
    if file is None:
        return GONE
    asked = parse_qs(call.query.decode("latin-1")).get("share-secret", [""])[0]
    secret = call.header(b"share-secret") or asked
    known = compare_digest(secret.encode(), file.secret.encode())
    if not known and (secret or file.restricted or not call.header(b"authorization")):
        return CLOSED
    if monotonic() >= file.end:
        return Refusal(404, "file_expired", f"file {file.id} is expired")
    content, kind = file.content, file.type
    if call.header(b"thumbnail") == "true":
        small = file.small()
        if small is None:
            return GONE
        content, kind = small
    easemob.accept("file.download", file=file.id, size=len(content))
    good = Response(content, media_type=kind)
    return given(good, file.id, easemob.file_moods, easemob.journal, lambda status: ILL[status].response())


CALLS = (
    ("POST", "chatfiles", "file.upload", "file.upload", upload),
    ("GET", "chatfiles/{file}", "file.download", "file.download", download),
)
"""For both a token is not needed, though a wrong one is refused."""
