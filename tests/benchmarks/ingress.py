"""The ingress against the same endpoint in plain FastAPI and aiokafka: durable callbacks a second, in one process each.

`python -m tests.benchmarks.ingress [ROUNDS]`, on the broker of KAFKA_BOOTSTRAP or on one of its own. The two take turns on the
same broker, under the same generator, which is a process of its own; broker, generator and server share the machine. Then
the latency of ours at half of its own most, with as many connections. CPU time a callback says more than any of it on a machine
that others use too. Exits 1 when a goal is missed.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.kafka.local.ports import free_port
from tests.benchmarks import cpu
from tests.benchmarks.ingress_requests import PLATFORM
from tests.broker import broker

ROUNDS = 5
SECONDS = 3.0
CONNECTIONS = (64, 256)
PARTITIONS = 12
RATIO = 1.8
P99_MS = 20.0


async def topic(bootstrap: str, name: str, *, there: bool) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if there:
            await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
        else:
            await admin.delete_topics([name])
    finally:
        await admin.close()


class Server(NamedTuple):
    port: int
    pid: int


@contextmanager
def server(module: str, *arguments: object, port: int, quiet: bool = False) -> Iterator[Server]:
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL if quiet else None)
    try:
        asyncio.run(listening(port, process))
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:  # a peer that was attacked may not come to its end
            process.kill()
            process.wait(20)


async def listening(port: int, process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(30):
        while process.poll() is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
    raise SystemExit(f"the server ended with {process.returncode}")


def load(server: Server, connections: int, seconds: float, rate: float = 0.0) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.ingress_load", *map(str, (server.port, connections, seconds, rate))]
    meter = cpu.Meter({"server": server.pid})
    result: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=seconds + 60).stdout)
    if set(result["statuses"]) != {"200"} or result["unanswered"]:
        raise SystemExit(f"not everything was answered 200: {result}")
    return result | {"cpu_us": meter.used()["server"] / result["answered"] * 1e6}


def compare(ours: Server, plain: Server, connections: int, rounds: int) -> float:
    """The ratio of medians."""
    seen: dict[str, list[dict[str, Any]]] = {"ours": [], "plain": []}
    for _ in range(rounds):
        seen["plain"].append(load(plain, connections, SECONDS))
        seen["ours"].append(load(ours, connections, SECONDS))
    rates = {name: [run["per_second"] for run in runs] for name, runs in seen.items()}
    medians = {name: statistics.median(found) for name, found in rates.items()}
    for name, runs in seen.items():
        generator, mine, p99 = (statistics.median(run[of] for run in runs) for of in ("generator_cpu", "cpu_us", "p99_ms"))
        print(
            f"{connections:4} connections  {name:5}  {medians[name]:7.0f}/s  {mine:4.0f} us of CPU each  p99 {p99:6.1f} ms  "
            f"generator's CPU {generator:.2f}  rounds {sorted(rates[name])}",
            flush=True,
        )
    ratio = medians["ours"] / medians["plain"]
    print(f"{connections:4} connections  ratio of medians {ratio:.2f} (goal {RATIO})", flush=True)
    return float(ratio)


def at_half(ours: Server, connections: int, rounds: int) -> float:
    """The p99. The most and its half one after the other: other work on the machine comes and goes."""
    half = [load(ours, connections, SECONDS, load(ours, connections, SECONDS)["per_second"] / 2) for _ in range(rounds)]
    rate, p50, p99, mine = (statistics.median(run[of] for run in half) for of in ("per_second", "p50_ms", "p99_ms", "cpu_us"))
    print(
        f"{connections:4} connections  at half load ({rate:.0f}/s, open loop): p50 {p50:.1f} ms, p99 {p99:.1f} ms (goal {P99_MS:.0f} ms), "
        f"{mine:.0f} us of CPU each, p99 of rounds {sorted(run['p99_ms'] for run in half)}",
        flush=True,
    )
    return float(p99)


def main(rounds: int) -> int:
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; other work shows in the figures")
    with tempfile.TemporaryDirectory() as data, broker(Path(data)) as bootstrap:
        prefix = f"bench-{uuid.uuid4().hex[:8]}."
        name, other = (f"{prefix}callbacks.{platform}" for platform in (PLATFORM, "easemob"))
        asyncio.run(topic(bootstrap, name, there=True))
        asyncio.run(topic(bootstrap, other, there=True))
        ours, plain, observe = free_port(), free_port(), free_port()
        try:
            with (
                server("ingress_plain", bootstrap, name, plain, port=plain) as theirs,
                server("ingress_ours", bootstrap, prefix, ours, observe, port=ours) as mine,
            ):
                ratios = [compare(mine, theirs, connections, rounds) for connections in CONNECTIONS]
                halves = [at_half(mine, connections, rounds) for connections in CONNECTIONS]
        finally:
            asyncio.run(topic(bootstrap, name, there=False))
            asyncio.run(topic(bootstrap, other, there=False))
    return 0 if min(ratios) >= RATIO and max(halves) <= P99_MS else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
