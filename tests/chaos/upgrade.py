"""A rolling upgrade: every process is replaced by one of another build, one by one, under traffic, and back again."""

import io
import os
import subprocess
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos.rig import Story
from tests.chaos.scenario import Skipped, Stage, scenario
from tests.chaos.workers import Worker
from tests.stack import ROOT

FROM = "CHAOS_FROM"
"""The commit or tag whose build is upgraded; the newest release tag, or else the commit that `tests/released/` names."""
MORE = 600
"""Messages that are said where the load has ended and something is left to be replaced."""
READY = 60.0
"""Seconds in which a replaced process must be ready."""


@scenario(
    "upgrade",
    "all roles replaced one by one by the build of this tree, and back by that of the release, under traffic",
    messages=12_000,
    rate=120,
    rest=60.0,
)
def upgrade(stage: Stage) -> None:
    ref = _ref()
    released = _build(ref, stage.enter(tempfile.TemporaryDirectory(prefix="released-")))
    rig = stage.build(code=released)
    # Marks without a key are believed, and made, as long as both builds are at work.
    until = datetime.now(UTC) + timedelta(hours=1)
    for worker in rig.workers:
        worker.told("IM_RELAY_MARKS__UNKEYED_UNTIL", until.isoformat())
    stage.notes.append(f"released build: {ref[:12]}; this tree is the other")
    rig.load(stage.messages, stage.rate)
    workers = [one for one in rig.workers if one.number == 1 or not stage.short]
    told: list[str] = []

    def roll(code: Path, word: str) -> Story:
        order = list(workers)
        rig.random.shuffle(order)
        for worker in order:
            if not rig.talking():
                rig.load(MORE, stage.rate)
            before = worker.starts
            worker.runs(code)
            rig.log(f"{word}: {worker.name}")
            rig.ask(worker)
            waited = 0.0
            while waited < READY and (worker.starts == before or not _ready(worker)):
                yield 0.5
                waited += 0.5
            if waited >= READY:
                told.append(f"{worker.name} was not ready {READY:g} s after its {word}")
            rig.counts[word] += 1

    def there_and_back() -> Story:
        yield 2.0
        yield from roll(ROOT, "upgrade")
        yield 5.0
        yield from roll(released, "downgrade")

    rig.play(there_and_back())
    stage.claims.append(lambda _: told)
    stage.claims.append(lambda _: [] if rig.counts["upgrade"] == rig.counts["downgrade"] == len(workers) else ["not all were replaced"])


def _ready(worker: Worker) -> bool:
    return worker.alive and worker.ready()


def _ref() -> str:
    if named := os.environ.get(FROM):
        return named
    tags = _git("tag", "--list", "v*", "--sort=-version:refname").split()
    if tags:
        return tags[0]
    pinned = sorted((ROOT / "tests" / "released").glob("*/commit"))
    return pinned[-1].read_text().strip()


def _build(ref: str, directory: str) -> Path:
    """The tree of *ref*, as it is in the history of this one."""
    found = subprocess.run(["git", "archive", ref], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        raise Skipped(f"NO ROLLING UPGRADE was tried: the history holds no {ref}: {found.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as tree:
        tree.extractall(directory, filter="data")
    return Path(directory)


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        done = subprocess.CompletedProcess(words, 127, "", "there is no git")
    if done.returncode:
        raise Skipped(f"NO ROLLING UPGRADE was tried: there is no history here, and so no other build ({done.stderr.strip()})")
    return done.stdout
