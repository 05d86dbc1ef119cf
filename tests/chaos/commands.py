"""What an operator types while the relay runs."""

import subprocess
import sys
from collections.abc import Generator

from tests.chaos.rig import Rig
from tests.children import dies_with_parent
from tests.stack import ROOT


def command(rig: Rig, *words: str) -> Generator[float, None, str]:
    """`im-relay` with these *words* and the settings of *rig*, while all else goes on; the answer is what it says. Raises RuntimeError
    where it fails."""
    rig.counts["commands"] += 1
    said = rig.directory / f"command-{rig.counts['commands']}.txt"
    with said.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "streams", *words, "--config", str(rig.config)],
            cwd=ROOT,
            stdout=out,
            stderr=out,
            preexec_fn=dies_with_parent(),  # noqa: PLW1509
        )
        while child.poll() is None:
            yield 0.1
    if child.returncode:
        raise RuntimeError(f"im-relay {' '.join(words[:2])} failed:\n{said.read_text()}")
    return said.read_text()
