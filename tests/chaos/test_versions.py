"""The oldest Kafka that the relay is for, and the newest: deliver and convert are killed there, too."""

from pathlib import Path
from random import SystemRandom

import pytest

from streams.kafka.local.jars import OTHERS
from tests.chaos.versions import line, tried

MESSAGES = 300


@pytest.mark.kafka
@pytest.mark.parametrize("kafka_version", [OTHERS[0], pytest.param(OTHERS[-1], marks=pytest.mark.slow)])
def test_killed_workers_lose_double_and_swap_nothing_on_other_versions(kafka_version: str, tmp_path: Path) -> None:
    seed = SystemRandom().randrange(1_000_000)
    (one,) = tried(kafka_version, ["kill"], seed, tmp_path, messages=MESSAGES, levels=False, brief=True)
    assert one.result.good, f"seed {seed}: {line(one)}"
    assert one.result.account.arrived == MESSAGES
    assert (one.level is None) == (kafka_version == OTHERS[0])
