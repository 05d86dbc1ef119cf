"""What was seen, as a table for people and for the page."""

import re
from collections.abc import Iterable, Mapping

from tests.chaos.alerts.chinese import ALL_WORDS
from tests.chaos.alerts.fault import Expected, stated
from tests.chaos.alerts.not_caused import NOT_CAUSED
from tests.chaos.alerts.playing import Playing, Row

LATE = 180.0
"""Seconds beyond what the page states: scrapes, the evaluation, what a window must hold until it says so, and this machine."""


def written(playing: Playing) -> str:
    """Markdown."""
    times = stated()
    lines = ["| alert | fault | fired after | its page says | over after |", "| --- | --- | --- | --- | --- |"]
    for row in sorted(playing.rows, key=lambda one: one.expected.alert):
        begun, mended = playing.begun[row.fault.name], playing.mended.get(row.fault.name)
        fired = f"{row.fired - begun:.0f} s" if row.fired is not None else "**never**"
        if row.fired is not None and row.fired - begun > times[row.expected.alert] + LATE:
            fired += " (late)"
        if row.again:
            fired += f", {row.again} times more"
        over = f"{row.over - mended:.0f} s" if row.over is not None and mended is not None else "not within this run"
        says = f"{times[row.expected.alert]:.0f} s" if times[row.expected.alert] else "at once"
        lines.append(f"| {row.expected.alert} | {row.fault.what} | {fired} | {says} | {over if row.fired is not None else ''} |")
    lines += ["", "Not caused for real:", "", "| alert | why |", "| --- | --- |"]
    lines += [f"| {name} | {why} |" for name, why in sorted(NOT_CAUSED.items())]
    lines += ["", "Fired besides what was expected: " + (_besides(playing.besides) or "nothing") + "."]
    return "\n".join(lines) + "\n"


def in_chinese(text: str) -> str:
    """The same table; names of alerts stay."""
    for words in sorted(ALL_WORDS, key=len, reverse=True):
        text = text.replace(words, ALL_WORDS[words])
    return re.sub(r"(\d+) s\b", r"\1 秒", text).replace(" （", "（")


def _besides(found: Mapping[frozenset[tuple[str, str]], str]) -> str:
    names = sorted({dict(labels)["alertname"] for labels in found})
    return ", ".join(names)


def failed(rows: Iterable[Row]) -> list[Expected]:
    """What did not fire, or was not over."""
    return [row.expected for row in rows if row.fired is None or row.over is None]
