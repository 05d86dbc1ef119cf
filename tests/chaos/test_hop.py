"""The short form of the chaos run."""

import random
from pathlib import Path

import pytest

from tests.chaos.hop import SHORT, run


@pytest.mark.kafka
def test_nothing_is_lost_doubled_or_out_of_order_while_workers_are_killed_and_frozen(kafka: str, tmp_path: Path):
    report = run(SHORT._replace(seed=random.SystemRandom().randrange(1_000_000)), kafka, tmp_path)
    print(report)
    assert report.clean, f"{report}\nlogs: {tmp_path}"
