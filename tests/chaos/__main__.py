"""`make chaos`: the whole relay on a real broker, hurt in every way we know of, and every message accounted for.

`python -m tests.chaos [--scenario NAME …] [--source PLATFORM] [--messages N] [--seed S | --seeds N] [--short] [--hours H]
    [--results FILE] [--report FILE]`

Seeds are random unless named; each is printed, and repeats its run as far as processes can be repeated. The broker is a node of its own, or that of KAFKA_BOOTSTRAP; what hurts the broker is then left out. Exits 0 when every scenario holds.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import SystemRandom

from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port
from tests.apps import APPS
from tests.chaos import catalogue, report, upgrade
from tests.chaos.scenario import Result, Scenario, Skipped, run


class Playing:
    def __init__(self, arguments: argparse.Namespace, exits: ExitStack) -> None:
        self._arguments = arguments
        self._exits = exits
        self._node: LocalKafka | None = None
        self.directory = Path(tempfile.mkdtemp(prefix="chaos-"))
        self.results: list[Result] = []
        if arguments.results and arguments.results.exists():
            found = [report.load(line, catalogue.SCENARIOS) for line in arguments.results.read_bytes().splitlines()]
            self.results = [one for one in found if one is not None]
        self.skipped: list[tuple[Scenario, str]] = []
        self.broken: list[tuple[Scenario, str]] = []
        self._bootstrap = os.environ.get("KAFKA_BOOTSTRAP", "")
        if not self._bootstrap:
            proxied = free_port()
            node = LocalKafka(self.directory / "kafka", free_port(), free_port(), heap_mb=640, behind={free_port(): proxied})
            exits.callback(node.stop)
            node.start()
            self._bootstrap, self._node = node.bootstrap, node

    def play(self, chosen: Scenario, seed: int) -> bool:
        print(f"{chosen.name}: {chosen.what} (seed {seed})", flush=True)
        directory = self.directory / f"{chosen.name}-{len(self.results)}"
        try:
            result = run(
                chosen,
                seed=seed,
                bootstrap=self._bootstrap,
                node=self._node,
                directory=directory,
                messages=self._arguments.messages,
                short=self._arguments.short,
                source=self._arguments.source,
                say=lambda line: print(line, flush=True),
            )
        except Skipped as why:
            print(f"  not played: {why}\n")
            self.skipped.append((chosen, str(why)))
            return True
        except Exception as error:  # the others are still worth playing
            traceback.print_exc()
            print(f"  {report.repeat(chosen, seed, short=self._arguments.short)}", flush=True)
            self.broken.append((chosen, f"it broke off: {type(error).__name__}"))
            return False
        self.results.append(result)
        if self._arguments.results:
            with self._arguments.results.open("ab") as file:
                file.write(report.dump(result))
        if not result.good:
            print(f"  {report.repeat(chosen, seed, short=self._arguments.short)}")
        print(f"  {result.account}".replace("\n", "\n  "))
        print(f"  {', '.join(f'{count} {what}' for what, count in result.counts.items() if count)}; {result.seconds:.0f} s")
        for text in result.notes:
            print(f"  ({text})")
        for text in result.complaints:
            print(f"  WRONG: {text}")
        print("  good\n" if result.good else f"  logs: {directory}\n", flush=True)
        if result.good:
            shutil.rmtree(directory, ignore_errors=True)
        return result.good


def _drawn(count: int) -> list[int]:
    return [SystemRandom().randrange(1_000_000) for _ in range(count)]


def _seeds(text: str) -> list[int]:
    return list(map(int, text.split(","))) if "," in text else _drawn(int(text))


def _plan(scenarios: Sequence[Scenario], seeds: Sequence[int], end: float) -> Iterator[tuple[Scenario, int]]:
    """Each scenario with all *seeds*, then with others as long as what is begun ends before *end*."""
    yield from ((chosen, seed) for chosen in scenarios for seed in seeds)
    while True:
        for chosen in scenarios:
            if time.monotonic() + chosen.seconds > end:
                return
            yield chosen, _drawn(1)[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", nargs="+", choices=list(catalogue.SCENARIOS), default=list(catalogue.SCENARIOS), metavar="NAME")
    parser.add_argument("--list", action="store_true", help="name the scenarios, and how long each takes on two idle cores")
    parser.add_argument(
        "--source", choices=[name for name in APPS if name != "easemob"], default="yunxin", help="the platform that is left"
    )
    parser.add_argument("--from", dest="other", metavar="REF", help="the build that `upgrade` begins with  [default: the last release]")
    parser.add_argument("--messages", type=int, default=0, help="in place of each scenario's own number")
    drawn = parser.add_mutually_exclusive_group()
    drawn.add_argument("--seed", type=int, help="of one run; random if not given")
    drawn.add_argument(
        "--seeds", type=_seeds, metavar="N | S,S,…", help="each scenario once with each of N random seeds, or of those named"
    )
    parser.add_argument("--short", action="store_true", help="2,000 messages each, fewer blows")
    parser.add_argument("--hours", type=float, default=0.0, help="go on with other seeds, and begin nothing that would end later")
    parser.add_argument("--results", type=Path, metavar="FILE", help="keep each result there; the page tells of all that are there")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the page of what was seen")
    arguments = parser.parse_args()
    if arguments.list:
        for one in catalogue.SCENARIOS.values():
            print(f"{one.name:13} {one.seconds:4.0f} s  {one.what}")
        print(f"{'all':13} {sum(one.seconds for one in catalogue.SCENARIOS.values()) / 60:4.0f} min")
        return 0
    if arguments.other:
        os.environ[upgrade.FROM] = arguments.other
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    end = time.monotonic() + arguments.hours * 3600
    seeds = [arguments.seed] if arguments.seed is not None else arguments.seeds or _drawn(1)
    print(f"seeds {', '.join(map(str, seeds))}", flush=True)
    good = True
    with ExitStack() as exits:
        playing = Playing(arguments, exits)
        for chosen, seed in _plan([catalogue.SCENARIOS[name] for name in arguments.scenario], seeds, end):
            good &= playing.play(chosen, seed)
            if arguments.report:
                page = report.page(playing.results, playing.skipped, playing.broken, report.command(sys.argv[1:]))
                arguments.report.write_text(page)
    if good:
        shutil.rmtree(playing.directory, ignore_errors=True)
    print("every scenario holds" if good else "NOT every scenario holds")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
