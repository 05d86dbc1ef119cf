"""What the tests know of each platform by themselves: how it signs, and what it calls back for a request of ours."""

import json
from hashlib import md5, sha1
from typing import Any
from urllib.parse import parse_qsl, unquote

from converters.platform import Incoming, Request

NOW = 1_700_000_000_000


def incoming(platform: str, said: Any, secret: str, **headers: str) -> Incoming:
    """*said* as the platform would post it, signed with *secret*."""
    return {"easemob": _easemob_signed, "yunxin": _yunxin_signed}[platform](said, secret, headers)


def _yunxin_signed(said: Any, secret: str, headers: dict[str, str]) -> Incoming:
    body = said if isinstance(said, bytes) else json.dumps(said, ensure_ascii=False).encode()
    digest = md5(body).hexdigest()
    signature = sha1(f"{secret}{digest}{NOW}".encode()).hexdigest()
    return Incoming({"md5": digest, "curtime": str(NOW), "checksum": signature, **headers}, "", body)


def _easemob_signed(said: Any, secret: str, headers: dict[str, str]) -> Incoming:
    said = {**said, "security": md5(f"{said['callId']}{secret}{said['timestamp']}".encode()).hexdigest()}
    return Incoming(headers, "", json.dumps(said, ensure_ascii=False).encode())


def message(
    platform: str,
    text: str = "hi",
    *,
    sender: str = "alice",
    to: str = "bob",
    kind: str = "direct",
    number: int = 1,
    ext: Any = None,
    native: str = "",
) -> dict[str, Any]:
    """A callback of a message, text or of the platform's own kind *native*."""
    if platform == "yunxin":
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
    said = {
        "callId": f"demo#relay_{number}",
        "eventType": "chat",
        "timestamp": NOW + number,
        "chat_type": "chat" if kind == "direct" else "groupchat",
        "from": sender,
        "to": to,
        "msg_id": str(1390000000000000000 + number),
        "payload": {"ext": ext or {}, "bodies": [{"type": native or "txt", "msg": text}]},
        "content_type": {"direct": "chat:user:text", "group": "chat:group:text", "room": "chat:room:text"}[
            kind
        ],
        "appkey": "demo#relay",
    }
    if kind != "direct":
        said["group_id"] = to
    return said


def as_callback(platform: str, request: Request, number: int = 1) -> dict[str, Any]:
    """What the platform calls back after it has taken *request*."""
    return {"easemob": _easemob_echo, "yunxin": _yunxin_echo}[platform](request, number)


def _easemob_echo(request: Request, number: int) -> dict[str, Any]:
    sent = json.loads(request.body)
    kind = {"users": "direct", "chatgroups": "group", "chatrooms": "room"}[request.path.rsplit("/", 1)[1]]
    (to,) = sent["to"]
    return message(
        "easemob", sent["body"]["msg"], sender=sent["from"], to=to, kind=kind, number=number, ext=sent["ext"]
    )


def _yunxin_echo(request: Request, number: int) -> dict[str, Any]:
    if request.path.startswith("/im/v2"):
        sent = json.loads(request.body)
        sender, kind, to = unquote(request.path.split("/")[4]).split("|")
        text, ext = sent["message"]["text"], sent["extension"]
        of = {"1": "PERSON", "2": "TEAM", "3": "SUPER_TEAM"}[kind]
    else:
        sent = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
        ext = sent["ext"]
        if "chatroom" in request.path:
            said = message("yunxin", sent["attach"], sender=sent["fromAccid"], to=sent["roomid"], kind="room")
            return said | {"fromClientType": "REST", "msgidClient": sent["msgId"], "ext": ext}
        text = json.loads(sent["body"])["msg"]
        if "superteam" in request.path:
            sender, to, of = sent["fromAccid"], sent["tid"], "SUPER_TEAM"
        else:
            sender, to, of = sent["from"], sent["to"], {"0": "PERSON", "1": "TEAM"}[sent["ope"]]
    said = message("yunxin", text, sender=sender, to=to, number=number)
    return said | {"convType": of, "fromClientType": "REST", "ext": ext}
