# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""From an alert to the board that shows its cause: the annotation `dashboard`, an address within Grafana."""

import re
from collections.abc import Mapping

from deploy.boards import uids

KEY = "dashboard"
_RULE = re.compile(r"^ +- (?:alert|record): .*$", re.MULTILINE)
_METRIC = re.compile(r"\b(?:im_relay_\w+|up|process_\w+)\b")
_ANNOTATIONS = re.compile(r"^( +)annotations:\n", re.MULTILINE)


def linked(rules: str, boards: Mapping[str, str]) -> str:
    """The file of *rules* with that annotation in each alert; *boards* are as JSON, by uid."""
    starts = [found.start() for found in _RULE.finditer(rules)]
    pieces = [rules[: starts[0]], *(rules[begin:end] for begin, end in zip(starts, [*starts[1:], len(rules)], strict=True))]
    return "".join(_linked(piece, boards) for piece in pieces)


def _linked(rule: str, boards: Mapping[str, str]) -> str:
    found = _ANNOTATIONS.search(rule)
    if found is None:
        return rule
    head, rest = rule[: found.end()], re.sub(rf"^ +{KEY}: .*\n", "", rule[found.end() :], flags=re.MULTILINE)
    return f"{head}{found[1]}  {KEY}: /d/{shown_on(head, boards)}\n{rest}"


def shown_on(expr: str, boards: Mapping[str, str]) -> str:
    """The uid of the board that shows most of the metrics of *expr*; the overview where none does."""
    metrics = set(_METRIC.findall(expr))
    counts = {
        uid: sum(bool(re.search(rf"\b{metric}\b", text)) for metric in metrics) for uid, text in boards.items() if uid != uids.OVERVIEW
    }
    best = max(counts, key=lambda uid: counts[uid])
    return best if counts[best] else uids.OVERVIEW
