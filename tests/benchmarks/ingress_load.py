"""The load generator of the ingress benchmark: a process of its own, raw sockets, kept alive, no pipelining.

`python -m tests.benchmarks.ingress_load PORT CONNECTIONS SECONDS [RATE]`: without RATE each connection sends its next request
when it has its answer (closed loop); with it, requests start RATE times a second, and latency counts from the moment a
request was due, whether a connection was free or not. Prints one JSON object.
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque
from typing import Any

import uvloop

from tests.benchmarks.ingress_requests import request

REQUESTS = 5000
WARM_UP = 0.5


class Load:
    def __init__(self, requests: list[bytes], until: float, rate: float) -> None:
        self.requests = requests
        self.until = until
        self.rate = rate
        self.next = 0
        self.statuses: Counter[bytes] = Counter()
        self.latencies: list[float] = []
        self.counting_from = 0.0
        self.idle: deque[Connection] = deque()
        self.due: deque[float] = deque()
        self.lost = self.answered = 0

    def take(self) -> bytes:
        self.next += 1
        return self.requests[self.next % len(self.requests)]

    def free(self, connection: "Connection") -> None:
        if self.rate:
            if self.due:
                connection.send(self.due.popleft())
            else:
                self.idle.append(connection)
        elif (now := time.perf_counter()) < self.until:
            connection.send(now)

    async def pace(self) -> None:
        begin, sent = time.perf_counter(), 0
        while (now := time.perf_counter()) < self.until:
            target = int((now - begin) * self.rate)
            while sent < target:
                sent += 1
                due = begin + sent / self.rate
                if self.idle:
                    self.idle.popleft().send(due)
                else:
                    self.due.append(due)
            await asyncio.sleep(0.001)


class Connection(asyncio.Protocol):
    def __init__(self, load: Load) -> None:
        self.load = load
        self.since = 0.0
        self.read = b""
        self.busy = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.load.lost += self.busy

    def send(self, due: float) -> None:
        self.since = due
        self.busy = True
        self.transport.write(self.load.take())

    def data_received(self, data: bytes) -> None:
        self.read = data = self.read + data if self.read else data
        head = data.find(b"\r\n\r\n")
        if head < 0:
            return
        mark = data.lower().find(b"content-length: ")
        length = int(data[mark + 16 : data.find(b"\r", mark)])
        if len(data) < head + 4 + length:
            return
        self.read = b""
        self.busy = False
        self.load.answered += 1
        now = time.perf_counter()
        if self.since >= self.load.counting_from:
            self.load.latencies.append(now - self.since)
            self.load.statuses[data[9:12]] += 1
        self.load.free(self)


async def main(port: int, connections: int, seconds: float, rate: float) -> dict[str, Any]:
    requests = [request(number) for number in range(REQUESTS)]
    begin = time.perf_counter()
    load = Load(requests, begin + WARM_UP + seconds, rate)
    load.counting_from = begin + WARM_UP
    loop = asyncio.get_running_loop()
    made = [(await loop.create_connection(lambda: Connection(load), "127.0.0.1", port))[1] for _ in range(connections)]
    for connection in made:
        load.free(connection)
    cpu = time.process_time()
    await (load.pace() if rate else asyncio.sleep(load.until - time.perf_counter()))
    cpu = time.process_time() - cpu
    deadline = time.perf_counter() + 5
    while any(connection.busy for connection in made) and time.perf_counter() < deadline:
        await asyncio.sleep(0.01)
    ordered = sorted(load.latencies)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2) if ordered else 0.0

    return {
        "per_second": round(load.statuses[b"200"] / seconds),
        "statuses": {status.decode(): count for status, count in load.statuses.items()},
        "answered": load.answered,
        "unanswered": sum(connection.busy for connection in made) + load.lost,
        "p50_ms": at(0.5),
        "p90_ms": at(0.9),
        "p99_ms": at(0.99),
        "max_ms": at(1.0),
        "generator_cpu": round(cpu / (WARM_UP + seconds), 2),
    }


if __name__ == "__main__":
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    rate = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
    print(json.dumps(uvloop.run(main(port, connections, seconds, rate))))
