"""Callbacks as the platforms sign them, written from their pages and not with our own code."""

import json
from hashlib import md5, sha1

NOW = "1700000000123"
SECRET = "new-secret"
OLD_SECRET = "old-secret"
YUNXIN = {"app_key": "key-1", "app_secret": SECRET, "app_secret_previous": OLD_SECRET}
EASEMOB = {"org": "acme", "app": "chat", "client_id": "c", "client_secret": "s", "callback_secret": SECRET}


def text(number: int, sender: str = "alice", receiver: str = "bob") -> bytes:
    fields = {
        "eventType": "1", "convType": "PERSON", "msgType": "TEXT", "fromAccount": sender, "to": receiver,
        "body": f"你好 {number}", "msgidServer": str(9_000_000_000 + number), "msgTimestamp": NOW,
    }  # fmt: skip
    return json.dumps(fields, ensure_ascii=False, indent=1).encode()


def signature(body: bytes, secret: str = SECRET, *, key: str = "key-1") -> dict[str, str]:
    """Yunxin's headers; in the case in which its console sends them."""
    digest = md5(body).hexdigest()
    check = sha1(f"{secret}{digest}{NOW}".encode()).hexdigest()
    return {"AppKey": key, "CurTime": NOW, "MD5": digest, "CheckSum": check}
