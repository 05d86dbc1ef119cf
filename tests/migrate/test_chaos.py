"""The proof in small; `make chaos-migrate` is the large one."""

from pathlib import Path
from random import SystemRandom

import pytest

from tests.migrate.chaos import Size, play


@pytest.mark.kafka
@pytest.mark.slow
def test_a_migration_beside_live_traffic_is_whole_whatever_is_killed(tmp_path: Path) -> None:
    """Worker, feeder and broker are killed; every live message arrives, and the old platform hears nothing of what is moved."""
    seed = SystemRandom().randrange(1_000_000)
    size = Size(users=600, groups=40, members=5, friends=1, messages=1500, kills=3, live=100, rate=5.0)
    played = play(tmp_path, size, seed, print)
    assert not played.complaints, f"seed {seed}: {played.complaints}"
