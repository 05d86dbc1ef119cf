"""History files. Source: "Easemob: download message history files".

Whether a recalled message stays in them, and how an hour without messages is answered, the page does not say: here
it stays, and there is no object. The records stand one to a line.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from gzip import compress
from hashlib import sha256
from hmac import compare_digest
from time import time
from urllib.parse import parse_qsl, quote

import orjson
from starlette.responses import Response

from tests.simulators.calls import Call
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.events import as_called_back
from tests.simulators.easemob.gate import Answer
from tests.simulators.easemob.state import Easemob
from tests.simulators.messages import Message

HOUR = 3_600_000
KEPT = 3 * 86_400_000
LIFE = 3600
"""Seconds for which a URL holds."""
NAME = re.compile(r"\d{10}")


def locate(easemob: Easemob, call: Call) -> Answer:
    """The URL of one hour's file, at a store of its own, which wants no token."""
    hour = call.path["hour"]
    begin = beginning(easemob, hour)
    if begin is None:
        return Refusal(400, "illegal_argument", f"illegal time {hour}, it should be yyyyMMddHH")
    now = easemob.now()
    appears = begin + HOUR + int(easemob.options.history_delay * 1000)
    if not begin + HOUR + KEPT > now >= appears:
        return Refusal(400, "illegal_argument", "maybe chat message history is expired or unstored")
    if next(within(easemob, begin), None) is None:
        return Refusal(404, "storage_object_not_found", f"storage object {hour} not found")
    easemob.accept("history", hour=hour)
    end = int(time()) + LIFE
    query = f"Expires={end}&OSSAccessKeyId=demo&Signature={quote(signature(easemob, hour, str(end)))}"
    return {"entities": [], "data": [{"url": f"http://{call.header(b'host')}/_history/{hour}.gz?{query}"}]}


def fetch(easemob: Easemob, call: Call) -> Response:
    """The file itself, while its URL holds."""
    hour, query = call.path["hour"], dict(parse_qsl(call.query.decode("latin-1")))
    end = query.get("Expires", "")
    signed = compare_digest(query.get("Signature", "").encode(), signature(easemob, hour, end).encode())
    begin = beginning(easemob, hour)
    if begin is None or not signed or int(end) < time():
        return Response("AccessDenied", 403)
    lines = [orjson.dumps(record(one)) + b"\n" for one in within(easemob, begin)]
    return Response(compress(b"".join(lines), 6), media_type="application/gzip")


def within(easemob: Easemob, begin: int) -> Iterator[Message]:
    """What is in the file of the hour from *begin* on."""
    seen = easemob.archive.within(begin, begin + HOUR)
    return (one for one in seen if easemob.options.import_in_files or not one.imported)


def beginning(easemob: Easemob, hour: str) -> int | None:
    """In ms; None when *hour* is none."""
    if not NAME.fullmatch(hour):
        return None
    try:
        named = datetime.strptime(hour, "%Y%m%d%H").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int((named - timedelta(hours=easemob.options.zone)).timestamp() * 1000)


def signature(easemob: Easemob, hour: str, end: str) -> str:
    return sha256(f"{easemob.application}{hour}{end}".encode()).hexdigest()


def record(message: Message) -> dict[str, object]:
    ends = {"from": message.sender, "to": message.to}
    payload = {"bodies": [as_called_back(message)], "ext": message.ext or {}, **ends}
    return {
        "msg_id": message.id,
        "timestamp": message.time,
        "direction": "outgoing",
        **ends,
        "chat_type": "chat" if message.type == "person" else "groupchat",
        "payload": payload,
    }


CALLS = (("GET", "chatmessages/{hour}", "history", "history", locate),)
