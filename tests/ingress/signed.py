"""Callbacks as the platforms sign them, written from their pages and not with our own code."""

import json
import time
from hashlib import md5, sha1
from typing import Any

NOW = str(time.time_ns() // 1_000_000)
"""When all of one test is signed: `today` of the conftest sets it anew, as what was signed minutes ago is not what is new."""
SECRET = "new-secret"
OLD_SECRET = "old-secret"
YUNXIN = {"app_key": "key-1", "app_secret": SECRET, "app_secret_previous": OLD_SECRET}
EASEMOB = {"org": "acme", "app": "chat", "client_id": "c", "client_secret": "s-of-the-rest-api", "callback_secret": SECRET}

RONGCLOUD = {"app_key": "key-r", "app_secret": SECRET}
OWN = {"secret": "secret-of-the-own-server"}


def text(number: int, sender: str = "alice", receiver: str = "bob") -> bytes:
    fields = {
        "eventType": "1",
        "convType": "PERSON",
        "msgType": "TEXT",
        "fromAccount": sender,
        "to": receiver,
        "body": f"你好 {number}",
        "msgidServer": str(9_000_000_000 + number),
        "msgTimestamp": NOW,
    }
    return json.dumps(fields, ensure_ascii=False, indent=1).encode()


def signature(body: bytes, secret: str = SECRET, *, key: str = "key-1") -> dict[str, str]:
    """Yunxin's headers; in the case in which its console sends them."""
    digest = md5(body).hexdigest()
    check = sha1(f"{secret}{digest}{NOW}".encode()).hexdigest()
    return {"AppKey": key, "CurTime": NOW, "MD5": digest, "CheckSum": check}


def easemob(number: int, *, at: int | None = None, secret: str = SECRET, signed: bool = True, **fields: Any) -> bytes:
    """A message, or what *fields* make of it; *at* in ms since 1970 is what is signed beside the callId."""
    said: dict[str, Any] = {
        "callId": f"acme#chat_{number}",
        "eventType": "chat",
        "timestamp": int(NOW) if at is None else at,
        "chat_type": "chat",
        "from": "alice",
        "to": "bob",
        "msg_id": str(number),
        "payload": {"ext": {}, "bodies": [{"type": "txt", "msg": f"你好 {number}"}]},
        "appkey": "acme#chat",
    } | fields
    said = {name: value for name, value in said.items() if value is not None}
    if signed:
        said["security"] = md5(f"{said['callId']}{secret}{said['timestamp']}".encode()).hexdigest()
    return json.dumps(said, ensure_ascii=False).encode()
