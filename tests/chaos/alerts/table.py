"""What was seen, as a table for people and for the pages."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.chaos.alerts.chinese import ALL_WORDS
from tests.chaos.alerts.fault import Fault, stated
from tests.chaos.alerts.measured import Measured
from tests.chaos.alerts.not_caused import NOT_CAUSED
from tests.stack import ROOT

PAGES = {"en": ROOT / "docs/alerts.md", "zh": ROOT / "docs/alerts.zh-CN.md"}
LATE = 180
"""Seconds beyond what the page states: scrapes, the evaluation, what a window must hold until it says so, and this machine."""
TAKES = {
    "ImRelayCanaryAbsent": 900,  # that long no canary has run
    "ImRelayGapsFailing": 480,  # more than two searches, and one before them
    "ImRelayTransactionsFail": 300,  # a rate over ten minutes
}
"""Seconds that a condition takes to become true, where that is minutes."""
MARKS = ("caused", "not measured", "not caused")


def caused(seen: Sequence[Measured], faults: Sequence[Fault]) -> list[str]:
    times, whats = stated(), {fault.name: fault.what for fault in faults}
    lines = ["| alert | fault | fires after | its page says | over after |", "| --- | --- | --- | --- | --- |"]
    for one in seen:
        fired = "**never**" if one.fired is None else f"{one.fired} s"
        if one.fired is not None and one.fired > times[one.alert] + TAKES.get(one.alert, 0) + LATE:
            fired += " (late)"
        if one.again:
            fired += f", {one.again} times more"
        over = "" if one.fired is None else "not within the run" if one.over is None else f"{one.over} s"
        says = f"{times[one.alert]:.0f} s" if times[one.alert] else "at once"
        lines.append(f"| {one.alert} | {whats[one.fault]} | {fired} | {says} | {over} |")
    return lines


def not_measured(seen: Sequence[Measured], faults: Sequence[Fault]) -> list[str]:
    known = {one.alert for one in seen}
    found = sorted({(one.alert, fault.what) for fault in faults for one in fault.alerts if one.alert not in known})
    return ["| alert | fault |", "| --- | --- |", *(f"| {alert} | {what} |" for alert, what in found)] if found else []


def not_caused() -> list[str]:
    return ["| alert | why |", "| --- | --- |", *(f"| {name} | {why} |" for name, why in sorted(NOT_CAUSED.items()))]


def written(seen: Sequence[Measured], faults: Sequence[Fault], besides: Iterable[Iterable[tuple[str, str]]]) -> str:
    """Of one run."""
    names = sorted({dict(labels)["alertname"] for labels in besides})
    return "\n".join([*caused(seen, faults), "", "Fired besides what was expected: " + (", ".join(names) or "nothing") + "."])


def in_chinese(line: str) -> str:
    """Names of alerts stay."""
    for words in sorted(ALL_WORDS, key=len, reverse=True):
        line = line.replace(words, ALL_WORDS[words])
    line = re.sub(r"(\d+) s\b", r"\1 秒", line).replace(" （", "（")
    return re.sub(r"(秒|）), (\d)", r"\1，\2", line)


def printed(language: str, text: str, seen: Sequence[Measured], faults: Sequence[Fault]) -> str:
    """*text* with the tables in their places, which comments in it name."""
    for name, rows in zip(MARKS, (caused(seen, faults), not_measured(seen, faults), not_caused()), strict=True):
        mark = f"<!-- {name} -->\n"
        if not rows and mark not in text:
            continue
        assert text.count(mark) == 1, f"no place for the table of what is {name}"
        lines = "".join(f"{row if language == 'en' else in_chinese(row)}\n" for row in rows)
        begin = text.index(mark) + len(mark)
        text = text[:begin] + lines + re.sub(r"\A(\|.*\n)*", "", text[begin:])
    return text


def pages(seen: Sequence[Measured], faults: Sequence[Fault]) -> dict[Path, str]:
    return {path: printed(language, path.read_text(encoding="utf-8"), seen, faults) for language, path in PAGES.items()}
