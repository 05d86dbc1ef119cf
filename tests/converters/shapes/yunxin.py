"""Yunxin. Source: "Yunxin: Message copy", "Yunxin: Send a message (v1, v2)"."""

import json
from hashlib import md5, sha1
from typing import Any
from urllib.parse import parse_qsl, unquote

from converters.core import wire
from converters.platform import Incoming, Request
from tests.converters.shapes import NOW

SECRET = "app_secret"
UNTOLD = {"block-changed"}
"""There is a call, and no callback."""
NAMES = {"0": "TEXT", "1": "PICTURE", "2": "AUDIO", "3": "VIDEO", "4": "LOCATION", "6": "FILE", "10": "TIPS", "100": "CUSTOM"}


def body(said: Any) -> bytes:
    """A text stays what it is: bytes that no JSON writer would make."""
    return said.encode() if isinstance(said, str) else said if isinstance(said, bytes) else json.dumps(said, ensure_ascii=False).encode()


def signed(said: Any, secret: str, headers: dict[str, str]) -> Incoming:
    raw = body(said)
    digest = md5(raw).hexdigest()
    signature = sha1(f"{secret}{digest}{NOW}".encode()).hexdigest()
    return Incoming({"md5": digest, "curtime": str(NOW), "checksum": signature, **headers}, "", raw)


def message(text: str, *, sender: str, to: str, kind: str, number: int, ext: Any, native: str) -> dict[str, Any]:
    said = {
        "eventType": "1",
        "convType": {"direct": "PERSON", "group": "TEAM", "room": ""}[kind],
        "fromAccount": sender,
        "fromClientType": "IOS",
        "msgTimestamp": str(NOW + number),
        "msgType": native or "TEXT",
        "msgidClient": f"8d3f7a4e-0000-4b7a-9d9e-{number:012}",
        "msgidServer": str(1203344570000 + number),
        "to": to,
        "body": text,
        "attach": "",
        "ext": "" if ext is None else json.dumps(ext),
    }
    if kind == "room":
        said |= {"eventType": "4", "roomId": to, "attach": text, "body": ""}
        del said["to"], said["convType"], said["msgidServer"]
    return said


def echo(request: Request, number: int) -> dict[str, Any]:
    if request.path.startswith("/im/v2"):
        sent = json.loads(request.body)
        sender, kind, to = unquote(request.path.split("/")[4]).split("|")
        content, ext = sent["message"].get("attachment"), sent["extension"]
        number_of, text = str(sent["message"]["message_type"]), sent["message"].get("text", "")
        of = {"1": "PERSON", "2": "TEAM", "3": "SUPER_TEAM"}[kind]
    else:
        sent = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
        if "sendAttachMsg" in request.path:
            said = _plain("", sent["from"], sent["to"], number) | {"fromClientType": "REST", "convType": "CUSTOM_PERSON"}
            return said | {"msgType": "CUSTOM_P2P_MSG", "attach": sent["attach"], "ext": ""}
        ext = sent["ext"]
        if "chatroom" in request.path:
            said = _plain(sent["attach"], sent["fromAccid"], sent["roomid"], 1, "room")
            said |= {"fromClientType": "REST", "msgidClient": sent["msgId"], "ext": ext}
            return said | {"msgType": NAMES[sent["msgType"]]}
        number_of, content = sent["type"], json.loads(sent["body"])
        text = content["msg"] if number_of in {"0", "10"} else ""
        if "superteam" in request.path:
            sender, to, of = sent["fromAccid"], sent["tid"], "SUPER_TEAM"
        else:
            sender, to, of = sent["from"], sent["to"], {"0": "PERSON", "1": "TEAM"}[sent["ope"]]
    said = _plain(text, sender, to, number) | {"convType": of, "fromClientType": "REST", "ext": ext}
    attach = "" if number_of in {"0", "10"} else json.dumps(content, ensure_ascii=False)
    return said | {"msgType": NAMES[number_of], "attach": attach}


def _plain(text: str, sender: str, to: str, number: int, kind: str = "direct") -> dict[str, Any]:
    return message(text, sender=sender, to=to, kind=kind, number=number, ext=None, native="")


def text(said: dict[str, Any]) -> str:
    assert said["msgType"] == "TEXT"
    shown: str = said["attach"] if said["eventType"] == "4" else said["body"]
    return shown


def fits(request: Request, said: dict[str, Any]) -> None:
    assert len(said["attach"]) <= 4096
    assert len(wire.dump_any({"msg": said["body"]}).decode()) <= 5000
    assert len(said["ext"]) <= 1024


def elsewhere(said: dict[str, Any], user: str) -> list[dict[str, Any]]:
    return [{**said, field: user} for field in ("to", "fromAccount")]


def of_another_app(said: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    return said, {"appkey": "other"}
