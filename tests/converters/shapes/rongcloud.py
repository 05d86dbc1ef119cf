"""RongCloud. Source: "RongCloud: Full message routing", "RongCloud: Send messages"."""

import json
from hashlib import sha1
from typing import Any
from urllib.parse import parse_qsl, urlencode

from converters.platform import Incoming, Request
from tests.converters.shapes import NOW

SECRET = "app_secret"
UNTOLD = {"block-changed", "muted"}
"""Of both it has calls, and no callback."""
CHANNELS = {"direct": "PERSON", "group": "GROUP", "room": "TEMPGROUP"}


def body(said: Any) -> bytes:
    """A message is a form; what has an eventType, or is no message, is JSON. A text stays what it is."""
    if isinstance(said, bytes | str):
        return said if isinstance(said, bytes) else said.encode()
    if isinstance(said, dict) and "objectName" in said and "eventType" not in said:
        return urlencode({name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()}).encode()
    return json.dumps(said, ensure_ascii=False).encode()


def signed(said: Any, secret: str, headers: dict[str, str]) -> Incoming:
    """In the classic form; in the newer one where *headers* name an appKey."""
    held = dict(headers)
    app_key = held.pop("appKey", "")
    nonce = "551900127"
    signature = sha1(f"{secret}{nonce}{NOW}".encode()).hexdigest()
    time = {"appKey": app_key, "timestamp": NOW} if app_key else {"signTimestamp": NOW}
    return Incoming(held, urlencode({"nonce": nonce, **time, "signature": signature}), body(said))


def message(text: str, *, sender: str, to: str, kind: str, number: int, ext: Any, native: str) -> dict[str, Any]:
    content = {"content": text} | ({"extra": json.dumps(ext)} if ext is not None else {})
    return {
        "fromUserId": sender,
        "toUserId": to,
        "objectName": f"RC:{native or 'TxtMsg'}",
        "content": json.dumps(content, ensure_ascii=False),
        "channelType": CHANNELS[kind],
        "msgTimestamp": str(NOW + number),
        "msgUID": f"CRER-DAJI-{number:04}-KAPS",
        "sensitiveType": "0",
        "source": "" if kind == "room" else "iOS",
        "busChannel": "",
        "groupUserIds": "",
    }


def echo(request: Request, number: int) -> dict[str, Any]:
    if "json" in request.headers["Content-Type"]:
        sent = json.loads(request.body)
        to, channel, bus = sent["toGroupIds"][0], "ULTRAGROUP", sent.get("busChannel", "")
    else:
        sent, bus = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)), ""
        kind = request.path.split("/")[2]
        to = sent[{"private": "toUserId", "system": "toUserId", "group": "toGroupId", "chatroom": "toChatroomId"}[kind]]
        channel = {"private": "PERSON", "system": "NOTIFY", "group": "GROUP", "chatroom": "TEMPGROUP"}[kind]
    said = message("", sender=sent["fromUserId"], to=to, kind="direct", number=number, ext=None, native="")
    source = "" if channel in {"TEMPGROUP", "ULTRAGROUP"} else "Server"
    return said | {
        "objectName": sent["objectName"],
        "content": sent["content"],
        "channelType": channel,
        "source": source,
        "busChannel": bus,
    }


def text(said: dict[str, Any]) -> str:
    assert said["objectName"] == "RC:TxtMsg"
    shown: str = json.loads(said["content"])["content"]
    return shown


def fits(request: Request, said: dict[str, Any]) -> None:
    assert len(request.body) < 100_000
    assert len(said["content"].encode()) < 128 << 10


def elsewhere(said: dict[str, Any], user: str) -> list[dict[str, Any]]:
    """Passed on, and done in place by a client that copied all of it."""
    return [{**said, field: user} for field in ("toUserId", "fromUserId")] + [{**said, "source": "iOS"}]


def of_another_app(said: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    return said, {"appKey": "other"}
