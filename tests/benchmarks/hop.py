"""The hop against its peers: same broker, same records, rounds in turn, ratios of medians.

`python -m tests.benchmarks.hop [--rounds N] [--records N]`: read, parse JSON, set a field, write, keep the offset, against
Kafka Streams exactly_once_v2 (needs java and mvn), Quix Streams exactly-once (QUIX_PYTHON names an interpreter that has
quixstreams 3) and stock Faust. `--conversion`: with the real conversion of a text callback. `--latency`: one record at a time. `--protocol`: what transactions cost.

Every program starts its clock at the first record that it processes. The peers stop it at the Nth that is processed, ours at
the commit of the Nth; and ours must then show N committed records in the target. Exits 1 when a target is missed. The broker
is that of KAFKA_BOOTSTRAP, or a node of its own.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import uvloop

from tests.benchmarks.hop_latency import measure
from tests.benchmarks.hop_topics import Topics
from tests.broker import broker

HERE = Path(__file__).parent
TIMEOUT = 240
CONVERSION = 40_000
P50_MS, P99_MS = 5.0, 15.0
PROTOCOL = 0.2
"""Share of the rate that the transactional protocol may cost."""


class Program(NamedTuple):
    name: str
    command: list[str]
    share: float = 1.0
    """Of the records: the slow one gets fewer, as its figure is a rate."""
    goal: float = 0.0
    """Ours must be this many times as fast."""
    target: Callable[[str], str] = str
    """The topic that it writes, of the name that it is given."""


OURS = Program("ours", [sys.executable, "-m", "tests.benchmarks.hop_ours", "trivial"])


def kafka_streams() -> list[Program]:
    java, mvn, there = shutil.which("java"), shutil.which("mvn"), HERE / "kafka_streams"
    if not java or not mvn:
        print("Kafka Streams: left out, java or mvn is not on this machine")
        return []
    if not (there / "libs").is_dir():
        build = [mvn, "-q", "package", "dependency:copy-dependencies", "-DoutputDirectory=libs"]
        if subprocess.run(build, cwd=there, check=False, timeout=TIMEOUT).returncode:
            print("Kafka Streams: left out, mvn could not build it")
            return []
    jars = f"{there}/target/hop-1.jar:{there}/libs/*"
    return [Program("Kafka Streams exactly_once_v2, 1 thread", [java, "-cp", jars, "Hop", "exactly_once_v2", "1"], goal=1.2)]


def quix() -> list[Program]:
    python = os.environ.get("QUIX_PYTHON", sys.executable)
    probe = [python, "-c", "from quixstreams import Application"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        print(f"Quix Streams: left out, {python} has no quixstreams 3; set QUIX_PYTHON")
        return []
    return [Program("Quix Streams exactly-once", [python, str(HERE / "quix_hop.py"), "exactly-once"], goal=1.8)]


def faust() -> Program:
    command = [sys.executable, "-m", "faust", "-A", "tests.benchmarks.faust_hop", "worker", "-l", "warn", "--without-web"]
    return Program("stock Faust at_least_once, event by event", command, share=0.1, goal=25)


def once(program: Program, topics: Topics, source: str, records: int, scratch: Path) -> float:
    """One run's figure, in records a second. Raises RuntimeError when there is none."""
    count, given = int(records * program.share), f"bench-{uuid.uuid4().hex[:8]}"
    target, out = topics.make(program.target(given)), scratch / given
    env = {"BOOTSTRAP": topics.bootstrap, "SRC": source, "DST": given, "N": str(count), "OUT": str(out)}
    ran = subprocess.run(
        program.command, env=os.environ | env, cwd=HERE.parent.parent, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    said = ran.stdout + (out.read_text() if out.exists() else "")
    if (found := re.search(r"(\d+)/s", said)) is None:
        raise RuntimeError(f"{program.name} gave no figure:\n{said}\n{ran.stderr[-2000:]}")
    if program.command[:3] == OURS.command[:3] and (held := topics.committed(target)) != count:
        raise RuntimeError(f"{program.name} wrote {count} records, and the target holds {held} committed ones")
    if cpu := re.search(r"(\d+) in a second of its own CPU", said):
        print(f"  {program.name}: {float(found[1]):,.0f}/s, {float(cpu[1]):,.0f} in a second of its own CPU", flush=True)
    return float(found[1])


def against_peers(topics: Topics, rounds: int, records: int, scratch: Path) -> bool:
    programs = [OURS, *kafka_streams(), *quix(), faust()]
    source = topics.fill(f"bench-src-{uuid.uuid4().hex[:8]}", records)
    figures: dict[str, list[float]] = {program.name: [] for program in programs}
    for number in range(rounds):
        for program in programs:
            figures[program.name].append(once(program, topics, source, records, scratch))
        latest = ", ".join(f"{name} {found[-1]:,.0f}" for name, found in figures.items())
        print(f"round {number + 1}: {latest}", flush=True)
    ours = statistics.median(figures[OURS.name])
    print(f"ours: {ours:,.0f}/s (median of {rounds}; {min(figures['ours']):,.0f} to {max(figures['ours']):,.0f})")
    reached = True
    for program in programs[1:]:
        theirs = statistics.median(figures[program.name])
        reached &= _goal(
            f"{program.name}: {theirs:,.0f}/s, ratio {ours / theirs:.2f}", f">= {program.goal:g}", ours / theirs >= program.goal
        )
    return reached


def with_conversion(topics: Topics, rounds: int, records: int, scratch: Path) -> bool:
    from tests.benchmarks.hop_conversion import HEADERS, callback, source, target

    filled = topics.fill(source(f"bench-{uuid.uuid4().hex[:8]}."), records, callback, HEADERS)
    program = OURS._replace(name="ours, with conversion", command=[*OURS.command[:-1], "conversion"], target=target)
    figures = [once(program, topics, filled, records, scratch) for _ in range(rounds)]
    median = statistics.median(figures)
    shown = ", ".join(f"{one:,.0f}" for one in figures)
    return _goal(f"conversion of text callbacks: {median:,.0f}/s in one process ({shown})", f">= {CONVERSION:,}/s", median >= CONVERSION)


def protocol(topics: Topics, rounds: int, records: int, scratch: Path) -> bool:
    """The conversion with transactions and without, in turn."""
    from tests.benchmarks.hop_conversion import HEADERS, callback, source, target

    filled = topics.fill(source(f"bench-{uuid.uuid4().hex[:8]}."), records, callback, HEADERS)
    ways = {"with": [*OURS.command[:-1], "conversion"], "without": [*OURS.command[:-1], "conversion", "plain"]}
    figures: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, command in ways.items():
            program = OURS._replace(name=f"{way} transactions", command=command, target=target)
            figure = once(program, topics, filled, records, scratch)
            if number:  # in the first the broker gets warm
                figures[way].append(figure)
    exact, plain = (statistics.median(figures[way]) for way in ways)
    return _goal(
        f"the transactional protocol costs {1 - exact / plain:.0%}: {exact:,.0f}/s with it, {plain:,.0f}/s without",
        f"<= {PROTOCOL:.0%}",
        exact >= plain * (1 - PROTOCOL),
    )


def latency(topics: Topics, samples: int, scratch: Path) -> bool:
    source, target = (topics.make(f"bench-{way}-{uuid.uuid4().hex[:8]}") for way in ("in", "out"))
    p50, p99 = uvloop.run(measure(topics.bootstrap, source, target, samples, scratch / "worker.log"))
    shown = f"producer to read-committed reader, {samples} records: p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    return _goal(shown, f"p50 < {P50_MS:g}, p99 < {P99_MS:g}", p50 < P50_MS and p99 < P99_MS)


def _goal(shown: str, goal: str, reached: bool) -> bool:
    print(f"{shown} (target {goal}: {'reached' if reached else 'MISSED'})", flush=True)
    return reached


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--conversion", action="store_true")
    parser.add_argument("--latency", action="store_true")
    parser.add_argument("--protocol", action="store_true", help="with transactions and without")
    given = parser.parse_args()
    print(f"$ python -m tests.benchmarks.hop {' '.join(sys.argv[1:])}".rstrip())
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        topics = Topics(stack.enter_context(broker(scratch / "node")))
        stack.callback(topics.remove)
        runs: list[Callable[[], bool]] = []
        if given.conversion:
            runs.append(lambda: with_conversion(topics, given.rounds, given.records // 4, scratch))
        if given.protocol:
            runs.append(lambda: protocol(topics, given.rounds, given.records // 4, scratch))
        if given.latency:
            runs.append(lambda: latency(topics, given.samples, scratch))
        if not runs:
            runs.append(lambda: against_peers(topics, given.rounds, given.records, scratch))
        reached = [one() for one in runs]  # all of them, whatever the first says
        return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
