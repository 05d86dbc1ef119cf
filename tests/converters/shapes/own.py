"""The customer's own server. Source: docs/own.md."""

import hmac
import json
from hashlib import sha256
from typing import Any

from converters.platform import Incoming, Request
from tests.converters.shapes import NOW

SECRET = "secret"


def signed(said: Any, secret: str, headers: dict[str, str]) -> Incoming:
    body = said if isinstance(said, bytes) else json.dumps(said, ensure_ascii=False).encode()
    digest = hmac.new(secret.encode(), f"{NOW // 1000}.".encode() + body, sha256).hexdigest()
    return Incoming({"x-relay-timestamp": str(NOW // 1000), "x-relay-signature": f"v1={digest}", **headers}, "", body)


def message(text: str, *, sender: str, to: str, kind: str, number: int, ext: Any, native: str) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": "text", "text": text}
    if native:
        body = {"kind": "unknown", "vendor_kind": native, "payload": {"text": text}}
    operation: dict[str, Any] = {"op": "post", "body": body} | ({"ext": ext} if ext else {})
    place = {"kind": "direct", "users": [sender, to]} if kind == "direct" else {"kind": kind, "id": to}
    return {"id": f"m-{number}", "conversation": place, "sender": sender, "at": NOW + number, "operation": operation}


def echo(request: Request, number: int) -> dict[str, Any]:
    sent = json.loads(request.body)
    assert request.headers["Idempotency-Key"] == sent["id"] == sent["relay"]["id"]
    return {name: value for name, value in sent.items() if name != "there"} | {"id": f"m-{number}"}


def text(said: dict[str, Any]) -> str:
    body = said["operation"]["body"]
    return body["text"] if body["kind"] == "text" else f"[{body['kind']}: {body['vendor_kind']}]"


def fits(request: Request, said: dict[str, Any]) -> None:
    assert len(request.body) < 1 << 18


def elsewhere(said: dict[str, Any], user: str) -> list[dict[str, Any]]:
    """Who passes a message on makes a new event, and `relay` is no part of a message."""
    other = {name: value for name, value in said.items() if name != "relay"}
    return [other | {"sender": user, "conversation": {"kind": "direct", "users": [user, "dave"]}}]


def of_another_app(said: dict[str, Any]) -> None:
    return None
