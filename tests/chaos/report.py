"""docs/fault-report.md: what was done, and what came of it."""

import os
import platform
import shlex
import time
from collections.abc import Sequence

from tests.chaos.scenario import Result, Scenario

Named = tuple[Scenario, str]

ABSENT = (
    "more than one broker: a broker that is away is one that nobody stands in for",
    "two processes with one transactional id at the same time: it is tried below the roles, in `tests/exact`",
    ("a request that a process had begun to write when it was frozen, and that leaves when it wakes: between the last look at the lease "
    "and the socket lie some hundred microseconds, or the making of a connection, and no platform lets itself be fenced"),
    "the quotas of the platforms, which are switched off here",
)


def command(arguments: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "tests.chaos", *arguments])


def page(results: Sequence[Result], skipped: Sequence[Named], broken: Sequence[Named], how: str) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = [
        "# What the relay stands",
        "",
        (f"Written by `{how}` on {time.strftime('%Y-%m-%d')}; do not edit. "
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}, a single Kafka node on "
        "the same machine, two processes of each role, simulated platforms that call back what they are sent."),
        "",
        ("Both sides talk in 240 conversations, 40 of them groups. A checker compares the journals of both platforms, the ledger and the "
        "log files, and names every message that is lost, doubled, changed, or out of the order in which its conversation said it. Where a "
        "platform itself calls back in disorder, what arrives behind a later one must be marked so: *late* counts these."),
        "",
        "| scenario | what is done | messages | blows | lost | doubled | out of order | late | changed | seed | s |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in results:
        account = one.account
        blows = ", ".join(f"{count} {what}" for what, count in one.counts.items() if count) or "-"
        lines.append(
            f"| {'' if one.good else '**not good** '}{one.scenario.name} | {one.scenario.what} | {account.said:,} | {blows} "
            f"| {len(account.lost)} | {len(account.duplicate)} | {len(account.out_of_order)} | {len(account.late)} | {len(account.changed)} "
            f"| {one.seed} | {one.seconds:.0f} |"
        )
    lines += ["", "## In doubt", "", "Requests of which nobody knew whether they had arrived, and how each was settled.", ""]
    lines += [f"- {one.scenario.name}: {one.account.doubts}; doubles that the relay knew itself: {_known(one)}" for one in results]
    if any(one.notes for one in results):
        lines += ["", "## Notes", "", *(f"- {one.scenario.name}: {note}" for one in results for note in one.notes)]
    wrong = [f"- {one.scenario.name}: {text}" for one in results for text in one.complaints]
    if wrong := wrong + [f"- {one.name}: {why}" for one, why in broken]:
        lines += ["", "## What did not hold", "", *wrong]
    if twice := [f"- {one.scenario.name}: `{text}`" for one in results for text in one.account.duplicate[:50]]:
        lines += ["", "## The doubled ones", "", "At most fifty of a scenario.", "", *twice]
    if skipped:
        lines += ["", "## Not played", "", *(f"- {one.name}: {why}" for one, why in skipped)]
    lines += ["", "## What is not tried here", "", *(f"- {text}" for text in ABSENT)]
    return "\n".join(lines) + "\n"


def _known(one: Result) -> str:
    found = len(one.account.duplicate)
    return f"{found - len(one.account.unseen)} of {found}"
