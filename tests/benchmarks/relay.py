"""`make bench-relay`: the whole relay at a constant rate, open loop, everything on this machine.

People on both sides write at fixed instants, whatever becomes of it; the latency of a message is from the moment it was said
(in the source simulator's journal) to the moment the target took it (in the target's).
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.stack import Stack

NEEDED = {"p50": 20.0, "p99": 100.0}
WARM = 0.2
"""The first part of each round, which is not counted: connections are made, code is loaded."""


def users(conversations: int) -> list[str]:
    return [f"u{number}{side}" for number in range(conversations) for side in "ab"]


def latencies(source: Any, target: Any, since: tuple[int, int]) -> tuple[int, list[float]]:
    said = {entry["id"]: entry["time"] for entry in source.journal("said", since=since[0])}
    took = []
    for entry in target.journal("accepted", since=since[1]):
        if entry["api"] != "send":
            continue
        ext = json.loads(entry["ext"]) if isinstance(entry["ext"], str) else entry["ext"]
        origin = said.get(ext["relay"]["id"].split(":")[3])
        if origin is not None:
            took.append((origin, float(entry["time"] - origin)))
    took.sort()
    return len(said), [latency for _, latency in took[int(len(took) * WARM) :]]


def last(simulator: Any) -> int:
    entries = simulator.journal("said", "accepted")
    return entries[-1]["seq"] if entries else 0


def one_round(stack: Stack, rate: int, seconds: int, conversations: int, seed: int) -> dict[str, float]:
    sides = {"yunxin": stack.yunxin, "easemob": stack.easemob}
    marks = {name: last(side) for name, side in sides.items()}
    for number, side in enumerate(sides.values()):
        side.load(rate=rate // 2, count=rate * seconds // 2, conversations=conversations, seed=seed + number)
    for side in sides.values():
        side.settled()
    wanted = rate * seconds // 2
    deadline = time.monotonic() + 30
    while True:
        found = {
            "yunxin>easemob": latencies(stack.yunxin, stack.easemob, (marks["yunxin"], marks["easemob"])),
            "easemob>yunxin": latencies(stack.easemob, stack.yunxin, (marks["easemob"], marks["yunxin"])),
        }
        counted = [len(took) for _, took in found.values()]
        if all(count >= int(wanted * (1 - WARM)) for count in counted) or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    every = sorted(latency for _, took in found.values() for latency in took)
    cuts = statistics.quantiles(every, n=1000) if len(every) > 10 else [0.0] * 999
    return {
        "said": sum(count for count, _ in found.values()), "counted": len(every),
        "p50": cuts[499], "p99": cuts[989], "max": every[-1] if every else 0.0,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1000, help="messages a second, both directions together")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--partitions", type=int, default=4)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="im-relay-bench-") as directory:
        prefix = f"bench{time.time_ns()}."
        with Stack(Path(directory), partitions=chosen.partitions, prefix=prefix, limits=0, say=print) as stack:
            for side in (stack.yunxin, stack.easemob):
                side.preload(users(chosen.conversations))
            rounds = []
            for number in range(chosen.rounds):
                figures = one_round(stack, chosen.rate, chosen.seconds, chosen.conversations, 10 * number)
                rounds.append(figures)
                print(
                    f"round {number + 1}: said {figures['said']:.0f}, latency p50 {figures['p50']:.0f} ms, "
                    f"p99 {figures['p99']:.0f} ms, largest {figures['max']:.0f} ms", flush=True,
                )  # fmt: skip
    middle = {name: statistics.median(figures[name] for figures in rounds) for name in NEEDED}
    print(f"at {chosen.rate} messages a second, medians of {chosen.rounds}:")
    for name, needed in NEEDED.items():
        print(f"  {name} {middle[name]:.0f} ms (needed: under {needed:.0f})")
    return 0 if all(middle[name] < needed for name, needed in NEEDED.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
