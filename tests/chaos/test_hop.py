"""The short form of the chaos run."""

import random
from pathlib import Path

import pytest

from tests.chaos.hop import SHORT, run


@pytest.mark.slow
@pytest.mark.kafka
def test_nothing_is_lost_doubled_or_out_of_order_while_workers_are_killed_and_frozen(kafka: str, tmp_path: Path) -> None:
    options = SHORT._replace(seed=random.SystemRandom().randrange(1_000_000))
    print(f"seed {options.seed}")
    report = run(options, kafka, tmp_path)
    print(report)
    assert report.clean, f"repeat it with: python -m tests.chaos.hop --short --seed {options.seed}\n{report}\nlogs: {tmp_path}"
