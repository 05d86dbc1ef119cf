"""Callbacks that are signed as they should be, and make no sense."""

import hmac
import json
import time
from hashlib import md5, sha1, sha256
from urllib.parse import urlencode

SECRETS = {"yunxin": ("demo-yunxin", "demo-yunxin-secret"), "easemob": ("demo#relay", "demo-easemob-secret")}
NOW = "1700000000123"

Poison = tuple[str, dict[str, str], bytes]
"""(app, headers, body)"""


def poison(source: str, number: int) -> Poison:
    """The *number*th one, of the app `old` on *source* and of `new` in turn; they take turns in what is wrong."""
    return {"yunxin": _yunxin, "rongcloud": _rongcloud, "own": _own}[source](number) if number % 2 else _easemob(number)


def _yunxin(number: int) -> Poison:
    key, secret = SECRETS["yunxin"]
    wrongs = (
        {"fromAccount": "mallory"},  # to nobody
        {"fromAccount": {"nested": ["mallory"]}, "to": 7, "body": None, "msgidServer": [], "msgTimestamp": "yesterday"},
    )
    fields = {"eventType": "1", "convType": "PERSON", "msgType": "TEXT", **wrongs[number // 2 % len(wrongs)]}
    body = json.dumps(fields).encode()
    digest = md5(body).hexdigest()
    check = sha1(f"{secret}{digest}{NOW}".encode()).hexdigest()
    return "old", {"Content-Type": "application/json", "AppKey": key, "CurTime": NOW, "MD5": digest, "CheckSum": check}, body


def _easemob(number: int) -> Poison:
    key, secret = SECRETS["easemob"]
    call = f"{key}_poison{number}"
    wrongs = (
        {"payload": 7, "from": ["mallory"], "to": {}},  # refused at the door
        {"payload": {"bodies": [{"type": "txt"}], "ext": []}, "from": "", "to": "bob"},
    )
    event = {
        "callId": call,
        "eventType": "chat",
        "chat_type": "chat",
        "timestamp": int(NOW),
        "appkey": key,
        "from": "mallory",
        "to": "bob",
        "msg_id": f"p{number}",
        "security": md5(f"{call}{secret}{NOW}".encode()).hexdigest(),
        **wrongs[number // 2 % len(wrongs)],
    }
    return "new", {"Content-Type": "application/json"}, json.dumps(event).encode()


def _rongcloud(number: int) -> Poison:
    now, nonce = str(int(time.time() * 1000)), str(number)
    signature = sha1(f"demo-rongcloud-secret{nonce}{now}".encode()).hexdigest()
    query = urlencode({"signTimestamp": now, "nonce": nonce, "signature": signature})
    wrongs = (
        {"toUserId": "", "channelType": "PERSON", "content": "{}"},  # to nobody
        {"toUserId": "bob", "channelType": "SPACE", "content": "[7", "msgTimestamp": "yesterday"},
    )
    fields = {"fromUserId": "mallory", "objectName": "RC:TxtMsg", "msgUID": f"p{number}", **wrongs[number // 2 % len(wrongs)]}
    return f"old?{query}", {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(fields).encode()


def _own(number: int) -> Poison:
    now = int(time.time())
    wrongs = ({"operation": {"op": "fly"}}, {"operation": 7, "at": "yesterday"})
    body = json.dumps(
        {"id": f"p{number}", "conversation": {"kind": "direct", "users": ["mallory", "bob"]}} | wrongs[number // 2 % 2]
    ).encode()
    digest = hmac.new(b"demo-own-secret", b"%d." % now + body, sha256).hexdigest()
    return "old", {"Content-Type": "application/json", "X-Relay-Timestamp": str(now), "X-Relay-Signature": f"v1={digest}"}, body
