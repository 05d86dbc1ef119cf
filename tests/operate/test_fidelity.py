"""`im-relay fidelity`: the table, and the count of one's own callbacks, from files and from the topic."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from typer.testing import CliRunner

from converters import PLATFORMS
from streams.cli.app import app
from tests.converters.shapes import message

WORDS = "qu1te private"
SAID = [
    message("yunxin", WORDS, number=1),
    message("yunxin", WORDS, number=2, to="61", kind="group"),
    message("yunxin", WORDS, number=3, native="HOLOGRAM"),
    message("yunxin", "", number=4, native="CUSTOM") | {"attach": json.dumps({"type": "order", "data": {"words": WORDS}})},
    message("yunxin", WORDS, number=5) | {"eventType": "77"},
]


def fidelity(*arguments: str) -> Any:
    done = CliRunner().invoke(app, ["fidelity", *arguments], terminal_width=200)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def rows(done: Any) -> dict[tuple[str, str], dict[str, Any]]:
    assert done.exit_code == 0, done.output
    return {(row["verdict"], row["kind"]): row for row in map(json.loads, done.stdout.splitlines())}


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "said.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in SAID) + "\n\n{broken\n")
    return path


def test_the_table_has_every_kind_and_platform() -> None:
    shown = fidelity()
    told = {row["kind"]: row["to"] for row in map(json.loads, fidelity("--json").stdout.splitlines())}
    for name, platform in PLATFORMS.items():
        assert f"to {name}" in shown.stdout
        for kind, level in platform.fidelity.items():
            assert told[kind][name] == {"level": level.word, "note": level.note}
    assert "recall" in shown.stdout


def test_recorded_callbacks_are_counted_by_what_they_would_become(recorded: Path) -> None:
    found = rows(fidelity("--callbacks", str(recorded), "--platform", "yunxin", "--to", "easemob", "--json"))
    text = found["carried", "text"]
    assert (text["count"], text["example"]) == (2, f"{recorded}:1")
    assert found["unknown", "HOLOGRAM"]["example"] == f"{recorded}:3"
    assert found["unknown", "HOLOGRAM"]["losses"]
    assert found["carried", "custom"]["count"] == 1
    assert found["dead", "malformed"]["example"] == f"{recorded}:7"
    assert sum(row["count"] for row in found.values()) == len(SAID) + 1
    assert [row["count"] for (verdict, _), row in found.items() if verdict == "dropped"] == [1]


def test_a_file_can_be_one_callback(tmp_path: Path) -> None:
    files = []
    for number, one in enumerate(SAID[:2]):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(one, indent=2))
    arguments = [part for path in files for part in ("--callbacks", str(path))]
    found = rows(fidelity(*arguments, "--platform", "yunxin", "--to", "own", "--json"))
    assert found["carried", "text"] | {"losses": {}} == {
        "verdict": "carried",
        "kind": "text",
        "count": 2,
        "losses": {},
        "example": str(files[0]),
    }


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_every_case_file_has_a_fate_in_the_count(name: str, tmp_path: Path) -> None:
    cases = Path(__file__).parents[1] / "cases" / name
    said = [json.loads(path.read_bytes())["given"].get("callback") for path in sorted(cases.glob("*.json"))]
    path = tmp_path / "said.jsonl"
    path.write_text("\n".join(json.dumps(one) if not isinstance(one, str) else one for one in said if one is not None))
    for to in sorted(PLATFORMS):
        found = rows(fidelity("--callbacks", str(path), "--platform", name, "--to", to, "--json"))
        defects = {kind for verdict, kind in found if verdict == "dead" and kind.startswith("defect")}
        assert not defects
        assert any(verdict == "carried" for verdict, _ in found) or name == "rongcloud"


def test_nothing_that_was_said_is_shown(recorded: Path) -> None:
    for more in ((), ("--json",)):
        done = fidelity("--callbacks", str(recorded), "--platform", "yunxin", "--to", "rongcloud", *more)
        assert done.exit_code == 0
        assert WORDS not in done.output
        assert "alice" not in done.output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--callbacks", "/nowhere", "--platform", "yunxin", "--to", "easemob"), "cannot read /nowhere"),
        (("--callbacks", "/nowhere", "--platform", "icq", "--to", "easemob"), "no platform 'icq'"),
        (("--callbacks", "/nowhere", "--platform", "yunxin"), "no platform ''"),
        (("--callbacks", "/nowhere", "--topic"), "either --topic or --callbacks"),
    ],
)
def test_what_cannot_be_counted_is_said(arguments: tuple[str, ...], why: str) -> None:
    done = fidelity(*arguments)
    assert done.exit_code == 2
    assert why in done.stderr


def test_the_rules_of_the_settings_are_in_the_count(recorded: Path, tmp_path: Path) -> None:
    config = settings(tmp_path, "127.0.0.1:1", "p.")
    found = rows(fidelity("--callbacks", str(recorded), "--platform", "yunxin", "--to", "easemob", "-c", str(config), "--json"))
    assert found["dropped", "rule:no-groups"]["count"] == 1


def settings(directory: Path, bootstrap: str, prefix: str) -> Path:
    path = directory / "relay.toml"
    path.write_text(
        f'kafka = {{bootstrap = "{bootstrap}", prefix = "{prefix}", partitions = 2}}\nmarks = {{secret = "of-the-marks-of-the-tests"}}\n'
        '[apps.old]\nplatform = "yunxin"\ntarget = "new"\naccount = {app_key = "k", app_secret = "ssssssssssssssss"}\n'
        '[[apps.old.rules]]\nname = "no-groups"\nconversations = ["group"]\ndo = "drop"\n'
        '[apps.new]\nplatform = "easemob"\ntarget = "old"\n'
        'account = {org = "o", app = "a", client_id = "i", client_secret = "ssssssssssssssss", callback_secret = "cccccccccccccccc"}\n'
    )
    return path


def test_what_lies_in_the_topic_is_counted_as_the_settings_route_it(kafka: str, tmp_path: Path) -> None:
    prefix = f"f{uuid4().hex[:8]}."
    config = settings(tmp_path, kafka, prefix)
    assert CliRunner().invoke(app, ["topics", "create", "-c", str(config)]).exit_code == 0
    producer = Producer({"bootstrap.servers": kafka})
    for one in SAID:
        producer.produce(f"{prefix}callbacks.yunxin", json.dumps(one).encode(), headers=[("app", b"old"), ("received", b"1")], partition=0)
    producer.produce(f"{prefix}callbacks.yunxin", b"{}", partition=1)
    assert not producer.flush(30)
    found = rows(fidelity("--topic", "--platform", "yunxin", "--since", "1h", "-c", str(config), "--json"))
    assert found["carried", "text"]["example"] == f"{prefix}callbacks.yunxin[0] @ 0"
    assert found["dropped", "rule:no-groups"]["count"] == 1
    assert found["dead", "app-unknown"]["example"] == f"{prefix}callbacks.yunxin[1] @ 0"
    assert sum(row["count"] for row in found.values()) == len(SAID) + 1
    shown = fidelity("--topic", "--platform", "yunxin", "-c", str(config))
    assert "6 callbacks" in shown.stdout
    none = fidelity("--topic", "--platform", "easemob", "-c", str(config))
    assert (none.exit_code, none.stderr.strip()) == (1, "there are no callbacks")
