"""`make bench-migrate`: messages applied a second of one worker's CPU, with the quotas lifted, against a target that answers in 5 ms.

The worker's own CPU time is what counts: beside it on the same cores run broker, feeder and target. Exit code 1 where a core applies fewer
than 5,000 messages a second.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from converters.core.model import Event, direct
from converters.inventory import User
from tests.benchmarks.cpu import seconds
from tests.broker import broker
from tests.migrate.bundles import made, said
from tests.migrate.rig import Rig

ROOT = Path(__file__).parents[2]
NEEDED = 5000
TALKS = 1000


def history(count: int) -> list[Event]:
    return [
        said(
            direct(f"a{talk}", f"b{talk}"),
            f"a{talk}",
            talk * 1_000_000 + turn,
            1_700_000_000_000 + turn * 1000,
            "a line of text such as people write",
        )
        for talk in range(TALKS)
        for turn in range(count // TALKS)
    ]


def rss(pid: int) -> int:
    """Bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--delay", type=float, default=0.005)
    parser.add_argument("--samples", type=Path, help="write there where the worker's time goes")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        target = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.migrate_target", "0", str(arguments.delay)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(target.kill)
        assert target.stdout is not None
        url = target.stdout.readline().split()[1]
        bundle = made(directory, [User(id="a0", state="deleted")], history(arguments.messages))
        bootstrap = stack.enter_context(broker(directory / "kafka"))
        rig = stack.enter_context(Rig(bootstrap, directory / "rig", url, settings="recent = 0", partitions=4))
        worker = rig.worker(arguments.samples)
        assert worker.child is not None
        before, began = seconds(worker.child.pid), time.monotonic()
        done = rig.apply(bundle, "--live-since", "none")
        took, after = time.monotonic() - began, seconds(worker.child.pid)
        state = httpx.get(f"{url}/state", trust_env=False).json()
        cpu = after - before
        rate = state["count"] / cpu
        print(f"messages applied: {state['count']} in {state['last'] - state['first']:.1f} s at the target, {took:.1f} s in all")
        print(f"of one worker's CPU: {cpu / state['count'] * 1e6:.0f} us a message, {rate:,.0f} messages a second and core")
        print(
            f"out of order: {state['out_of_order']}; under way at most: {state['most_in_flight']}; memory {rss(worker.child.pid) >> 20} MB"
        )
        good = done["good"] and state["count"] == arguments.messages and not state["out_of_order"] and rate >= NEEDED
        print("good" if good else f"NOT good: {NEEDED} messages a second and core are needed")
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
