"""`make bench-restore`: a deliver role with an empty disk and a long ledger. When does the first live message go, how do live ones fare
beside the restore, what does a kill cost, how fast is it, how much does it take.

Beside it, from the same run: the same role with an empty ledger.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import httpx

from streams.kafka.local.ports import free_port
from tests.benchmarks.deliver import ROOT
from tests.benchmarks.ledger_maker import grow
from tests.benchmarks.offer import Offer
from tests.broker import broker

FIRST, SLOWER, RATE, MEMORY = 5.0, 3.0, 150_000, 300
KILLS = 30.0
"""Seconds between two kills."""


class Worker:
    """`im-relay deliver`, its metrics, and what it costs."""

    def __init__(self, config: Path) -> None:
        self._config, self._port = config, free_port()
        self.peak = 0.0

    def start(self) -> None:
        environment = {**os.environ, "IM_RELAY_OBSERVE__PORT": str(self._port), "PYTHONWARNINGS": "ignore"}
        self._child = subprocess.Popen(
            [sys.executable, "-m", "streams", "deliver", "--platform", "easemob", "--config", str(self._config)],
            cwd=ROOT,
            env=environment,
            stderr=(self._config.parent / "deliver.log").open("a"),
        )

    def kill(self) -> None:
        self.peak = max(self.peak, self.memory())
        self._child.kill()
        self._child.wait()

    def stop(self) -> None:
        self.peak = max(self.peak, self.memory())
        self._child.terminate()
        self._child.wait(30)

    def memory(self) -> float:
        """MiB at the most until now."""
        lines = Path(f"/proc/{self._child.pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)

    def cpu(self) -> float:
        fields = Path(f"/proc/{self._child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metric(self, name: str) -> float | None:
        """The sum over its series; None where it does not answer, or has none."""
        try:
            text = httpx.get(f"http://127.0.0.1:{self._port}/metrics", trust_env=False, timeout=5).text
        except httpx.HTTPError:
            return None
        found = [
            float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith((f"im_relay_{name}{{", f"im_relay_{name} "))
        ]
        return sum(found) if found else None

    def alive(self) -> bool:
        return httpx.get(f"http://127.0.0.1:{self._port}/livez", trust_env=False, timeout=5).status_code == 200


class Ground:
    def __init__(self, bootstrap: str, target: str, directory: Path, partitions: int) -> None:
        self.bootstrap, self.target, self.partitions = bootstrap, target, partitions
        self.prefix = f"restore{time.time_ns()}."
        self.state = directory / self.prefix / "state"
        self.state.mkdir(parents=True)
        create = ["topics", "create", "--bootstrap", bootstrap, "--partitions", str(partitions), "--prefix", self.prefix]
        subprocess.run([sys.executable, "-m", "streams", *create], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        config = self.state.parent / "relay.toml"
        config.write_text(
            f'kafka = {{bootstrap = "{bootstrap}", prefix = "{self.prefix}", partitions = {partitions}}}\n'
            'marks = {secret = "of-the-marks-of-the-tests"}\n'
            f'observe = {{host = "127.0.0.1"}}\ndeliver = {{quotas = false, state = "{self.state}"}}\n'
            '[apps.old]\nplatform = "yunxin"\ntarget = "new"\naccount = {app_key = "k", app_secret = "sssssssssssssssssss"}\n'
            '[apps.new]\nplatform = "easemob"\ntarget = "old"\n'
            'account = {org = "o", app = "a", client_id = "i", client_secret = "sssssssssssssssssss", '
            f'callback_secret = "ccccccccccccccccccccc", base_url = "{target}"}}\n'
        )
        self.worker = Worker(config)

    def offer(self, name: str, rate: float, seconds: float) -> Offer:
        return Offer(
            self.bootstrap,
            f"{self.prefix}deliveries.easemob",
            self.partitions,
            name=name,
            target="new",
            rate=rate,
            seconds=seconds,
            conversations=400,
        )

    def first(self) -> float:
        """Seconds from the start of the process to its first request, with live messages coming all the time."""
        httpx.get(f"{self.target}/reset", trust_env=False)
        offer = self.offer(f"first{time.time_ns()}", 20, 120)
        start = time.time()
        self.worker.start()
        offer.start()
        while not (state := httpx.get(f"{self.target}/state", trust_env=False).json())["count"]:
            assert time.time() - start < 120, "nothing comes"
            time.sleep(0.02)
        offer.cancel()
        return float(state["first"] - start)

    def p99(self, rate: float, seconds: float) -> float:
        """Of live messages, said to accepted, in ms."""
        httpx.get(f"{self.target}/reset", trust_env=False)
        offer = self.offer(f"live{time.time_ns()}", rate, seconds)
        offer.start()
        offer.join()
        time.sleep(0.5)
        delays: list[float] = httpx.get(f"{self.target}/delays", trust_env=False).json()
        assert len(delays) >= 0.9 * rate * seconds, f"{len(delays)} of {rate * seconds}"
        return sorted(delays)[int(len(delays) * 0.99)] * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=20_000_000)
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--live", type=float, default=100.0, help="messages a second beside the restore")
    chosen = parser.parse_args()
    with ExitStack() as exits:
        directory = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="im-relay-bench-")))
        bootstrap = exits.enter_context(broker(directory / "kafka"))
        target = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.target", "0", "0.005"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        exits.callback(target.wait)
        exits.callback(target.terminate)
        assert target.stdout is not None
        url = target.stdout.readline().split()[1]
        load = os.getloadavg()[0]
        empty = Ground(bootstrap, url, directory, chosen.partitions)
        alone = empty.first()
        normal = statistics.median(empty.p99(chosen.live, 10) for _ in range(3))
        empty.worker.stop()
        print(f"load before {load:.1f}; empty ledger: first request after {alone:.1f} s, live p99 {normal:.0f} ms", flush=True)

        ground = Ground(bootstrap, url, directory, chosen.partitions)
        start = time.time()
        size = asyncio.run(
            grow(bootstrap, f"{ground.prefix}ledger.easemob", chosen.entries, partitions=chosen.partitions, span=chosen.entries / 1000)
        )
        log_bytes = sum(file.stat().st_size for file in (directory / "kafka").rglob(f"{ground.prefix}ledger.easemob-*/*.log"))
        print(
            f"ledger of {chosen.entries:,} entries, {size / chosen.entries:.0f} bytes each, {log_bytes / chosen.entries:.0f} in Kafka, made in {time.time() - start:.0f} s",
            flush=True,
        )
        worker = ground.worker
        first = ground.first() - alone
        print(f"first live message {first:.1f} s later than with an empty ledger (needed {FIRST:g})", flush=True)
        p99 = ground.p99(chosen.live, 10) if worker.metric("state_restore_left") else normal
        kills, lefts = 0, [worker.metric("state_restore_left") or 0.0]
        while lefts[-1]:
            until = time.time() + KILLS
            while time.time() < until and (worker.metric("state_restore_left") or 0.0):
                assert worker.alive(), "killed by its own /livez"
                time.sleep(0.5)
            left = worker.metric("state_restore_left") or 0.0
            if not left:
                break
            worker.kill()
            kills += 1
            worker.start()
            while worker.metric("state_restore_left") is None or not worker.metric("partitions_owned"):
                time.sleep(0.2)
            time.sleep(2)
            lefts.append(worker.metric("state_restore_left") or 0.0)
        progress = all(two < one for one, two in pairwise(lefts))
        print(f"kill -9 every {KILLS:g} s: {kills} kills, left after each: {', '.join(f'{left:,.0f}' for left in lefts)}", flush=True)
        worker.stop()

        shutil.rmtree(ground.state)
        ground.state.mkdir()
        worker.start()
        began = time.time()
        while not worker.metric("state_restore_left"):
            time.sleep(0.1)
        while worker.metric("state_restore_left"):
            time.sleep(0.5)
        seconds, cpu = time.time() - began, worker.cpu()
        worker.stop()
        disk = sum(file.stat().st_size for file in ground.state.rglob("*") if file.is_file())
    rate = chosen.entries / cpu
    good = first < FIRST and p99 < SLOWER * normal and progress and rate >= RATE and worker.peak < MEMORY
    print(f"live p99 beside the restore {p99:.0f} ms, x {p99 / normal:.1f} of the normal (needed under {SLOWER:g})")
    print(f"restore of all: {seconds:.0f} s, {rate:,.0f} entries a second of CPU (needed {RATE:,})")
    print(f"peak of memory {worker.peak:.0f} MiB (needed under {MEMORY}); on disk {disk / (chosen.entries / 2):.0f} bytes a message")
    print("HELD" if good else "MISSED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
