"""Calls of RongCloud's Server API as a customer's server makes them, and what is routed, read."""

import re
import time
from hashlib import sha1
from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson

from tests.simulation.receiver import Got
from tests.simulators.client import SimulatorClient

SECRET = "demo-rongcloud-secret"
UID = re.compile(r"[0-9A-V]{4}(-[0-9A-V]{4}){3}")
HELLO = {"fromUserId": "alice", "toUserId": "bob", "objectName": "RC:TxtMsg", "content": '{"content":"hello"}'}


def signed(*, prefix: str = "", unit: int = 1000, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(time.time() * unit))
    sign = sha1(f"{secret}730214885{timestamp}".encode()).hexdigest()
    names = {"App-Key": "demo-rongcloud", "Nonce": "730214885", "Timestamp": timestamp, "Signature": sign}
    return {prefix + name: value for name, value in names.items()}


def post(simulator: SimulatorClient, path: str, form: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.post(f"{simulator.url}/{path}.json", data=form, headers=signed() | headers)


def call(simulator: SimulatorClient, path: str, form: dict[str, Any]) -> dict[str, Any]:
    answer = post(simulator, path, form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def send(simulator: SimulatorClient, words: str = "hello", **more: Any) -> dict[str, Any]:
    form = HELLO | {"content": orjson.dumps({"content": words}).decode()} | more
    return call(simulator, "message/private/publish", form)


def fault(answer: httpx.Response) -> tuple[int, int, str]:
    return answer.status_code, answer.json()["code"], answer.json()["errorMessage"]


def fields(got: Got) -> dict[str, str]:
    """A routed message, every field of which comes once."""
    read = parse_qs(got.raw.decode(), keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in read.values())
    return {name: values[0] for name, values in read.items()}


def said(got: Got) -> str:
    return str(orjson.loads(fields(got)["content"])["content"])
