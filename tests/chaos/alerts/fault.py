"""What is done to the relay, and which alerts must fire of it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.stack import ROOT

RUNBOOKS = ROOT / "docs/runbooks.md"


def nothing() -> None:
    """For a fault that needs no care while it lasts, or no beginning."""


def in_turn(*what: Callable[[], object]) -> Callable[[], None]:
    def all_of_it() -> None:
        for each in what:
            each()

    return all_of_it


class Expected(NamedTuple):
    """An alert, and those of its labels by which it is told from others of its name."""

    alert: str
    labels: Mapping[str, str]

    def fits(self, labels: Mapping[str, Any]) -> bool:
        return labels.get("alertname") == self.alert and all(labels.get(name) == value for name, value in self.labels.items())


def fires(alert: str, **labels: str) -> Expected:
    return Expected(alert, labels)


@dataclass(frozen=True)
class Fault:
    """*ready* is done before its time begins, *keep* again and again while it lasts. It begins when those named by *after*, which it would disturb, have been mended; *alone*
    when all have.

    *beside* fire of it too, at no certain time: they are not waited for, and are no surprise.
    """

    name: str
    what: str
    alerts: tuple[Expected, ...]
    begin: Callable[[], object] = nothing
    end: Callable[[], object] = nothing
    keep: Callable[[], object] = nothing
    ready: Callable[[], object] = nothing
    after: tuple[str, ...] = ()
    alone: bool = False
    beside: tuple[Expected, ...] = ()


def stated() -> dict[str, float]:
    """Seconds after which each alert fires, by its page; 0 is at once."""
    found: dict[str, float] = {}
    for part in re.split(r"^## ", RUNBOOKS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, meaning, *_ = [line for line in part.splitlines() if line]
        after = re.search(r"after (\d+)(s|m|h)", meaning)
        found[name] = int(after[1]) * {"s": 1, "m": 60, "h": 3600}[after[2]] if after else 0.0
    return found
