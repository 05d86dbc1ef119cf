"""Parley. Source: "Webhooks", "Content"."""

import hmac
import json
from typing import Any

from converters.platform import Incoming, Request
from tests.converters.shapes import NOW

SECRET = "webhook_secret"
CHANNELS = {"direct": "user", "group": "group", "room": "room"}


def signed(said: Any, secret: str, headers: dict[str, str]) -> Incoming:
    body = said if isinstance(said, bytes) else json.dumps(said, ensure_ascii=False).encode()
    timestamp = str(NOW // 1000)
    digest = hmac.new(secret.encode(), timestamp.encode() + b"\n" + body, "sha256").hexdigest()
    return Incoming({"parley-timestamp": timestamp, "parley-signature": digest, **headers}, "", body)


def message(text: str, *, sender: str, to: str, kind: str, number: int, ext: Any, native: str) -> dict[str, Any]:
    return {
        "event": "message.sent",
        "appKey": "pk_demo",
        "messageId": f"Pm{number}",
        "channel": {"type": CHANNELS[kind], "id": to},
        "from": sender,
        "sentAt": NOW + number,
        "via": "client",
        "content": {"type": native or "text", "text": text},
        "meta": ext or {},
    }


def echo(request: Request, number: int) -> dict[str, Any]:
    sent = json.loads(request.body)
    said = message("", sender=sent["from"], to=sent["channel"]["id"], kind="direct", number=number, ext=sent["meta"], native="")
    return said | {"channel": sent["channel"], "content": sent["content"], "via": "api"}


def text(said: dict[str, Any]) -> str:
    assert said["content"]["type"] == "text"
    return str(said["content"]["text"])


def fits(request: Request, said: dict[str, Any]) -> None:
    assert len(said["content"]["text"].encode()) <= 4000
    assert len(json.dumps(said["meta"])) <= 4096


def elsewhere(said: dict[str, Any], user: str) -> list[dict[str, Any]]:
    return [said | {"from": user}, said | {"channel": {"type": "user", "id": user}}, said | {"via": "client"}]


def of_another_app(said: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    return said | {"appKey": "pk_other"}, {}
