"""Somebody makes dead letters, more than any fuse has patience for: the honest are carried all the same, and every role stays ready.

And what is a fault of ours is held, seen, and released by command.
"""

import json
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Producer

from tests import succeeding, warm_python
from tests.stack import Stack
from tests.waiting import until

pytestmark = pytest.mark.kafka
MANY = 150
"""Over `hold.records`."""
MEMBERS = ["alice", "bob"]


@pytest.fixture(scope="module")
def own(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(
        tmp_path_factory.mktemp("letters"), bootstrap=kafka, prefix=f"t{uuid4().hex[:8]}.", partitions=2, limits=0, media=None
    ) as stack:
        yield stack


def put(stack: Stack, platform: str, values: list[tuple[bytes, str, bytes]]) -> None:
    """Callbacks as the ingress stores them: key, app, body."""
    producer = Producer({"bootstrap.servers": stack.bootstrap})
    for key, app, body in values:
        producer.produce(
            f"{stack.prefix}callbacks.{platform}",
            body,
            key,
            headers=[("app", app.encode()), ("received", b"%d" % int(time.time() * 1000))],
            partition=1 if key.startswith(b"one") else 0,
        )
    assert not producer.flush(30)


def sample(stack: Stack, role: str, name: str, **labels: str) -> float:
    lines = [line for line in stack.roles[role].metrics().splitlines() if line.startswith(f"im_relay_{name}{{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(f'{label}="{value}"' in line for label, value in labels.items()))


def said(stack: Stack, text: str) -> None:
    """An honest message crosses."""
    stack.yunxin.say("alice", "bob", text)
    until(lambda: any(text in json.dumps(one) for one in stack.easemob.journal("accepted")), why=stack.roles["convert"].tail)


STRANGE: dict[str, Callable[[int], tuple[bytes, str, bytes]]] = {
    "malformed": lambda number: (b"k%d" % number, "old", b"{"),
    "no object": lambda number: (b"k%d" % number, "old", b"[]"),
    "unmapped group": lambda number: (
        b"k%d" % number,
        "old",
        json.dumps(
            {
                "eventType": "1",
                "convType": "TEAM",
                "fromAccount": f"u{number}",
                "to": f"9{number}",
                "msgType": "TEXT",
                "body": "x",
                "msgidServer": f"7{number}",
            }
        ).encode(),
    ),
}


@pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)
def test_what_people_write_holds_nobody(own: Stack, make: Callable[[int], tuple[bytes, str, bytes]]) -> None:
    before = sample(own, "convert", "dead_letters_total", stage="convert")
    put(own, "yunxin", [make(number) for number in range(MANY)])
    until(lambda: sample(own, "convert", "convert_records_in_total") >= MANY)
    said(own, f"honest {uuid4().hex}")
    assert own.roles["convert"].ready()
    assert sample(own, "convert", "stage_held") == 0
    assert sample(own, "convert", "dead_letters_total", stage="convert") >= before


def test_what_the_target_refuses_holds_nobody(own: Stack) -> None:
    """Messages to whom the target does not know."""
    deliver = next(name for name in own.roles if name.startswith("deliver") and "yunxin" in name)
    for number in range(MANY):
        own.easemob.say("bob", f"nobody{number}", "x")
    until(lambda: sample(own, deliver, "dead_letters_total", cause="refused") >= MANY, why=own.roles[deliver].tail)
    text = f"honest {uuid4().hex}"
    own.easemob.say("bob", "alice", text)
    until(lambda: any(text in json.dumps(one) for one in own.yunxin.journal("accepted")), why=own.roles[deliver].tail)
    assert own.roles[deliver].ready()


def test_a_fault_of_settings_is_held_seen_and_released(own: Stack) -> None:
    """Callbacks of an app that this role's settings lack: of one partition, the other one goes on."""
    convert = own.roles["convert"]
    put(own, "easemob", [(b"one", "gone", b"{}") for _ in range(MANY)])
    until(lambda: sample(own, "convert", "app_held", cause="app-unknown") == 1, why=convert.tail)
    answer = httpx.get(f"http://127.0.0.1:{convert.observe}/readyz", trust_env=False)
    assert answer.status_code == 503
    assert "app-unknown" in answer.json()["waits_for"]["fuse"]
    assert "im-relay release" in answer.json()["waits_for"]["fuse"]
    assert sample(own, "convert", "dead_letters_total", cause="app-unknown") == 100
    assert httpx.get(f"http://127.0.0.1:{convert.observe}/livez", trust_env=False).status_code == 200
    said(own, f"honest {uuid4().hex}")
    released = warm_python.run("release", "--stage", "convert", "--app", "gone", "-c", str(own.config))
    assert "gone" in succeeding.said(released, "nobody is released")
    until(convert.ready, why=convert.tail)
    until(lambda: sample(own, "convert", "dead_letters_total", cause="app-unknown") == MANY)
    assert sample(own, "convert", "apps_released_total", by="command") == 1
