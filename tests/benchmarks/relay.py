"""`make bench-relay`: the whole relay at a constant rate, open loop, everything on this machine, with default settings.

People on both sides write at fixed instants, whatever becomes of it; the latency of a message is from the moment it was said
(in the source simulator's journal) to the moment the target took it (in the target's). What each process spends on a message
says more than any of that on a machine that others use too. `--only` takes some of:

- `rate`: what each process spends at `--rate`, and latency there;
- `highest`: the highest rate at which no role falls behind, and latency at half of it;
- `recovery`, `protocol`: a killed role until the full rate is carried again; what transactions cost.

`--against REF` runs `rate` and `highest` with the roles of that commit as well, in turn on this machine, under the same load.
Settings are the defaults, but for one partition (each costs transactions, and only many cores need many) and no quotas.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks import cpu, hop
from tests.benchmarks.hop_topics import Topics
from tests.benchmarks.relay_lag import at_rest, highest, rates, summed
from tests.benchmarks.relay_recovery import recovery
from tests.stack import ROOT, Stack

PARTS = ("rate", "highest", "recovery", "protocol")
COMPARED = ("rate", "highest")
RECOVERED = 15.0
"""Seconds after a kill within which the full rate must be carried again, with the session time-out of 10 s in it."""
NEEDED = {"p50": 15.0, "p99": 50.0}
"""Milliseconds at half of the highest rate."""
BUDGET = 700.0
"""Microseconds of CPU that the relay's own roles may use for a message."""
FASTER = 1.7
"""Times the highest rate of the commit that it is compared with."""
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
        "said": sum(count for count, _ in found.values()),
        "counted": len(every),
        "p50": cuts[499],
        "p99": cuts[989],
        "max": every[-1] if every else 0.0,
        "cpu": cpu.table(used, rate * seconds, elapsed),
        "roles": sum(spent for name, spent in used.items() if name in stack.roles) / (rate * seconds) * 1e6,
        "transactions": ", ".join(f"{role} {each:.0f}" for role, each in per_second.items()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000, help="messages a second, both directions together")
    parser.add_argument("--first", type=int, default=500, help="the rate at which the search for the highest begins")
    parser.add_argument("--seconds", type=int, default=20, help="of a round; at most 24")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--cycle", type=float, help="`convert.cycle` and `deliver.cycle` in seconds, instead of the defaults")
    parser.add_argument("--only", choices=PARTS, action="append", default=[])
    parser.add_argument("--against", metavar="REF", help="a commit to compare with")
    parser.add_argument("--turns", type=int, default=2, help="with --against: how often each has its turn")
    chosen = parser.parse_args()
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; other work shows in the figures", flush=True)
    if chosen.against:
        return 0 if against(chosen) else 1
    return 0 if run("here", ROOT, chosen, chosen.only or PARTS).reached else 1


class Found(NamedTuple):
    """What a run has found; 0 where it was not looked for."""

    cpu: float
    """Microseconds of the relay's roles, a message."""
    highest: int
    reached: bool


def run(name: str, code: Path, chosen: argparse.Namespace, parts: Collection[str]) -> Found:
    """A stack of its own, with the roles of *code*."""
    print(f"== {name}", flush=True)
    used, found, reached = 0.0, 0, [True]
    cycle = "" if chosen.cycle is None else f"cycle = {chosen.cycle}\n\n[convert]\ncycle = {chosen.cycle}"
    with (
        tempfile.TemporaryDirectory(prefix="im-relay-bench-") as directory,
        Stack(
            Path(directory),
            partitions=chosen.partitions,
            prefix=f"bench{time.time_ns()}.",
            limits=0,
            settings=cycle,
            say=print,
            brief=False,
            code=code,
            easemob={"ban_scale": 0.0},  # how long a platform stops calling a dead ingress is not ours
        ) as stack,
    ):
        for side in (stack.yunxin, stack.easemob):
            side.preload(users(chosen.conversations))
        print(f"warms up for {2 * WARM_UP} s: Java compiles what is used", flush=True)
        for number in (998, 996):
            one_round(stack, max(100, chosen.rate // 2), WARM_UP, chosen.conversations, number)
        if "rate" in parts:
            used = at_rate(stack, chosen, chosen.rate)["roles"]
            reached.append(_told("CPU of the relay's roles", used, BUDGET, "us a message"))
        if "highest" in parts:
            found, within = at_half(stack, chosen)
            reached.append(within)
        if "recovery" in parts:
            reached.append(recoveries(stack, chosen))
        if "protocol" in parts:
            topics = Topics(stack.bootstrap)
            reached.append(hop.protocol(topics, chosen.rounds, 200_000, Path(directory)))
            topics.remove()
    return Found(used, found, all(reached))


def against(chosen: argparse.Namespace) -> bool:
    """This tree and that of a commit in turn; true where ours is as much faster as it should be."""
    parts = [part for part in chosen.only or COMPARED if part in COMPARED]
    with tempfile.TemporaryDirectory(prefix="im-relay-against-") as directory:
        tree = Path(directory) / "tree"
        subprocess.run(["git", "worktree", "add", "--detach", str(tree), chosen.against], cwd=ROOT, check=True, capture_output=True)
        try:
            runs: dict[str, list[Found]] = {chosen.against: [], "here": []}
            for _ in range(chosen.turns):
                for name, code in ((chosen.against, tree), ("here", ROOT)):
                    runs[name].append(run(name, code, chosen, parts))
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=False)
    for name, found in runs.items():
        print(f"{name}: roles {[round(one.cpu) for one in found]} us a message, highest steady rates {[one.highest for one in found]}")
    if "highest" not in parts:
        return True
    theirs, ours = (statistics.median(one.highest for one in runs[name]) for name in (chosen.against, "here"))
    ratio = ours / max(1.0, theirs)
    print(f"highest steady rate: {ours:.0f}/s, {ratio:.2f} times that of {chosen.against} (needed: {FASTER:g})", flush=True)
    return ratio >= FASTER


def at_rate(stack: Stack, chosen: argparse.Namespace, rate: int) -> dict[str, float]:
    """Medians of the rounds: p50 and p99 in milliseconds, and what the relay's roles used."""
    rounds = []
    for number in range(chosen.rounds):
        figures = one_round(stack, rate, chosen.seconds, chosen.conversations, 10 * number)
        rounds.append(figures)
        print(
            f"round {number + 1}: said {figures['said']:.0f}, latency p50 {figures['p50']:.0f} ms, "
            f"p99 {figures['p99']:.0f} ms, largest {figures['max']:.0f} ms\n{figures['cpu']}\n  transactions a second: {figures['transactions']}",
            flush=True,
        )
    middle = {name: statistics.median(figures[name] for figures in rounds) for name in (*NEEDED, "roles")}
    print(f"at {rate} messages a second, medians of {chosen.rounds}: p50 {middle['p50']:.0f} ms, p99 {middle['p99']:.0f} ms", flush=True)
    return middle


def at_half(stack: Stack, chosen: argparse.Namespace) -> tuple[int, bool]:
    """The highest rate, and whether latency at half of it is as needed."""
    print("the highest rate at which no role falls behind:", flush=True)
    found = highest(stack, rates(chosen.first), 20, chosen.conversations, lambda line: print(line, flush=True))
    print(f"  {found}/s; at half of it:", flush=True)
    if not found:
        return 0, False
    middle = at_rate(stack, chosen, found // 2)
    within = {name: _told(name, middle[name], needed, "ms") for name, needed in NEEDED.items()}
    return found, all(within.values())


def _told(name: str, value: float, needed: float, unit: str) -> bool:
    print(f"  {name} {value:.0f} {unit} (needed: under {needed:.0f})", flush=True)
    return value < needed


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
