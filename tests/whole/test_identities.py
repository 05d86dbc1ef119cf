"""A group that nobody has named yet, and what else cannot be carried: a dead letter without a word in any log."""

import re
import subprocess
import sys
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Producer

from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import DeadLetter
from tests.stack import ROOT, Stack
from tests.waiting import until
from tests.whole.topics import read

MEMBERS = ["alice", "bob"]


def letters(stack: Stack) -> list[DeadLetter]:
    return [dead_letter.load(one.value or b"") for one in read(stack, "dead-letters")]


@pytest.mark.slow
def test_a_group_set_by_command_is_seen_by_a_running_convert(stack: Stack) -> None:
    number = str(uuid4().int)[:9]
    old, new = f"7{number}", f"28000{number}"
    stack.yunxin.preload(MEMBERS, {old: MEMBERS})
    stack.easemob.preload(MEMBERS, {new: MEMBERS})
    stack.yunxin.say("alice", old, "too early", type="group")

    def early() -> list[DeadLetter]:
        return [letter for letter in letters(stack) if b"too early" in letter.value and old in letter.detail]

    (letter,) = until(early)
    assert (letter.cause, letter.whose) == ("group-unmapped", "ours")
    command = ["identities", "set", "group", f"yunxin={old}", f"easemob={new}", "-c", str(stack.config)]
    subprocess.run([sys.executable, "-m", "streams", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    # It follows the topic: what is said until it has read the entry is a dead letter, too, and no harm.
    count = iter(range(10_000))

    def arrived() -> bool:
        stack.yunxin.say("alice", old, f"now #{next(count)}", type="group")
        return any(one["to"] == new for one in stack.easemob.journal("accepted") if one["api"] == "send")

    until(arrived)


def test_no_role_logs_or_counts_words_or_secrets(stack: Stack) -> None:
    words = f"qu1te-private-{uuid4().hex}"
    stack.yunxin.preload(MEMBERS, {"7888": MEMBERS})
    stack.yunxin.say("alice", "7888", words, type="group")
    stack.yunxin.say("alice", "nobody", words)
    stack.easemob.say("bob", "nobody-at-yunxin", words)  # its target knows no such account
    for app in ("old", "new", "none"):
        httpx.post(f"{stack.ingress}/callbacks/{app}", content=f'{{"body": "{words}"'.encode(), trust_env=False)
    producer = Producer({"bootstrap.servers": stack.bootstrap})
    for value, headers in (
        (words.encode(), [("app", b"old"), ("received", b"1")]),
        (f'{{"eventType": "1", "body": "{words}"}}'.encode(), [("app", b"old"), ("received", b"1")]),
        (words.encode(), [("app", b"\xff"), ("received", b"1")]),
        (words.encode(), [("app", b"new"), ("received", words.encode())]),
        (words.encode(), [("app", words.encode())]),
    ):
        producer.produce(f"{stack.prefix}callbacks.yunxin", value, headers=headers)
    assert not producer.flush(30)

    def buried() -> bool:
        return {letter.cause for letter in letters(stack) if words.encode() in letter.value} >= {
            "group-unmapped",
            "malformed",
            "foreign",
            "app-unknown",
            "refused",
        }

    until(buried, why=lambda: str([one.cause for one in letters(stack)]))
    secrets = re.findall(r'_?secret = "(.*)"', stack.config.read_text())
    assert len(secrets) == 4
    for role in stack.roles.values():
        shown = role.log.read_text() + role.metrics()
        for private in (words, *secrets):
            assert private not in shown, role.name
