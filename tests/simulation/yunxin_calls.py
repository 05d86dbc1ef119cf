"""How a test calls the Yunxin simulator, as "Yunxin: Server API" has it."""

import time
from hashlib import sha1
from typing import Any

import httpx
import orjson

from tests.simulation.receiver import Receiver
from tests.simulators.client import SimulatorClient

SECRET = "demo-yunxin-secret"
HTTP = httpx.Client(trust_env=False)  # one for all: each would read the certificates anew


def signed(now: float | None = None) -> dict[str, str]:
    cur_time = str(int(time.time() if now is None else now))
    check = sha1(f"{SECRET}nonce{cur_time}".encode()).hexdigest()
    return {"AppKey": "demo-yunxin", "NONCE": "nonce", "curTime": cur_time, "CheckSum": check}


def call(simulator: SimulatorClient, path: str, form: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = HTTP.post(f"{simulator.url}/nimserver/{path}.action", data=form, headers=signed() | headers)
    assert answer.status_code == 200
    return dict(answer.json())


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"from": "alice", "ope": 0, "to": "bob", "type": 0, "body": orjson.dumps({"msg": words}).decode(), **more}


def send(simulator: SimulatorClient, words: str, request_id: str = "", **more: Any) -> dict[str, Any]:
    return call(simulator, "msg/sendMsg", text(words, **more), RequestId=request_id)


def send_v2(simulator: SimulatorClient, cid: str, words: str, **more: Any) -> dict[str, Any]:
    message = {"message_type": 0, "text": words, **more.pop("message", {})}
    url = f"{simulator.url}/nimserver/im/v2/conversations/{cid.replace('|', '%7C')}/messages"
    return dict(HTTP.post(url, json={"message": message, **more}, headers=signed()).json())


def call_v2(simulator: SimulatorClient, method: str, path: str, request: object = None, **query: str) -> dict[str, Any]:
    url = f"{simulator.url}/im/v2/{path.replace('|', '%7C')}"
    return dict(HTTP.request(method, url, json=request, params=query, headers=signed()).json())


def dumped(value: object) -> str:
    return orjson.dumps(value).decode()


def copies(simulator: SimulatorClient, receiver: Receiver) -> list[dict[str, Any]]:
    """The bodies of all copies, once none is on its way."""
    simulator.settled()
    return [got.body for got in receiver.got]
