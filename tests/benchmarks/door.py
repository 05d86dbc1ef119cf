"""The open port under hostile connections: memory of the server, and the latency of the honest, beside uvicorn's defaults.

`python -m tests.benchmarks.door [CONNECTIONS] [SORT…]`, on the broker of KAFKA_BOOTSTRAP or on one of its own. For each sort, and each of the two
servers (ours; FastAPI on uvicorn with its defaults), a new server process is attacked by a process that opens CONNECTIONS (10,000) and
opens again what is closed. Meanwhile an honest one sends signed callbacks at a fixed rate on kept-alive and on new connections. Exits 1 where ours
takes 300 MiB or more, or an honest p99 is 200 ms or more, or an honest one is not answered 200.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from streams.kafka.local.ports import free_port
from tests.benchmarks.door_attack import SORTS
from tests.benchmarks.ingress import server, topic
from tests.benchmarks.ingress_requests import PLATFORM, request
from tests.broker import broker

CONNECTIONS = 10_000
SECONDS = 12.0
"""Of measuring, once all are there."""
RATE = 100
"""Honest requests a second: every other one on a connection of its own."""
PATIENCE = 5.0
RSS_MIB, P99_MS = 300.0, 200.0
KEPT = 8


class Seen(NamedTuple):
    rss: float
    p50: float
    p99: float
    failed: Counter[str]
    sent: int
    attacker: str


def resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


async def ask(port: int, raw: bytes, kept: asyncio.Queue[Any] | None) -> str:
    """The status."""
    pair = await kept.get() if kept is not None else None
    if pair is None:
        pair = await asyncio.open_connection("127.0.0.1", port)
    reader, writer = pair
    again = None
    try:
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        again = pair if kept is not None else None
        return head[9:12].decode()
    finally:
        if kept is not None:
            kept.put_nowait(again)
        if again is None:
            writer.close()


async def honest(port: int, seconds: float) -> tuple[list[float], Counter[str]]:
    """Latencies in ms from when each was due, and what came in place of 200; those count with all the time that they took."""
    kept: asyncio.Queue[Any] = asyncio.Queue()
    for _ in range(KEPT):
        kept.put_nowait(None)
    latencies: list[float] = []
    failed: Counter[str] = Counter()

    async def one(number: int) -> None:
        begin = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                status = await ask(port, request(number), kept if number % 2 else None)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, IndexError) as error:
            status = f"{type(error).__name__} on {'a kept' if number % 2 else 'its own'}"
        if status != "200":
            failed[status] += 1
        latencies.append((time.perf_counter() - begin) * 1000)

    under_way = []
    begin = time.perf_counter()
    for number in range(int(seconds * RATE)):
        await asyncio.sleep(max(0.0, begin + number / RATE - time.perf_counter()))
        under_way.append(asyncio.create_task(one(number)))
    await asyncio.gather(*under_way)
    return latencies, failed


def attacked(sort: str, port: int, pid: int, connections: int) -> Seen:
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.door_attack",
        sort,
        str(port),
        str(connections),
        str(SECONDS + connections / 1000 + 10),
    ]
    attacker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert attacker.stdout is not None
    try:
        held = attacker.stdout.readline()
        latencies, failed = asyncio.run(honest(port, SECONDS))
        rss = resident(pid)
        attacker.terminate()
        rest = held.strip()
    finally:
        attacker.kill()
        attacker.wait(20)
    latencies.sort()
    return Seen(rss, latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)], failed, len(latencies), rest)


def main(connections: int, sorts: list[str]) -> int:
    print(
        f"{connections} connections of each sort; load average at the start {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs", flush=True
    )
    missed = 0
    with tempfile.TemporaryDirectory() as data, broker(Path(data)) as bootstrap:
        prefix = f"bench-{uuid.uuid4().hex[:8]}."
        names = [f"{prefix}callbacks.{PLATFORM}", f"{prefix}callbacks.easemob"]
        for name in names:
            asyncio.run(topic(bootstrap, name, there=True))
        try:
            for sort in sorts:
                for which in ("ours", "uvicorn"):
                    port, observe = free_port(), free_port()
                    arguments = (
                        ("ingress_ours", bootstrap, prefix, port, observe)
                        if which == "ours"
                        else ("ingress_plain", bootstrap, names[0], port)
                    )
                    with server(*arguments, port=port, quiet=True) as one:
                        # A platform that calls back was known before it was attacked.
                        status = asyncio.run(ask(port, request(0), None))
                        assert status == "200", status
                        seen = attacked(sort, port, one.pid, connections)
                    bad = which == "ours" and (seen.rss >= RSS_MIB or seen.p99 >= P99_MS or seen.failed)
                    missed += bool(bad)
                    print(
                        f"{sort:22} {which:8} RSS at most {seen.rss:6.0f} MiB   honest p50 {seen.p50:7.1f} ms  p99 {seen.p99:7.1f} ms  "
                        f"not answered 200: {seen.failed.total()} of {seen.sent} {dict(seen.failed) or ''}{'   MISSED' if bad else ''}",
                        flush=True,
                    )
        finally:
            for name in names:
                asyncio.run(topic(bootstrap, name, there=False))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS, sys.argv[2:] or list(SORTS)))
