"""`make bench-volume`: what a message takes in Kafka, by topic, and what each process holds in memory and uses of a core.

People on both sides write texts of a few words at a constant rate; then each topic's log is weighed as the broker has stored it, before
compaction. `im-relay size` reckons with these figures: `streams/operate/measured.py`.
"""

import argparse
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random

from converters.routing.identity_table import IdentityTable, account_record, record
from streams.identities.store import IdentityDisk, TablePosition
from tests.benchmarks import cpu
from tests.benchmarks.relay import processes, users
from tests.benchmarks.relay_lag import at_rest
from tests.stack import Stack

WARM_UP = 10
"""Seconds at the same rate, before it is weighed."""


def weighed(directory: Path) -> Counter[str]:
    """Bytes of record batches by topic, without its prefix and platform."""
    found: Counter[str] = Counter()
    for path in directory.rglob("*.log"):
        if (name := re.fullmatch(r"(?:bench\d+\.)?([a-z.-]+?)(?:\.(?:yunxin|easemob))?-\d+", path.parent.name)) is not None:
            found[name[1]] += path.stat().st_size
    return found


def memory(pid: int) -> float:
    """MiB that are resident."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def identities_on_disk(users: int = 200_000) -> float:
    """Bytes a user whose account and id of 32 random characters are known, with a group on both platforms for each five."""
    random = Random(17)
    with tempfile.TemporaryDirectory(prefix="im-relay-bench-") as directory:
        disk = IdentityDisk(Path(directory))
        table = IdentityTable(disk)
        disk.caching = False
        for number in range(users):
            assert table.apply(*account_record("easemob", f"{random.getrandbits(128):032x}", "made")) is None
            if not number % 5:
                name = f"{random.getrandbits(64):016x}"
                assert table.apply(*record("yunxin", "group", f"6{random.getrandbits(40)}", name)) is None
                assert table.apply(*record("easemob", "group", f"27{random.getrandbits(40)}", name)) is None
            if not number % 10_000:
                disk.keep(TablePosition(), [])
        disk.keep(TablePosition(), [])
        disk.close()
        return sum(path.stat().st_size for path in Path(directory).rglob("*") if path.is_file()) / users


def told(title: str, rows: Mapping[str, str]) -> None:
    print(title)
    for name, value in rows.items():
        print(f"  {name:<20} {value}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=400, help="messages a second, both directions together")
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--partitions", type=int, default=4)
    chosen = parser.parse_args()
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; other work shows in the figures", flush=True)
    print(f"bytes of the table of identities on disk, a user: {identities_on_disk():.0f}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="im-relay-bench-") as directory,
        Stack(Path(directory), partitions=chosen.partitions, limits=0, brief=False, say=print, easemob={"ban_scale": 0.0}) as stack,
    ):
        stack.wait_ready(stack.add("watch", ["watch"]))
        sides = (stack.yunxin, stack.easemob)
        for side in sides:
            side.preload(users(chosen.conversations))
        for seconds, counted in ((WARM_UP, False), (chosen.seconds, True)):
            count = chosen.rate * seconds
            before, meter, began = weighed(stack.directory / "kafka"), cpu.Meter(processes(stack)), time.monotonic()
            for number, side in enumerate(sides):
                side.load(rate=chosen.rate / 2, count=count // 2, conversations=chosen.conversations, seed=number)
            at_rest(stack)
            time.sleep(5)  # echoes, and what is written down last
            if counted:
                print(cpu.table(meter.used(), count, time.monotonic() - began), flush=True)
                grown = weighed(stack.directory / "kafka") - before
                told("bytes a message in Kafka, before copies", {name: f"{size / count:7.0f}" for name, size in sorted(grown.items())})
                told("MiB resident", {name: f"{memory(pid):7.0f}" for name, pid in processes(stack).items()})
                state = sum(path.stat().st_size for path in (stack.directory / "state").rglob("*") if path.is_file())
                print(f"bytes of local state: {state}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
