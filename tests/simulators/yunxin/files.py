"""Uploads. Source: "Yunxin: msg/upload.action" and "Yunxin: msg/fileUpload.action"."""

import binascii
from base64 import b64decode
from email import policy
from email.parser import BytesParser
from hashlib import md5

from tests.simulators.calls import Call
from tests.simulators.file_moods import Upload
from tests.simulators.yunxin.gate import BROKEN, OVER_LIMIT, Answer, Refusal
from tests.simulators.yunxin.state import Yunxin

LARGEST = 15 << 20
LEAST_EXPIRY = 86400
TOO_LARGE = Refusal(414, "content is missing or larger than 15 MB")
REFUSED = {Upload.UNAUTHORISED: Refusal(403, "forbidden"), Upload.TOO_LARGE: TOO_LARGE, Upload.THROTTLED: OVER_LIMIT, Upload.BROKEN: BROKEN}


def upload(yunxin: Yunxin, call: Call) -> Answer:
    """A form with base64 text in ``content``."""
    form = call.form()
    try:
        content = b64decode(form.get("content", ""), validate=True)
    except binascii.Error:
        return Refusal(414, "content is no base64")
    return take(yunxin, call, content, form)


def upload_file(yunxin: Yunxin, call: Call) -> Answer:
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
    return take(yunxin, call, content, {name: raw.decode() for name, raw in parts.items()})


def take(yunxin: Yunxin, call: Call, content: bytes, form: dict[str, str]) -> Answer:
    expiry = form.get("expireSec", str(LEAST_EXPIRY))
    if not 0 < len(content) <= LARGEST:
        return TOO_LARGE
    if not expiry.isdecimal() or int(expiry) < LEAST_EXPIRY:
        return Refusal(414, "expireSec is less than 86400")
    if len(form.get("type", "")) > 128 or len(form.get("tag", "")) > 32:
        return Refusal(414, "type or tag is too long")
    kind = form.get("type") or "application/octet-stream"
    url = yunxin.shelf.keep(content, kind, f"http://{call.header(b'host')}")
    yunxin.accept("upload", call, url=url, size=len(content), md5=md5(content).hexdigest())
    return {"url": url}
