"""`make bench-identities`: what the table of identities costs `convert` in memory, at a start, and for each message.

On the real broker: 1,000,000 users with an account, one in 50 of them with a hashed id, and 200,000 groups on two platforms. `convert` is started with an empty disk, once
more with what is on it, and once more after some records have come; its resident memory is read from /proc, the peak as well. Then the
look-ups, and a text through decode and route. Exit code 1 where a start with what is on disk takes more than 3 s until the table is
read, or `convert` holds more than 250 MB.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4
from zlib import crc32

import httpx
from aiokafka import AIOKafkaProducer

from converters import PLATFORMS
from converters.platform import Callback
from converters.routing.identity_table import IdentityTable, account_record, record
from converters.routing.overlay import IdentityOverlay
from converters.routing.route import App, route
from streams.identities.store import IdentityDisk
from streams.kafka import admin, topics
from streams.kafka.local.ports import free_port
from tests.apps import APPS
from tests.benchmarks.cpu import seconds
from tests.broker import broker
from tests.converters.examples import account_of
from tests.converters.shapes import NOW, body, message
from tests.stack import ROOT

PARTITIONS = 12
WARM, MEMORY = 3.0, 250.0
PAIR = ("yunxin", "easemob")


def records(users: int, groups: int) -> Iterator[tuple[bytes, bytes]]:
    for number in range(users):
        yield account_record(PAIR[number % 2], f"user-{number:07}", "made" if number % 3 else "used")
        if number % 50 == 0:
            yield record(PAIR[number % 2], "user", f"h--{number:07}", f"user-{number:07}")
    for number in range(groups):
        yield record("yunxin", "group", f"6{number:09}", f"group-{number:06}")
        yield record("easemob", "group", f"27{number:013}", f"group-{number:06}")


async def fill(bootstrap: str, topic: str, users: int, groups: int) -> float:
    begun = time.monotonic()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=900_000) as producer:
        batches = [producer.create_batch() for _ in range(PARTITIONS)]
        for key, value in records(users, groups):
            number = crc32(key) % PARTITIONS
            if batches[number].append(key=key, value=value, timestamp=None) is None:
                await producer.send_batch(batches[number], topic, partition=number)
                batches[number] = producer.create_batch()
                batches[number].append(key=key, value=value, timestamp=None)
        for number, batch in enumerate(batches):
            if batch.record_count():
                await producer.send_batch(batch, topic, partition=number)
        await producer.flush()
    return time.monotonic() - begun


class Started:
    """`convert` as a process, from its start until its table is read."""

    def __init__(self, config: Path, log: Path) -> None:
        self.port, begun = free_port(), time.monotonic()
        env = {**os.environ, "IM_RELAY_OBSERVE__PORT": str(self.port), "IM_RELAY_OBSERVE__LOG": "json"}
        with log.open("wb") as out:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "streams", "convert", "-c", str(config)], cwd=ROOT, env=env, stdout=out, stderr=out
            )
        while not (
            found := re.search(rb'"seconds": ?([0-9.]+).*?identities read|identities read.*?"seconds": ?([0-9.]+)', log.read_bytes())
        ):
            if self.child.poll() is not None:
                raise RuntimeError(log.read_text()[-2000:])
            time.sleep(0.05)
        self.read = float((found[1] or found[2]).decode())
        """Seconds for the table alone."""
        self.table = time.monotonic() - begun
        """Seconds from the start of the process until it had the table."""
        self.cpu = seconds(self.child.pid)
        while not self._ready():
            time.sleep(0.05)
        self.ready = time.monotonic() - begun
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        self.rss, self.peak = (int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[index]

    def _ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False, timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait(30)

    def __str__(self) -> str:
        return (
            f"table read in {self.read:5.1f} s, had {self.table:5.1f} s after the process began (CPU until then {self.cpu:4.1f} s), "
            f"ready {self.ready:5.1f} s; RSS {self.rss:.0f} MB, peak {self.peak:.0f} MB"
        )


def best(work: Callable[[], object], times: int, rounds: int = 5) -> float:
    """Microseconds."""
    found = float("inf")
    for _ in range(rounds):
        begin = time.thread_time()
        for _ in range(times):
            work()
        found = min(found, time.thread_time() - begin)
    return found / times * 1e6


def lookups(directory: Path, users: int, groups: int) -> None:
    """Prints what they cost, beside a table in memory that holds nothing."""
    rows = IdentityDisk(directory)
    table = IdentityTable(rows)
    wanted = iter(range(10**9))
    known = best(lambda: table.canonical("yunxin", "group", f"6{next(wanted) * 7919 % groups:09}"), 20_000, 3)
    unknown = best(lambda: table.canonical("yunxin", "user", f"user-{next(wanted) * 7919 % users:07}"), 20_000, 3)
    again = best(lambda: table.canonical("yunxin", "group", "6000000007"), 20_000)
    print(f"a look-up on disk: known {known:.2f} us, unknown {unknown:.2f} us; asked before {again:.2f} us")
    apps = {
        "old": App("old", PLATFORMS["yunxin"], account_of("yunxin"), "new"),
        "new": App("new", PLATFORMS["easemob"], account_of("easemob"), "old"),
    }

    def cost(texts: list[Callback], asked: IdentityTable) -> float:
        over, turn = IdentityOverlay(asked), iter(texts * 4)
        return best(lambda: route(next(turn), apps, over), len(texts), 3)

    for kind in ("direct", "group"):
        for what, talks in (("nobody spoke in before", 20_000), ("of the last 500", 500)):
            texts = [
                Callback(
                    "old",
                    body(
                        "yunxin",
                        message(
                            "yunxin",
                            sender=f"user-{n % talks * 7919 % users:07}",
                            number=n + 1,
                            kind=kind,
                            to=f"user-{n % talks * 104729 % users:07}" if kind == "direct" else f"6{n % talks * 7919 % groups:09}",
                        ),
                    ),
                    NOW,
                )
                for n in range(20_000)
            ]
            on_disk, nothing = cost(texts, table), cost(texts, IdentityTable())
            print(f"a text to a {kind} {what}, decoded and routed: {on_disk:.1f} us; with no entries in memory {nothing:.1f} us")
    rows.close()


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.benchmarks.identities", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=200_000)
    given = parser.parse_args()
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}; {given.users:,} accounts, {given.groups:,} groups on two platforms")
    with tempfile.TemporaryDirectory() as temporary, broker(Path(temporary) / "kafka") as bootstrap:
        directory, prefix = Path(temporary), f"b{uuid4().hex[:8]}."
        config = directory / "relay.toml"
        config.write_text(
            f'kafka = {{bootstrap = "{bootstrap}", prefix = "{prefix}", partitions = {PARTITIONS}}}\n'
            'marks = {secret = "of-the-marks-of-the-tests"}\n'
            f'deliver = {{state = "{directory / "state"}"}}\n'
            + "".join(
                f'[apps.{name}]\nplatform = "{platform}"\ntarget = "{target}"\n[apps.{name}.account]\n{APPS[platform].account.format(url="http://127.0.0.1:1")}\n'
                for name, platform, target in (("old", "yunxin", "new"), ("new", "easemob", "old"))
            )
        )
        asyncio.run(admin.create(bootstrap, topics.wanted(PAIR, prefix=prefix, partitions=PARTITIONS)))
        topic = f"{prefix}identities"
        print(f"written in {asyncio.run(fill(bootstrap, topic, given.users, given.groups)):.0f} s", flush=True)
        cold = Started(config, directory / "cold.log")
        print(f"empty disk : {cold}", flush=True)
        cold.stop()
        warm = Started(config, directory / "warm.log")
        print(f"warm disk  : {warm}", flush=True)
        warm.stop()
        asyncio.run(fill(bootstrap, topic, 10_000, 0))
        behind = Started(config, directory / "behind.log")
        print(f"10,000 new : {behind}", flush=True)
        behind.stop()
        lookups(directory / "state" / f"{prefix}convert-0", given.users, given.groups)
    missed = [f"a warm start took {warm.table:.1f} s, limit {WARM} s"] * (warm.table > WARM)
    missed += [f"convert held {peak:.0f} MB, limit {MEMORY:.0f} MB" for peak in (max(cold.peak, warm.peak, behind.peak),) if peak > MEMORY]
    print("\n".join(f"missed: {one}" for one in missed) or "all within their limits")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
