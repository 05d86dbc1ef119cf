"""Easemob. Source: "Easemob: Callbacks after sending", "Easemob: Send a message"."""

import json
from hashlib import md5
from typing import Any

from converters.platform import Incoming, Request
from tests.converters.shapes import NOW

SECRET = "callback_secret"
FILE = "https://a1.easemob.com/demo/relay/chatfiles/6f1a7b10-0000-11ee-9d9e-8d3f7a4e0001"
"""Its clients show only files that lie there."""

CONTENTS = {
    "txt": "text",
    "img": "image",
    "audio": "audio",
    "video": "video",
    "loc": "location",
    "file": "file",
    "cmd": "cmd",
    "custom": "custom",
}


def signed(said: Any, secret: str, headers: dict[str, str]) -> Incoming:
    said = {**said, "security": md5(f"{said['callId']}{secret}{said['timestamp']}".encode()).hexdigest()}
    return Incoming(headers, "", json.dumps(said, ensure_ascii=False).encode())


def message(text: str, *, sender: str, to: str, kind: str, number: int, ext: Any, native: str) -> dict[str, Any]:
    said = {
        "callId": f"demo#relay_{number}",
        "eventType": "chat",
        "timestamp": NOW + number,
        "chat_type": "chat" if kind == "direct" else "groupchat",
        "from": sender,
        "to": to,
        "msg_id": str(1390000000000000000 + number),
        "payload": {"ext": ext or {}, "bodies": [{"type": native or "txt", "msg": text}]},
        "content_type": {"direct": "chat:user:text", "group": "chat:group:text", "room": "chat:room:text"}[kind],
        "appkey": "demo#relay",
    }
    if kind != "direct":
        said["group_id"] = to
    return said


def echo(request: Request, number: int) -> dict[str, Any]:
    sent = json.loads(request.body)
    kind = {"users": "direct", "chatgroups": "group", "chatrooms": "room"}[request.path.rsplit("/", 1)[1]]
    (to,) = sent["to"]
    said = message("", sender=sent["from"], to=to, kind=kind, number=number, ext=sent["ext"], native="")
    said["payload"]["bodies"] = [{"type": sent["type"], **sent["body"]}]
    said["content_type"] = said["content_type"].replace("text", CONTENTS[sent["type"]])
    return said


def text(said: dict[str, Any]) -> str:
    (body,) = said["payload"]["bodies"]
    assert body["type"] == "txt"
    shown: str = body["msg"]
    return shown


def fits(request: Request, said: dict[str, Any]) -> None:
    assert len(request.body) < 5000


def elsewhere(said: dict[str, Any], user: str) -> list[dict[str, Any]]:
    return [{**said, field: user} for field in ("to", "from")]


def of_another_app(said: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    return said | {"appkey": "other#app"}, {}
