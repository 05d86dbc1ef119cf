"""Attempts to have the operator's terminal do something: escape sequences, bidi overrides and line ends in ids, names, kinds and reasons."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from converters.core.model import Delivery, Direct
from converters.core.outcome import Delivered
from streams.deliver.ledger_schema import Intent, Settled
from tests.attacks.evidence import dangerous
from tests.operate.conftest import Ground, callback, command, delivery, rows

EVIL = "\x1b[2J\x1b]0;root\x07\x9b31m\u202egnp.exe\u2066\r\nyunxin:old:direct:7:post\tok\u200b\u2028\u2029[red]x[/]"


@pytest.fixture(name="ground")
def ground_(kafka: str, tmp_path: Path) -> Ground:
    return Ground(kafka, tmp_path)


def evil(number: int) -> Delivery:
    one = delivery(number)
    event = msgspec.structs.replace(
        one.event,
        id=f"yunxin:old:direct:{number}{EVIL}:post",
        remote_id=f"{number}{EVIL}",
        sender=f"alice{EVIL}",
        conversation=Direct(("alice", f"bob{EVIL}")),
    )
    return msgspec.structs.replace(one, event=event, sender=f"alice{EVIL}", receiver=f"bob{EVIL}")


@pytest.fixture
def prepared(ground: Ground) -> Ground:
    ground.bury(evil(1), evil(2), cause=f"refused{EVIL}", detail=f"said {EVIL}", stage=f"deliver{EVIL}", at=10**18)
    ground.know(
        evil(1), Intent(target=f"new{EVIL}", at=10**18), Settled(outcome=Delivered(f"9{EVIL}", -(10**18)), target=f"new{EVIL}", at=1)
    )
    ground.called(
        callback(3, sender=f"mallory{EVIL}"),
        callback(4, to=f"6100{EVIL}", team=True),
        callback(5, msgType=f"HOLOGRAM{EVIL}"),
        callback(6, msgidServer=f"6{EVIL}", msgTimestamp="9" * 25),
        b'{"' + EVIL.encode(),
    )
    ground.convert()
    return ground


COMMANDS = (
    ("dead", "list"),
    ("dead", "list", "--all", "--limit", "1"),
    ("dead", "list", "--conversation", f"group:{EVIL}"),
    ("dead", "show", f"no{EVIL}"),
    ("dead", "list", "--app", f"no{EVIL}"),
    ("dead", "list", "--since", EVIL),
    ("dead", "list", "--whose", EVIL),
    (f"no{EVIL}",),
    ("dead", f"no{EVIL}"),
    ("dead", "replay", "--dry-run", "--older"),
    ("trace", f"1{EVIL}"),
    ("trace", "3"),
    ("trace", f"1{EVIL}", "--show-text"),
    ("trace", f"none{EVIL}"),
    ("trace", "3", "--conversation", EVIL),
    ("replay", "--platform", "yunxin", "--since", "1h", "--dry-run"),
    ("replay", "--platform", f"no{EVIL}"),
    ("fidelity", "--topic", "--platform", "yunxin"),
    ("gaps", f"no{EVIL}"),
    ("gaps", "--conversation", EVIL),
    ("identities", "show", f"ann{EVIL}"),
    ("identities", "set", "group", f"yunxin=6{EVIL}", f"easemob=7{EVIL}", "--canonical", f"team{EVIL}"),
    ("identities", "list"),
    ("identities", "mark", f"ann{EVIL}", "--cohort", "new"),
    ("identities", "list", "--people"),
    ("identities", "forget", "group", f"yunxin=6{EVIL}"),
    ("topics", "check", "--prefix", f"x{EVIL}"),
    ("settings",),
    ("dead", "drop", "--reason", f"since{EVIL}", "--yes"),
    ("dead", "list", "--all"),
)
JSON = (
    ("dead", "list", "--json"),
    ("dead", "list", "--all", "--json"),
    ("trace", f"1{EVIL}", "--json"),
    ("trace", "3", "--json", "--show-text"),
    ("replay", "--platform", "yunxin", "--since", "1h", "--dry-run", "--json"),
    ("fidelity", "--topic", "--platform", "yunxin", "--json"),
)


def test_no_command_prints_what_a_terminal_obeys(prepared: Ground) -> None:
    said = ""
    for words in (*COMMANDS, *JSON):
        done = command(prepared.config, *words)
        assert not dangerous(done.output), words
        said += done.output
    assert "\\x1b[2J" in said, "it is shown, so that it can be seen"
    assert "\\u202egnp.exe" in said


def test_what_programs_read_says_the_same_as_what_was_written(prepared: Ground) -> None:
    for words in JSON:
        for line in command(prepared.config, *words).stdout.splitlines():
            json.loads(line)
    listed = rows(command(prepared.config, "dead", "list", "--json", "--stage", f"deliver{EVIL}"))
    assert [one["key"] for one in listed] == [f"yunxin:old:direct:{number}{EVIL}:post" for number in (1, 2)]


def test_a_letter_is_found_by_the_key_that_was_shown(prepared: Ground) -> None:
    shown = _key_in_table(command(prepared.config, "dead", "list").stdout)
    done = command(prepared.config, "dead", "show", shown)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["key"] == f"yunxin:old:direct:1{EVIL}:post"
    assert not dangerous(done.output)


def _key_in_table(text: str) -> str:
    lines = [line.split("│")[-2].strip() for line in text.splitlines() if line.startswith("│")]
    begin = next(number for number, line in enumerate(lines) if line.startswith("yunxin:old:direct:1\\x1b"))
    return lines[begin]


@pytest.mark.parametrize(
    "topic", ["elsewhere", "{prefix}elsewhere", "{prefix}ledger.easemob", "{prefix}identities", "x{prefix}deliveries.easemob"]
)
def test_a_made_up_letter_is_no_way_to_write_elsewhere(ground: Ground, topic: str) -> None:
    more: dict[str, Any] = {"topic": topic.format(prefix=ground.prefix), "partition": 0}
    ground.bury(delivery(1), **more)
    ground.bury(delivery(2))
    done = command(ground.config, "dead", "replay", "--yes")
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == "1 replayed, 1 name no topic that a stage reads, and were left: no role of ours wrote them"
    assert [row["key"] for row in rows(command(ground.config, "dead", "list", "--json"))] == ["yunxin:old:direct:1:post"]
