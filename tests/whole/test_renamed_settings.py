"""Settings under the names of an earlier release still hold, and whoever uses one is told the new name."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.settings.errors import names
from streams.settings.renamed import RENAMED
from streams.settings.root import Settings, SettingsError, load
from tests.whole.test_wrong_settings import GOOD


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("IM_RELAY_")]:
        monkeypatch.delenv(name)


def told(old: str) -> str:
    return f"{old} is now called {RENAMED[old]}: rename it in the settings; the next release refuses the old name"


def written(path: Path, old: str, value: str) -> Path:
    section, _, key = old.partition(".")
    path.write_text(f"[{section}]\n{key} = {value}\n{GOOD}")
    return path


def read(settings: Settings, name: str) -> object:
    section, _, key = name.partition(".")
    return getattr(getattr(settings, section), key)


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_name_in_the_file_sets_the_new_one(old: str, tmp_path: Path) -> None:
    assert old not in names(Settings)
    default = read(Settings(), RENAMED[old])
    expected = not default if isinstance(default, bool) else default + 1  # type: ignore[operator]
    settings = load(written(tmp_path / "relay.toml", old, str(expected).lower()))
    assert read(settings, RENAMED[old]) == expected
    assert settings.renamed == (told(old),)


def test_an_old_variable_sets_the_new_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "relay.toml").write_text(GOOD)
    monkeypatch.setenv("IM_RELAY_DELIVER__PATIENCE", "77")
    settings = load(tmp_path / "relay.toml")
    assert settings.deliver.retry_for == 77
    assert settings.renamed == (told("deliver.patience"),)
    monkeypatch.setenv("IM_RELAY_DELIVER__RETRY_FOR", "78")
    assert load(tmp_path / "relay.toml").deliver.retry_for == 78


def test_a_wrong_value_under_an_old_name_is_told_by_the_new_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r'deliver\.retry_for is "6h"; expected a number of seconds: write retry_for = 21600'):
        load(written(tmp_path / "relay.toml", "deliver.patience", '"6h"'))


def test_both_names_at_once_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "relay.toml", "deliver.patience", "60\nretry_for = 61")
    with pytest.raises(
        SettingsError, match=r"deliver\.patience is the old name of deliver\.retry_for, and both are set: remove deliver\.patience"
    ):
        load(path)


def test_the_command_tells_old_names_beside_what_holds(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["settings", "-c", str(written(tmp_path / "relay.toml", "gaps.every", "700"))])
    assert done.exit_code == 0
    assert told("gaps.every") in done.stderr
    assert '"interval": 700.0' in done.stdout
