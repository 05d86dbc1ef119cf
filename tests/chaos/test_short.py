"""The proof in small: deliver and convert are killed under a load, and every message is accounted for."""

from pathlib import Path

import pytest

from tests.chaos.catalogue import SCENARIOS
from tests.chaos.scenario import run


@pytest.mark.kafka
def test_killed_workers_lose_double_and_swap_nothing(kafka: str, tmp_path: Path) -> None:
    result = run(SCENARIOS["kill"], seed=1, bootstrap=kafka, node=None, directory=tmp_path / "kill", short=True)
    assert result.good, "\n".join([str(result.account), *result.complaints])
    assert result.counts["kill -9"] >= 6
    assert result.account.arrived == 2000
