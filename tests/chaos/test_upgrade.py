"""Which build a rolling upgrade begins with; where there is none, it says so and is skipped, aloud."""

from pathlib import Path

import pytest

from tests.chaos import upgrade
from tests.chaos.scenario import Skipped
from tests.stack import ROOT


def test_without_a_history_it_is_skipped_aloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.delenv(upgrade.FROM, raising=False)
    with pytest.raises(Skipped, match="NO ROLLING UPGRADE was tried"):
        upgrade._ref()
    with pytest.raises(Skipped, match="NO ROLLING UPGRADE was tried"):
        upgrade._build("v0.1.0", str(tmp_path))


def test_the_build_is_that_which_is_named_or_the_last_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(upgrade.FROM, "some-tag")
    assert upgrade._ref() == "some-tag"
    monkeypatch.delenv(upgrade.FROM)
    if not (ROOT / ".git").exists():
        pytest.skip("there is no history here")
    ref = upgrade._ref()
    frozen = {path.read_text().strip(): path.parent.name for path in (ROOT / "tests" / "released").glob("*/commit")}
    built = upgrade._build(ref, str(tmp_path))
    assert (built / "streams" / "__main__.py").is_file()
    assert f'version = "{frozen.get(ref, ref.removeprefix("v"))}"' in (built / "pyproject.toml").read_text()
