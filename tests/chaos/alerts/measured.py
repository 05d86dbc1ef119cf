"""What the last runs with `--record` have seen: for each fault and alert how long it took until it fired, and until it was over."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.chaos.alerts.playing import Playing

MEASURED = Path(__file__).with_name("measured.json")


class Measured(NamedTuple):
    """Seconds from the fault until the alert fired, and from the mending until it was over; None where it did not, or not within the run.

    Of an alert that several label sets were awaited of, the slowest. *again* is how often it fired anew meanwhile.
    """

    alert: str
    fault: str
    fired: int | None
    over: int | None
    again: int = 0


def of(playing: Playing) -> list[Measured]:
    found: dict[tuple[str, str], list[Measured]] = {}
    for row in playing.rows:
        begun, mended = playing.begun[row.fault.name], playing.mended.get(row.fault.name)
        fired = None if row.fired is None else round(row.fired - begun)
        over = None if row.over is None or mended is None else round(max(0.0, row.over - mended))
        name = row.expected.alert, row.fault.name
        found.setdefault(name, []).append(Measured(*name, fired, over, row.again))
    return [
        Measured(*name, _slowest(one.fired for one in each), _slowest(one.over for one in each), max(one.again for one in each))
        for name, each in sorted(found.items())
    ]


def _slowest(seconds: Iterable[int | None]) -> int | None:
    known = list(seconds)
    return None if None in known else max(one for one in known if one is not None)


def known() -> list[Measured]:
    return [Measured(*one) for one in json.loads(MEASURED.read_text(encoding="utf-8"))] if MEASURED.exists() else []


def record(playing: Playing) -> None:
    """What was seen from its fault to its end takes the place of what was known of it."""
    seen = {(one.alert, one.fault): one for one in known()} | {
        (one.alert, one.fault): one for one in of(playing) if one.fired is not None and one.over is not None
    }
    MEASURED.write_text("[\n" + ",\n".join(json.dumps(one) for _, one in sorted(seen.items())) + "\n]\n", encoding="utf-8")
