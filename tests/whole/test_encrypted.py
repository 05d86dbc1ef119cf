"""The whole relay with encryption: messages cross as before, nothing that people wrote lies anywhere in the clear, and a person's words can be thrown away."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests import attachments, warm_python
from tests.attacks.evidence import lying
from tests.stack import Stack
from tests.waiting import until
from tests.whole.crossing import IMPATIENT, accepted

WORDS = "pl4nted-w0rds"
NAME = "pl4nted-f1le-name"
STRANGE = "6999999999"
"""A group that nobody has named: what is said there becomes a dead letter."""


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("master") / "key"
    path.write_text(base64.b64encode(os.urandom(32)).decode())
    return path


@pytest.fixture(scope="module")
def stack(kafka: str, master: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IM_RELAY_KAFKA__SESSION_TIMEOUT", "6")
        patch.setenv("IM_RELAY_ENCRYPTION__ENABLED", "true")
        patch.setenv("IM_RELAY_ENCRYPTION__MASTER_KEY_FILE", str(master))
        directory = tmp_path_factory.mktemp("encrypted")
        with Stack(directory, bootstrap=kafka, prefix=f"e{uuid4().hex[:8]}.", partitions=2, settings=IMPATIENT) as one:
            yield one


def im_relay(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    return warm_python.run(*words, "--config", str(stack.config))


def everywhere(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Every byte of every record, and of the state of all roles."""
    for one in lying(stack):
        for part in (one.key, one.value, *one.headers.values()):
            yield one.topic.removeprefix(stack.prefix), part
    for path in (stack.directory / "state").rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()


def forms() -> list[bytes]:
    """What was planted, as it is, and as the parts of base64 in which it would stand."""
    found = []
    for word in (WORDS.encode(), NAME.encode()):
        found.append(word)
        for shift in range(3):
            coded = base64.b64encode(bytes(shift) + word + bytes(3))
            found.append(coded[4 if shift else 0 : len(coded) - 8])
    return found


def texts(stack: Stack, platform: str) -> list[str]:
    return [str(entry.get("text")) for entry in accepted(stack.sides[platform], "send")]


def attached(stack: Stack) -> list[dict[str, Any]]:
    """Messages with a file that either side has taken."""
    return [entry for side in stack.sides.values() for entry in accepted(side, "send") if entry.get("media")]


def arrives(stack: Stack, platform: str, wanted: set[str]) -> None:
    until(lambda: wanted <= set(texts(stack, platform)), 120, stack.roles[f"deliver-{platform}"].tail)


def heard(stack: Stack, text: str) -> None:
    """The other side hears *text* of both platforms."""
    for platform, other in (stack.platforms, stack.platforms[::-1]):
        stack.sides[platform].say("alice", "bob", f"{text} on {platform}")
        arrives(stack, other, {f"{text} on {platform}"})


def test_nothing_that_was_said_lies_in_the_clear(stack: Stack) -> None:
    files = len(attached(stack))
    for platform in stack.platforms:
        for number in range(3):
            stack.sides[platform].say("alice", "bob", f"{WORDS} {number} on {platform}")
        media = {**attachments.document(1).media(), "name": f"{NAME}.bin"}
        stack.sides[platform].send("carol", "dave", media, type="person")
    stack.source.preload(["alice", "bob"], {STRANGE: ["alice", "bob"]})
    stack.source.say("alice", STRANGE, f"{WORDS} buried", type="group")
    for platform, other in (stack.platforms, stack.platforms[::-1]):
        wanted = {f"{WORDS} {number} on {platform}" for number in range(3)}
        arrives(stack, other, wanted)
    until(lambda: len(attached(stack)) >= files + 2, 90, stack.roles["media"].tail)
    letters = until(lambda: [json.loads(line) for line in im_relay(stack, "dead", "list", "--json").stdout.splitlines()], 60)
    assert [letter["cause"] for letter in letters] == ["group-unmapped"]
    assert f"{WORDS} buried" in im_relay(stack, "dead", "show", letters[0]["key"]).stdout, "whoever has the master key reads it"
    assert {topic for topic, _ in everywhere(stack)} >= {
        "callbacks.yunxin", "callbacks.easemob", "deliveries.yunxin", "deliveries.easemob", "media.jobs", "media.done", "media.results.easemob",
        "dead-letters",
    }  # fmt: skip
    found = {where for where, part in everywhere(stack) if any(form in part for form in forms())}
    assert found == set()


def test_a_person_s_words_go_and_the_others_stay(stack: Stack) -> None:
    heard(stack, "before")
    stack.source.say("bob", "alice", "of bob to alice")
    until(lambda: "of bob to alice" in texts(stack, stack.platforms[1]), 90)
    erased = im_relay(stack, "erase", "--user", "alice", "--app", "old", "--yes", "--json")
    assert erased.returncode == 0, erased.stderr
    done = [json.loads(line) for line in erased.stdout.splitlines()]
    assert done[-1]["keys"] >= 2, "of both platforms"
    again = im_relay(stack, "replay", "--platform", "yunxin", "--since", "1h", "--dry-run", "--json")
    assert again.returncode == 0, again.stderr
    assert "their keys were thrown away" in again.stderr
    assert '"post"' in again.stdout or "text" in again.stdout, "bob's and carol's are read"
    heard(stack, "after")


@pytest.mark.slow
def test_switched_on_and_off_under_load_nothing_is_lost_or_doubled(
    kafka: str, master: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each role is started anew with the setting changed, while people talk."""
    monkeypatch.setenv("IM_RELAY_KAFKA__SESSION_TIMEOUT", "6")
    monkeypatch.setenv("IM_RELAY_ENCRYPTION__MASTER_KEY_FILE", str(master))
    with Stack(tmp_path, bootstrap=kafka, prefix=f"s{uuid4().hex[:8]}.", partitions=2, settings=IMPATIENT) as stack:
        wanted: dict[str, set[str]] = {platform: set() for platform in stack.platforms}
        number = 0
        for enabled in ("false", "true", "false"):
            for role in stack.roles.values():
                for platform in stack.platforms:
                    for sender, to in (("alice", "bob"), ("carol", "dave")):
                        number += 1
                        wanted[platform].add(f"number {number}")
                        stack.sides[platform].say(sender, to, f"number {number}")
                role.stop()
                role._environment["IM_RELAY_ENCRYPTION__ENABLED"] = enabled
                role.start()
                stack.wait_ready(role)
        for platform, other in (stack.platforms, stack.platforms[::-1]):
            arrives(stack, other, wanted[platform])
            there = [text for text in texts(stack, other) if text in wanted[platform]]
            assert sorted(there) == sorted(wanted[platform]), "each once"
        sealed = [any(name == "relay-k" for name in one.headers) for one in lying(stack) if ".deliveries." in one.topic]
        assert set(sealed) == {True, False}
