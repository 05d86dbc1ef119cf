"""`make demo` as a check."""

import os
import subprocess
import sys

from tests.stack import ROOT


def test_the_demo_ends_well(kafka: str) -> None:
    environment = {**os.environ, "ONCE": "1", "KAFKA_BOOTSTRAP": kafka}
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "every message arrived once and in order" in done.stdout
    assert "each the same when it arrived" in done.stdout
