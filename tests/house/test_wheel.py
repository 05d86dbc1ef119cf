"""A wheel of this tree is whole, and runs where nothing else is installed."""

from pathlib import Path

import pytest

from tests.wheel import built, check


@pytest.mark.slow
def test_the_wheel_is_whole_and_runs(tmp_path: Path) -> None:
    check(built(tmp_path), tmp_path / "environment")
