"""What is done to the machine under a worker: its files, its clock, its disk."""

import fcntl
import resource
import shutil
from pathlib import Path

from tests.chaos.evidence import lines
from tests.chaos.rig import Rig, Story
from tests.chaos.scenario import Skipped, Stage, scenario

FAKETIME = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1")
REFUSED = "calls refused for their time"


@scenario("state-lost", "a deliver is killed and its local state deleted while it is down", messages=8_000, rate=400)
def state_lost(stage: Stage) -> None:
    rig = stage.build()
    rig.load(stage.messages, stage.rate)
    rig.play(_forgetting(rig, 1 if stage.short else 4))
    stage.claims.append(lambda _: [] if rig.counts["states deleted"] else ["no state was deleted"])


def _forgetting(rig: Rig, times: int) -> Story:
    for _ in range(times):
        yield rig.random.uniform(2.0, 6.0)
        if (victim := rig.victim(*rig.deliver)) is None or victim.child is None:
            continue
        rig.kill(victim)
        victim.child.wait()
        platform = victim.kind.removeprefix("deliver-")
        for state in (rig.directory / "state").glob(f"*deliver.{platform}-*"):
            with (state / "lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue  # of one that runs
                for part in state.glob(f"{platform}-*"):
                    shutil.rmtree(part)
                    rig.counts["states deleted"] += 1


@scenario(
    "clock", "the clock of one deliver of each platform is stepped by minutes, forth and back", messages=3_000, rate=150, source="yunxin"
)
def clock(stage: Stage) -> None:
    library = next((one for one in FAKETIME if Path(one).exists()), None)
    if library is None:
        raise Skipped("libfaketime is not installed")
    rig = stage.build()
    steps = rig.directory / "clock"
    steps.write_text("+0")
    given = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(steps), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    for kind in rig.deliver:
        old = next(one for one in rig.workers if one.kind == kind)
        rig.leave(old)
        rig.wait_ready(rig.join(kind, 9, **given))
    rig.load(stage.messages, stage.rate)
    rig.play(_stepping(rig, steps))
    # A platform that signs by the clock refused what was sent meanwhile; all of it has arrived since, says the account.
    stage.claims.append(lambda _: [] if rig.counts[REFUSED] else ["no call was refused: the clock was never wrong enough"])
    stage.claims.append(lambda _: [] if _named(rig) else ["no log says why messages waited"])


def _named(rig: Rig) -> bool:
    return any(line.get("event") == "app rejected by platform, messages queued" for line in lines(rig.directory.glob("*.log")))


def _stepping(rig: Rig, steps: Path) -> Story:
    for step in ("+300", "-420", "+0", "+3600", "-60", "+0"):
        yield 3.0
        rig.log(f"clock {step} s")
        rig.counts["clock steps"] += 1
        steps.write_text(step)
    refused = rig.sides[rig.platforms[0]].journal("refused")
    rig.counts[REFUSED] = sum(entry["reason"] == "bad checksum" for entry in refused)


@scenario(
    "disk-full",
    "the disk under the local state takes no more: the files of one deliver of each platform may not grow",
    messages=8_000,
    rate=400,
    rest=30.0,
)
def disk_full(stage: Stage) -> None:
    rig = stage.build()
    tight = (32 if stage.short else 256) * 1024
    rig.load(stage.messages, stage.rate)
    rig.play(_filling(rig, tight))
    stage.left_allowed = True
    stage.claims.append(lambda _: [] if rig.left else ["nobody met the limit"])
    stage.patience = 240.0


def _filling(rig: Rig, tight: int) -> Story:
    yield 2.0
    limited = [next(one for one in rig.workers if one.kind == kind) for kind in rig.deliver]
    for worker in limited:
        assert worker.child is not None
        # Its log file is longer than that before long, too: what it cannot write, it cannot write.
        resource.prlimit(worker.child.pid, resource.RLIMIT_FSIZE, (tight, resource.RLIM_INFINITY))
        rig.log(f"the disk of {worker.name} is full")
        rig.counts["disks full"] += 1
    yield 20.0
    # Whoever was started again since has room, as after somebody has cleared it; those that are not are let go on.
    for worker in limited:
        if worker.alive and worker.child is not None:
            resource.prlimit(worker.child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
