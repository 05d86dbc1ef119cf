"""Tests share one tree of commands: whoever asks in Chinese leaves it as it was."""

import pytest
from typer.testing import CliRunner

from streams.cli.app import app


def test_help_in_chinese_is_of_that_call_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IM_RELAY_LANG", "en")
    before = CliRunner().invoke(app, ["console", "--help"]).stdout
    monkeypatch.setenv("IM_RELAY_LANG", "zh")
    assert CliRunner().invoke(app, ["console", "--help"]).stdout != before
    monkeypatch.setenv("IM_RELAY_LANG", "en")
    after = CliRunner().invoke(app, ["console", "--help"]).stdout
    assert "Example: im-relay console" in " ".join(after.split())
