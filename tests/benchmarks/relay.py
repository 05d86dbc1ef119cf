"""`make bench-relay`: the whole relay at a constant rate, open loop, everything on this machine.

People on both sides write at fixed instants, whatever becomes of it; the latency of a message is from the moment it was said
(in the source simulator's journal) to the moment the target took it (in the target's). What each process spends on a message
says more than any of that on a machine that others use too. `--only` takes one of: rate, highest, recovery, protocol.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import cpu, hop
from tests.benchmarks.hop_topics import Topics
from tests.benchmarks.relay_lag import at_rest, highest, summed
from tests.benchmarks.relay_recovery import recovery
from tests.stack import Stack

PARTS = ("rate", "highest", "recovery", "protocol")
RECOVERED = 15.0
"""Seconds after a kill within which the full rate must be carried again, with the session time-out of 10 s in it."""
NEEDED = {"p50": 20.0, "p99": 100.0}
WARM_UP = 20
"""Seconds of each of two rounds at half of the rate, before all others."""
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


def processes(stack: Stack) -> dict[str, int]:
    """Process ids, by name; the broker only where it is ours."""
    named = {"broker": stack.node.pid} if stack.node is not None else {}
    named |= {name: role.child.pid for name, role in stack.roles.items() if role.child is not None}
    named |= {"simulator-yunxin": stack.yunxin.pid, "simulator-easemob": stack.easemob.pid}
    return {name: pid for name, pid in named.items() if pid is not None}


def transactions(stack: Stack) -> dict[str, float]:
    """Committed so far, by role."""
    name = "im_relay_transactions_total"
    return {role.name: summed(role.metrics(), name) for role in stack.roles.values() if role.name != "ingress"}


def one_round(stack: Stack, rate: int, seconds: int, conversations: int, seed: int) -> dict[str, Any]:
    sides = {"yunxin": stack.yunxin, "easemob": stack.easemob}
    marks = {name: last(side) for name, side in sides.items()}
    committed = transactions(stack)
    meter, began = cpu.Meter(processes(stack)), time.monotonic()
    for number, side in enumerate(sides.values()):
        side.load(rate=rate // 2, count=rate * seconds // 2, conversations=conversations, seed=seed + number)
    at_rest(stack)
    used, elapsed = meter.used(), time.monotonic() - began
    per_second = {role: (count - committed[role]) / elapsed for role, count in transactions(stack).items()}
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
        "cpu": cpu.table(used, rate * seconds, elapsed),
        "transactions": ", ".join(f"{role} {each:.0f}" for role, each in per_second.items()),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1000, help="messages a second, both directions together")
    parser.add_argument("--seconds", type=int, default=20, help="of a round; at most 24")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--partitions", type=int, default=1, help="each costs transactions, and only many cores need many")
    parser.add_argument("--cycle", type=float, default=0.005, help="seconds between two writes of convert and deliver")
    parser.add_argument("--only", choices=PARTS, action="append", default=[])
    chosen = parser.parse_args()
    parts = chosen.only or PARTS
    reached = []
    with tempfile.TemporaryDirectory(prefix="im-relay-bench-") as directory:
        prefix = f"bench{time.time_ns()}."
        # As many requests under way in all as four partitions have by default.
        intents = max(1, 256 // chosen.partitions)
        settings = f"cycle = {chosen.cycle}\nintents = {intents}\n\n[convert]\ncycle = {chosen.cycle}"
        with Stack(
            Path(directory), partitions=chosen.partitions, prefix=prefix, limits=0, settings=settings, say=print, brief=False,
            easemob={"ban_scale": 0.0},  # how long a platform stops calling a dead ingress is not ours
        ) as stack:  # fmt: skip
            for side in (stack.yunxin, stack.easemob):
                side.preload(users(chosen.conversations))
            print(f"warms up for {2 * WARM_UP} s: Java compiles what is used", flush=True)
            for number in (998, 996):
                one_round(stack, max(100, chosen.rate // 2), WARM_UP, chosen.conversations, number)
            if "rate" in parts:
                reached.append(at_rate(stack, chosen))
            if "highest" in parts:
                report_highest(stack, chosen)
            if "recovery" in parts:
                reached.append(recoveries(stack, chosen))
            if "protocol" in parts:
                topics = Topics(stack.bootstrap)
                reached.append(hop.protocol(topics, chosen.rounds, 200_000, Path(directory)))
                topics.remove()
    return 0 if all(reached) else 1


def at_rate(stack: Stack, chosen: argparse.Namespace) -> bool:
    rounds = []
    for number in range(chosen.rounds):
        figures = one_round(stack, chosen.rate, chosen.seconds, chosen.conversations, 10 * number)
        rounds.append(figures)
        print(
            f"round {number + 1}: said {figures['said']:.0f}, latency p50 {figures['p50']:.0f} ms, "
            f"p99 {figures['p99']:.0f} ms, largest {figures['max']:.0f} ms\n{figures['cpu']}\n  transactions a second: {figures['transactions']}", flush=True,
        )  # fmt: skip
    middle = {name: statistics.median(figures[name] for figures in rounds) for name in NEEDED}
    print(f"at {chosen.rate} messages a second, medians of {chosen.rounds}:")
    for name, needed in NEEDED.items():
        print(f"  {name} {middle[name]:.0f} ms (needed: under {needed:.0f})", flush=True)
    return all(middle[name] < needed for name, needed in NEEDED.items())


def report_highest(stack: Stack, chosen: argparse.Namespace) -> None:
    rates = [chosen.rate * share // 4 for share in range(3, 8)]
    print(f"the highest rate without growing lag, of {rates}:", flush=True)
    found = highest(stack, rates, 20, chosen.conversations, lambda line: print(line, flush=True))
    print("  " + ", ".join(f"{role} {rate}/s" for role, rate in found.items()), flush=True)


def recoveries(stack: Stack, chosen: argparse.Namespace) -> bool:
    """At a quarter of the rate: what stood still has to be caught up with as well."""
    worst = 0.0
    for number, role in enumerate(stack.roles):
        seconds = recovery(stack, role, chosen.rate // 4, chosen.conversations, 2000 + 2 * number)
        worst = max(worst, seconds)
        print(f"kill -9 of {role}: full rate again after {seconds:.1f} s (needed: under {RECOVERED:.0f})", flush=True)
    return worst < RECOVERED


if __name__ == "__main__":
    sys.exit(main())
