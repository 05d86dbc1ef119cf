"""What a board asks, and how it names what it gets."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from deploy.dashboards import DASHBOARDS, ROOT


class Panel(NamedTuple):
    number: int
    title: str
    kind: str
    queries: tuple[tuple[str, str], ...]
    """PromQL and legend."""
    words: frozenset[str]
    """Values of a state; empty where it is a quantity."""

    @staticmethod
    def named(legend: str, labels: Mapping[str, str]) -> str:
        return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), legend)


def panels(uid: str) -> Iterator[Panel]:
    """Of the board as it is shipped."""
    for one in json.loads((ROOT / DASHBOARDS / f"{uid}.json").read_text())["panels"]:
        if one["type"] == "row":
            continue
        mappings = one.get("fieldConfig", {}).get("defaults", {}).get("mappings") or []
        words = frozenset(value for mapping in mappings for value in mapping["options"])
        yield Panel(
            one["id"],
            one["title"],
            one["type"],
            tuple((target["expr"], target.get("legendFormat", "")) for target in one["targets"]),
            words,
        )
