"""Signed callbacks, made beforehand, so that the load generator only writes and reads."""

import json
import time
from hashlib import md5, sha1

PLATFORM = "yunxin"
APP = "bench"
SECRET = "bench-secret"
NOW = str(time.time_ns() // 1_000_000)
"""When all of them are signed: a copy is taken for days."""
ACCOUNT = {"app_key": "bench-key", "app_secret": SECRET}
EASEMOB = {"org": "acme", "app": "chat", "client_id": "c", "client_secret": "bench-client-secret", "callback_secret": SECRET}


def request(number: int, *, app: str = APP, secret: str = SECRET) -> bytes:
    """One HTTP request of about 900 bytes: a text between two of 500 people, as Yunxin copies it."""
    sender, receiver = f"user{number % 500:04}", f"user{(number * 7 + 1) % 500:04}"
    fields = {
        "fromNick": "Ming",
        "msgType": "TEXT",
        "msgidServer": str(9_000_000_000 + number),
        "fromAccount": sender,
        "fromClientType": "IOS",
        "fromDeviceId": "1f2e3d4c-5b6a-7988-8776-655443322110",
        "to": receiver,
        "eventType": "1",
        "body": f"第 {number} 条 message",
        "convType": "PERSON",
        "msgidClient": f"b5d2f3a4-{number:012}",
        "resendFlag": "0",
        "msgTimestamp": "1700000000123",
    }
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    now = NOW
    digest = md5(body).hexdigest()
    check = sha1(f"{secret}{digest}{now}".encode()).hexdigest()
    head = (
        f"POST /callbacks/{app} HTTP/1.1\r\nHost: relay.example\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"AppKey: bench-key\r\nCurTime: {now}\r\nMD5: {digest}\r\nCheckSum: {check}\r\n"
        f"User-Agent: Yunxin/1.0\r\nAccept: */*\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    return head + body
