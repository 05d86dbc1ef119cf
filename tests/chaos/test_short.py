"""The proof in small: deliver and convert are killed under a load, and every message is accounted for."""

from pathlib import Path
from random import SystemRandom

import pytest

from tests.chaos.catalogue import SCENARIOS
from tests.chaos.report import repeat
from tests.chaos.scenario import Result, run


def played(name: str, kafka: str, directory: Path) -> Result:
    """The short form of a scenario, with another seed each time; it must hold."""
    seed = SystemRandom().randrange(1_000_000)
    print(f"{name}: seed {seed}")
    result = run(SCENARIOS[name], seed=seed, bootstrap=kafka, node=None, directory=directory / name, short=True)
    assert result.good, "\n".join([repeat(result.scenario, seed, short=True), str(result.account), *result.complaints])
    return result


@pytest.mark.kafka
def test_killed_workers_lose_double_and_swap_nothing(kafka: str, tmp_path: Path) -> None:
    result = played("kill", kafka, tmp_path)
    assert result.counts["kill -9"] >= 6
    assert result.account.arrived == 2000


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.parametrize("name", ["rolling-three", "killed-three"])
def test_three_workers_updated_and_killed_with_the_settings_own_times(name: str, kafka: str, tmp_path: Path) -> None:
    played(name, kafka, tmp_path)


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.parametrize("name", ["echo-at-the-gate", "hold"])
def test_what_is_known_is_neither_forgotten_nor_overlooked(name: str, kafka: str, tmp_path: Path) -> None:
    played(name, kafka, tmp_path)
