"""Callbacks that are signed as they should be, and make no sense."""

import json
from hashlib import md5, sha1

SECRETS = {"old": ("demo-yunxin", "demo-yunxin-secret"), "new": ("demo#relay", "demo-easemob-secret")}
NOW = "1700000000123"


def poison(number: int) -> tuple[str, dict[str, str], bytes]:
    """(app, headers, body) of the *number*th one; they take turns in what is wrong."""
    if number % 2:
        return _yunxin(number)
    return _easemob(number)


def _yunxin(number: int) -> tuple[str, dict[str, str], bytes]:
    key, secret = SECRETS["old"]
    wrongs = (
        {"fromAccount": "mallory"},  # to nobody
        {"fromAccount": {"nested": ["mallory"]}, "to": 7, "body": None, "msgidServer": [], "msgTimestamp": "yesterday"},
    )
    fields = {"eventType": "1", "convType": "PERSON", "msgType": "TEXT", **wrongs[number // 2 % len(wrongs)]}
    body = json.dumps(fields).encode()
    digest = md5(body).hexdigest()
    check = sha1(f"{secret}{digest}{NOW}".encode()).hexdigest()
    return "old", {"Content-Type": "application/json", "AppKey": key, "CurTime": NOW, "MD5": digest, "CheckSum": check}, body


def _easemob(number: int) -> tuple[str, dict[str, str], bytes]:
    key, secret = SECRETS["new"]
    call = f"{key}_poison{number}"
    wrongs = (
        {"payload": 7, "from": ["mallory"], "to": {}},  # refused at the door
        {"payload": {"bodies": [{"type": "txt"}], "ext": []}, "from": "", "to": "bob"},
    )
    event = {
        "callId": call, "eventType": "chat", "chat_type": "chat", "timestamp": int(NOW), "appkey": key, "from": "mallory", "to": "bob",
        "msg_id": f"p{number}", "security": md5(f"{call}{secret}{NOW}".encode()).hexdigest(), **wrongs[number // 2 % len(wrongs)],
    }  # fmt: skip
    return "new", {"Content-Type": "application/json"}, json.dumps(event).encode()
