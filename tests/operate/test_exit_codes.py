"""Kafka that is away is never an answer: every command that asks it ends with 2, and says why."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from tests.whole.test_wrong_settings import GOOD

COMMANDS = {
    "topics check": [],
    "topics create": [],
    "transactions list": [],
    "transactions abort": ["deliveries.easemob", "0", "--yes"],
    "identities list": [],
    "identities show": ["alice"],
    "dead list": [],
    "dead show": ["0:0"],
    "dead replay": ["--yes"],
    "dead drop": ["--reason", "gone", "--yes"],
    "gaps": ["old"],
    "replay": ["--platform", "yunxin", "--since", "1h", "--yes"],
    "report": ["--since", "1h"],
    "erase": ["--user", "ann", "--app", "old", "--dry-run"],
    "trace": ["yunxin:old:msg:1"],
    "release": ["--app", "old"],
    "fidelity": ["--topic", "--platform", "yunxin"],
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    path = tmp_path / "relay.toml"
    path.write_text(f'[kafka]\nbootstrap = "127.0.0.1:{port}"\nconnect_timeout = 0.2\nrequest_timeout = 1.0\n{GOOD}')
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_kafka_away_is_two(command: str, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IM_RELAY_KAFKA__BOOTSTRAP", raising=False)
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    done = CliRunner().invoke(app, [*command.split(), *COMMANDS[command], "-c", str(config)])
    assert done.exit_code == 2, done.output
    assert "Kafka" in done.stderr or "kafka.bootstrap" in done.stderr
    assert "Usage:" not in done.stderr, done.stderr
