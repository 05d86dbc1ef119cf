"""Attempts to have secrets, or what people wrote, written where they do not belong: in logs, metrics, keys, reasons, answers of commands.

The whole relay on real Kafka. The platforms fail in every way and quote in each failure all that they were sent; messages are refused and
become dead letters, are replayed, come damaged, unsigned, and with names that a terminal would obey.
"""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4
from zlib import crc32

import httpx
import pytest
from confluent_kafka import Producer

from tests.apps import APPS
from tests.attachments import document, picture
from tests.attacks.evidence import NEIGHBOUR, Written, dangerous, everything, im_relay, lying, secrets_of
from tests.attacks.quoting import KINDS, Quoting
from tests.stack import Stack
from tests.waiting import until
from tests.whole.crossing import IMPATIENT

WORDS = "pl4nted-w0rds-of-alice"
NAME = "pl4nted-f1le-name"
BOUNDARY = "pl4nted-in-a-forged-body"
PLANTED = (WORDS, NAME, BOUNDARY)
EVIL = "mallory\x1b[2J\u202egnp\u200b\u2028"


class Quoted(Stack):
    """Every call of the roles goes by way of an API that fails, and quotes."""

    def _app(self, platform: str, target: str) -> str:
        quoting = self.quoting[platform] = self._exit.enter_context(Quoting(self.sides[platform].url))
        return super()._app(platform, target).replace(self.sides[platform].url, quoting.url)

    quoting: dict[str, Quoting]


@pytest.fixture(scope="module")
def attacked(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quoted]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IM_RELAY_KAFKA__SESSION_TIMEOUT", "6")
        patch.setenv("IM_RELAY_OBSERVE__LEVEL", "debug")
        stack = Quoted(
            tmp_path_factory.mktemp("leaks"), bootstrap=kafka, prefix=f"leaks{uuid4().hex[:8]}.", partitions=2, settings=IMPATIENT
        )
        stack.quoting = {}
        with stack:
            attack(stack)
            yield stack


def attack(stack: Quoted) -> None:
    """Everything that might make the relay say too much."""
    for kind in KINDS:
        for platform in stack.platforms:
            stack.sides[platform].say("alice", "bob", f"{WORDS} [fail:{kind}]")
    stack.yunxin.say("alice", APPS["yunxin"].group, f"{WORDS} in the group", type="group")
    for platform in stack.platforms:
        for sample in (document(1), picture(2)):
            media = {**sample.media(), "name": f"{NAME}.bin"}
            stack.sides[platform].send("carol", "dave", media, type="person")
    _from_strangers(stack)
    _from_a_neighbour(stack)
    _settled(stack)
    _after_a_death(stack)


def _from_strangers(stack: Stack) -> None:
    """At the door: without signature, with a wrong one, damaged, in another's name."""
    body = json.dumps({"eventType": "1", "body": BOUNDARY, "fromAccount": EVIL, "to": "bob", "msgType": "TEXT", "convType": "PERSON"})
    secret = next(iter(secrets_of(stack.config)))
    with httpx.Client(base_url=stack.ingress, trust_env=False, timeout=10) as stranger:
        for app in ("old", "new", BOUNDARY):
            for content in (body.encode(), b'{"' + BOUNDARY.encode(), BOUNDARY.encode("utf-16"), b""):
                for headers in ({}, {"CheckSum": BOUNDARY, "CurTime": BOUNDARY, "MD5": BOUNDARY, "Authorization": secret}):
                    answer = stranger.post(f"/callbacks/{app}", content=content, headers={"content-type": "application/json", **headers})
                    assert BOUNDARY not in answer.text
                    assert secret not in answer.text


def _from_a_neighbour(stack: Stack) -> None:
    """In the topics: callbacks that no platform sent, and records that no role wrote."""
    producer = Producer({"bootstrap.servers": stack.bootstrap})

    def put(topic: str, key: bytes, value: bytes, **headers: bytes) -> None:
        producer.produce(stack.prefix + topic, value, key, crc32(key) % stack.partitions, headers=headers)

    def said(number: int, **more: Any) -> bytes:
        fields = {
            "eventType": "1",
            "convType": "PERSON",
            "msgType": "TEXT",
            "fromAccount": EVIL,
            "to": "bob",
            "body": WORDS,
            "msgidServer": str(number),
            "msgTimestamp": str(int(time.time() * 1000)),
            **more,
        }
        return json.dumps(fields).encode()

    ours = {"app": b"old", "received": b"%d" % int(time.time() * 1000)}
    put("callbacks.yunxin", NEIGHBOUR, said(880_001), **ours)
    put("callbacks.yunxin", NEIGHBOUR, said(880_002, convType="TEAM", to=f"99{EVIL}"), **ours)
    put("callbacks.yunxin", NEIGHBOUR, said(880_003, fromAccount=""), **ours)
    put("callbacks.yunxin", NEIGHBOUR, said(880_004, msgidServer=f"{EVIL}:x:y", msgTimestamp="9" * 30), **ours)
    put("callbacks.yunxin", NEIGHBOUR, b'{"' + WORDS.encode(), **ours)
    put("callbacks.yunxin", NEIGHBOUR, said(880_005), app=f"app {EVIL}".encode(), received=b"1")
    put("callbacks.yunxin", NEIGHBOUR, said(880_006), app=b"old", received=WORDS.encode())
    put("callbacks.easemob", NEIGHBOUR, said(880_007), **ours)
    for topic in (
        "deliveries.easemob",
        "backfill.yunxin",
        "echoes.easemob",
        "media.results.easemob",
        "media.jobs",
        "ledger.easemob",
        "identities",
    ):
        put(topic, NEIGHBOUR, f'{{"{WORDS}": "{WORDS}"}}'.encode())
        put(topic, NEIGHBOUR, WORDS.encode(), **{"relay-v": WORDS.encode()})
        put(topic, NEIGHBOUR, f'{{"entry":"intent","target":"{WORDS}","at":"{WORDS}"}}'.encode())
    assert producer.flush(30) == 0


def _settled(stack: Quoted) -> None:
    """Every failure has happened, and everything that can arrive has."""

    def there(platform: str) -> bool:
        return "the last word" in json.dumps(stack.sides[platform].journal("accepted"))

    for platform in stack.platforms:
        stack.sides[platform].say("alice", "bob", "the last word")
    until(lambda: all(map(there, stack.platforms)), 200, lambda: "\n".join(role.tail(20) for role in stack.roles.values()))
    letters = {"refused", "malformed", "group-unmapped", "foreign"}
    until(lambda: letters <= {json.loads(one.value).get("cause") for one in lying(stack) if one.topic.endswith("dead-letters")}, 60)


def _after_a_death(stack: Stack) -> None:
    """A worker that is killed, and its successor with what it had in hand."""
    role = stack.roles["deliver-easemob"]
    stack.yunxin.say("alice", "bob", f"{WORDS} while it dies")
    assert role.child is not None
    role.child.kill()
    role.child.wait()
    role.start()
    stack.wait_ready(role)
    stack.yunxin.say("carol", "bob", f"{WORDS} after its death")
    until(lambda: "after its death" in json.dumps(stack.easemob.journal("accepted")), 120, lambda: role.tail(40))


@pytest.fixture(scope="module")
def outputs(attacked: Quoted) -> dict[str, str]:
    """What the operator's commands say of all this; `dead show` and `--show-text` apart, which are asked for what was said."""
    letters = [json.loads(line)["key"] for line in im_relay(attacked, "dead", "list", "--json").splitlines() if line.startswith("{")]
    message = attacked.yunxin.journal("said")[0]["id"]
    commands = [
        ("settings",),
        ("topics", "check", "--replication", "1"),
        ("identities", "list"),
        ("identities", "show", "alice"),
        ("dead", "list"),
        ("dead", "list", "--json"),
        ("dead", "list", "--all", "--limit", "0"),
        ("trace", str(message)),
        ("trace", str(message), "--json"),
        ("trace", "880001"),
        ("trace", "880001", "--json"),
        ("trace", "no-such-message"),
        ("replay", "--platform", "yunxin", "--since", "1h", "--dry-run"),
        ("replay", "--platform", "yunxin", "--since", "1h", "--dry-run", "--json"),
        ("replay", "--platform", "easemob", "--since", "1h", "--yes", "--rate", "0"),
        ("gaps", "new", "--since", "1h"),
        ("gaps", "old", "--since", "1h"),
        ("gaps", "new", "--since", "1h", "--json"),
        ("fidelity", "--topic", "--platform", "yunxin", "--json"),
        ("fidelity", "--topic", "--platform", "yunxin"),
        ("dead", "replay", "--yes"),
        ("dead", "list", "--all", "--json"),
        ("dead", "show", "no-such-key"),
        ("dead", "drop", "--reason", "tried", "--yes"),
    ]
    assert letters
    return {" ".join(words): im_relay(attacked, *words) for words in commands}


@pytest.fixture(scope="module")
def written(attacked: Quoted, outputs: dict[str, str]) -> list[Written]:
    return list(everything(attacked, outputs))


def test_everything_was_tried(attacked: Quoted, written: list[Written]) -> None:
    """Or the tests below would say nothing."""
    for platform in attacked.platforms:
        missing = set(KINDS) - set(attacked.quoting[platform].failed)
        assert not missing, (platform, missing)
    assert attacked.quoting["easemob"].failed["401"] == 1, "a token was refused, and its secret quoted"
    assert len(attacked.quoting["easemob"].credentials) >= 1
    places = {one.where for one in written}
    assert {f"the log of {name}" for name in attacked.roles} <= places
    assert {
        "a value of callbacks.{platform}",
        "a value of ledger.{platform}",
        "the record in a dead letter",
        "a value of deliveries.{platform}",
    } <= places
    assert any(WORDS in one.text for one in written if one.content), "where it belongs, it is"


def test_no_secret_is_written_anywhere(attacked: Quoted, written: list[Written]) -> None:
    shown = set().union(*(one.credentials for one in attacked.quoting.values()))
    secrets = secrets_of(attacked.config) | {one for one in shown if len(one) >= 12}
    assert len(secrets) >= 4
    found = {(one.where, secret[:8]) for one in written for secret in secrets if secret in one.text}
    assert not found


def test_what_people_wrote_is_in_the_topics_that_carry_it_and_nowhere_else(written: list[Written]) -> None:
    found = {(one.where, words) for one in written if not one.content for words in PLANTED if words in one.text}
    # Names of apps and of keys in the settings are the operator's own; a stranger's app is named by nobody.
    assert not found


def test_nothing_that_is_shown_is_obeyed(written: list[Written]) -> None:
    shown = [one for one in written if one.where.startswith(("the log", "the output", "/"))]
    assert any("mallory" in one.text for one in shown), "the name is shown, so that it can be looked for"
    found = {(one.where, tuple(sorted(map(hex, map(ord, dangerous(one.text)))))) for one in shown if dangerous(one.text)}
    assert not found


def test_no_role_has_ended_or_stands_still(attacked: Quoted) -> None:
    for name, role in attacked.roles.items():
        assert role.ready(), name
        assert "Traceback" not in role.log.read_text(errors="replace"), name
