"""`make bench-convert`: what one event costs in decode, route and encode, by kind and pair of platforms.

The events are the callbacks of tests/cases; each is routed to every other platform, where its messages and files are known. The
figure is the median over a kind's callbacks of the best of some rounds, in CPU time (the case files hold more odd callbacks than
ordinary ones; the costliest callbacks are named at the end); what is over its limit is measured once more,
longer, for a neighbour on the machine costs as much as a defect. Beside it stands the standard library's `json.loads` and
`json.dumps` of the same callback. Exit code 1 when a text takes more than 25 us, or anything else (a text that calls people by name,
or has the app's own data with it, among them) more than 60 us.
"""

import argparse
import gc
import json
import platform as machine
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, median
from typing import Any

from msgspec import Struct

from converters import PLATFORMS
from converters.core.bodies import Text
from converters.core.model import TargetContext
from converters.core.operations import Operation, Post
from converters.platform import Callback
from converters.routing.identity_table import IdentityTable, Kind
from converters.routing.route import App, Deliver, route
from tests.converters.examples import account_of, row_of, there_of
from tests.converters.shapes import NOW, body

CASES = Path(__file__).parents[1] / "cases"
TEXT_LIMIT, LIMIT = 25.0, 60.0
"""Microseconds for one event."""


class Known(IdentityTable):
    """Groups and rooms are called the same everywhere; people as they were called before."""

    def canonical(self, platform: str, kind: Kind, native: str) -> str | None:
        return super().canonical(platform, kind, native) if kind == "user" else native

    def native(self, platform: str, kind: Kind, canonical: str) -> str | None:
        return super().native(platform, kind, canonical) if kind == "user" else canonical


class Figure(Struct, frozen=True):
    kind: str
    source: str
    target: str
    ours: float
    """Microseconds."""
    peer: float
    events: int
    worst: float
    """Microseconds of the costliest, which is the case file *case*."""
    case: str

    @property
    def limit(self) -> float:
        return TEXT_LIMIT if self.kind == "text" else LIMIT


def best(work: Callable[[], object], rounds: int, times: int) -> float:
    """Microseconds of one call, in the best round."""
    found = float("inf")
    for _ in range(rounds):
        begin = time.thread_time()
        for _ in range(times):
            work()
        found = min(found, time.thread_time() - begin)
    return found / times * 1e6


def callbacks(platform: str) -> Iterator[tuple[str, Any, bytes]]:
    """What the case files of *platform* hold: the file's name, the callback as JSON, and as it lies in Kafka."""
    for path in sorted((CASES / platform).glob("*.json")):
        said = json.loads(path.read_bytes())["given"].get("callback")
        if said is not None:
            yield path.stem, said, body(platform, said)


def measured(source: str, target: str, rounds: int, times: int, only: str) -> Iterator[Figure]:
    apps = {
        "here": App("here", PLATFORMS[source], account_of(source), "there"),
        "there": App("there", PLATFORMS[target], account_of(target), "here"),
    }
    known, encode, account = Known(), PLATFORMS[target].encode, apps["there"].account
    kinds: dict[str, list[tuple[float, float, int, str]]] = {}
    for case, said, raw in callbacks(source):
        callback = Callback("here", raw, NOW)
        delivered = [one for one in route(callback, apps, known) if isinstance(one, Deliver)]
        if not delivered:
            continue
        operations = [one.delivery.event.operation for one in delivered]
        kind = _kind(operations[0])
        if only not in ("", kind):
            continue
        there = [there_of(target, operation) for operation in operations]
        plain = json.dumps(said, ensure_ascii=False)
        ours = best(lambda: _convert(callback, apps, known, encode, account, there), rounds, times)  # noqa: B023
        peer = best(lambda: json.dumps(json.loads(plain)), rounds, times)  # noqa: B023
        kinds.setdefault(kind, []).append((ours / len(delivered), peer / len(delivered), len(delivered), case))
    for kind, found in sorted(kinds.items()):
        ours, peer = median(each[0] for each in found), median(each[1] for each in found)
        worst = max(found)
        yield Figure(kind, source, target, ours, peer, sum(each[2] for each in found), worst[0], worst[3])


def _kind(operation: Operation) -> str:
    """A text that calls people, or brings the app's own data along, does more than a text."""
    kind = row_of(operation)
    if kind == "text" and isinstance(operation, Post) and isinstance(said := operation.body, Text):
        return "text with more" if operation.ext or said.mentions or said.everybody else kind
    return kind


def _convert(callback: Callback, apps: dict[str, App], known: Known, encode: Any, account: Any, there: list[TargetContext]) -> None:
    """What the two roles do with one callback, without Kafka and the network."""
    delivered = 0
    for one in route(callback, apps, known):
        if isinstance(one, Deliver):
            encode(one.delivery, account, there[delivered])
            delivered += 1


def _again(figure: Figure, rounds: int, times: int) -> Figure:
    """The better of the two."""
    (other,) = measured(figure.source, figure.target, rounds, times, figure.kind)
    return min(figure, other, key=lambda each: each.ours)


def table(source: str, figures: list[Figure]) -> Iterator[str]:
    targets = sorted({figure.target for figure in figures})
    yield f"\nfrom {source}: us of CPU time for an event, decoded, routed and encoded; the median of the kind's callbacks"
    yield "(in brackets json.loads + json.dumps of the same callback, and how many times that)\n"
    yield "  " + f"{'kind':<18}" + "".join(f"{'to ' + target:>26}" for target in targets)
    for kind in sorted({figure.kind for figure in figures}):
        cells = []
        for target in targets:
            one = next((each for each in figures if (each.kind, each.target) == (kind, target)), None)
            if one is None:  # the target refuses it
                cells.append(f"{'-':>26}")
                continue
            flag = "!" if one.ours > one.limit else " "
            cells.append(f"{f'{one.ours:.1f}{flag} ({one.peer:.1f}; x {one.ours / one.peer:.2f})':>26}")
        yield f"  {kind:<18}" + "".join(cells)


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.benchmarks.convert", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=200, help="calls in a round")
    parser.add_argument("--kind", default="", help="one kind alone")
    given = parser.parse_args()
    figures: list[Figure] = []
    gc.disable()
    for source in sorted(PLATFORMS):
        found: list[Figure] = []
        for target in sorted(PLATFORMS):
            if target != source:
                for figure in measured(source, target, given.rounds, given.times, given.kind):
                    found.append(_again(figure, given.rounds * 4, given.times) if figure.ours > figure.limit else figure)
                gc.collect()
        if found:
            print("\n".join(table(source, found)), flush=True)
        figures += found
    if not figures:
        print(f"no case file decodes to {given.kind!r}")
        return 1
    return _judged(figures)


def _judged(figures: list[Figure]) -> int:
    texts, rest = ([each for each in figures if (each.kind == "text") is text] for text in (True, False))
    print(f"\n{machine.python_implementation()} {machine.python_version()}, {sum(each.events for each in figures)} events")
    for name, group in (("text", texts), ("any other kind", rest)):
        if group:
            worst = max(group, key=lambda each: each.ours)
            ratio = mean(each.ours / each.peer for each in group)
            middle = mean(each.ours for each in group)
            print(
                f"{name}: mean {middle:.1f} us (x {ratio:.2f} of json), worst {worst.ours:.1f} us "
                f"({worst.kind}, {worst.source} -> {worst.target}); limit {worst.limit:.0f} us"
            )
            odd = max(group, key=lambda each: each.worst)
            print(f"  the costliest callback: {odd.worst:.1f} us ({odd.source} -> {odd.target}, tests/cases/{odd.source}/{odd.case}.json)")
    missed = [each for each in figures if each.ours > each.limit]
    for each in missed:
        print(f"missed: {each.kind}, {each.source} -> {each.target}: {each.ours:.1f} us, limit {each.limit:.0f} us")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
