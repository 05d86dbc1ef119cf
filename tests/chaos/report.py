"""docs/fault-report.md: what was done, and what came of it."""

import os
import platform
import shlex
import time
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from tests.chaos.accounts import Account, Doubts
from tests.chaos.scenario import Result, Scenario

Named = tuple[Scenario, str]

ABSENT = (
    "two processes with one transactional id at the same time: it is tried below the roles, in `tests/exactly_once`",
    (
        "a request that a process had begun to write when it was frozen, and that leaves when it wakes: between the last look at the lease "
        "and the socket lie some hundred microseconds, or the making of a connection, and no platform lets itself be fenced"
    ),
    "the quotas of the platforms, which are switched off here",
)


def dump(result: Result) -> bytes:
    """One line of a file of results."""
    return msgspec.json.encode(result._replace(scenario=result.scenario.name)) + b"\n"  # type: ignore[arg-type]


def load(line: bytes, scenarios: Mapping[str, Scenario]) -> Result | None:
    """None for a scenario that there is no more."""
    name, seed, account, *rest = msgspec.json.decode(line)
    if name not in scenarios:
        return None
    return Result(scenarios[name], seed, msgspec.convert(account, Account), *rest)


def repeat(scenario: Scenario, seed: int, *, short: bool = False) -> str:
    """What a person types to see a run again."""
    return "repeat it with: " + command(["--scenario", scenario.name, "--seed", str(seed), *(["--short"] if short else [])])


def command(arguments: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "tests.chaos", *arguments])


def page(results: Sequence[Result], skipped: Sequence[Named], broken: Sequence[Named], how: str) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = [
        "# What the relay stands",
        "",
        "[中文](fault-report.zh-CN.md)",
        "",
        (
            f"Written by `{how}` on {time.strftime('%Y-%m-%d')}; do not edit. "
            f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}, a single Kafka node on "
            "the same machine (three in `brokers`), two processes of each role, simulated platforms that call back what they are sent."
        ),
        "",
        (
            "Both sides talk in 240 conversations, 40 of them groups. A checker compares the journals of both platforms, the ledger and the "
            "log files, and names every message that is lost, doubled, changed, or out of the order in which its conversation said it. Where a "
            "platform itself calls back in disorder, what arrives behind a later one must be marked so: *late* counts these."
        ),
        "",
        "| scenario | what is done | messages | blows | lost | doubled | out of order | late | changed | seeds | s |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    rows = [Row([one for one in results if one.scenario.name == name]) for name in dict.fromkeys(one.scenario.name for one in results)]
    lines += [row.line() for row in rows]
    lines += ["", "## In doubt", "", "Requests of which nobody knew whether they had arrived, and how each was settled.", ""]
    lines += [f"- {row.scenario.name}: {row.doubts}; doubles that the relay knew itself: {row.known}" for row in rows]
    if any(one.notes for one in results):
        lines += ["", "## Notes", "", *dict.fromkeys(f"- {one.scenario.name}: {note}" for one in results for note in one.notes)]
    wrong = [f"- {one.scenario.name}, seed {one.seed}: {text}" for one in results for text in one.complaints]
    if wrong := wrong + [f"- {one.name}: {why}" for one, why in broken]:
        lines += ["", "## What did not hold", "", *wrong]
    if twice := [f"- {one.scenario.name}: `{text}`" for one in results for text in one.account.duplicate[:50]]:
        lines += ["", "## The doubled ones", "", "At most fifty of a scenario.", "", *twice]
    if skipped:
        lines += ["", "## Not played", "", *(f"- {one.name}: {why}" for one, why in skipped)]
    lines += ["", "## What is not tried here", "", *(f"- {text}" for text in ABSENT)]
    return "\n".join(lines) + "\n"


class Row:
    """All runs of one scenario, as one line."""

    def __init__(self, runs: Sequence[Result]) -> None:
        self._runs = runs
        self.scenario = runs[0].scenario
        self.doubts = Doubts(*map(sum, zip(*(one.account.doubts for one in runs), strict=True)))

    def line(self) -> str:
        counts: Counter[str] = Counter()
        for one in self._runs:
            counts.update(one.counts)
        blows = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "-"
        figures = [
            sum(len(getattr(one.account, kind)) for one in self._runs) for kind in ("lost", "duplicate", "out_of_order", "late", "changed")
        ]
        bad = [str(one.seed) for one in self._runs if not one.good]
        mark = f"**not good with {', '.join(bad)}** " if bad else ""
        said, seconds = sum(one.account.said for one in self._runs), sum(one.seconds for one in self._runs)
        cells = [mark + self.scenario.name, self.scenario.what, f"{said:,}", blows, *map(str, figures)]
        return f"| {' | '.join([*cells, ', '.join(str(one.seed) for one in self._runs), f'{seconds:.0f}'])} |"

    @property
    def known(self) -> str:
        found, unseen = (sum(len(getattr(one.account, kind)) for one in self._runs) for kind in ("duplicate", "unseen"))
        return f"{found - unseen} of {found}"
