"""`make chaos-alerts`: real faults on the whole relay, watched by a real Prometheus with the alerts as they ship: each fires, and clears.

Most of the time is the alerts' own patience. Needs the program `prometheus` (Debian's package of that name), and for the faults of disks the
right to mount. Prints each alert with the seconds from the fault until it fired, and from the mending until it was over; exits 0 when all did
both.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from unittest.mock import MagicMock

from tests.chaos.alerts import at_kafka, at_the_ingress, at_the_target, in_convert, measured, of_processes, of_things, table, three_copies
from tests.chaos.alerts.fault import Fault
from tests.chaos.alerts.playing import Playing
from tests.chaos.alerts.prometheus import Prometheus
from tests.chaos.alerts.scene import Scene
from tests.chaos.alerts.talk import Talk

USUAL = {"s-quiet": 0.2}
"""Callbacks a second of yesterday, by app, for the fault `stopped`."""


def catalogue(scene: Scene, prometheus: Prometheus) -> list[Fault]:
    talk = Talk(scene)
    return [
        *of_things.faults(scene),
        *of_processes.faults(scene, prometheus),
        *at_kafka.faults(scene, talk),
        *three_copies.faults(scene, prometheus),
        *at_the_ingress.faults(scene, talk, lambda: prometheus.listed(scene)),
        *at_the_target.faults(scene, talk),
        *in_convert.faults(scene, talk),
    ]


def on_paper() -> list[Fault]:
    """As they are of a relay that does not run: they can be told of, and not be caused."""
    return catalogue(MagicMock(platforms=("yunxin", "easemob"), prefix=""), MagicMock())


def chosen(faults: list[Fault], only: list[str], without: list[str]) -> list[Fault]:
    """By names of faults, and of alerts that they cause. Raises ValueError for a name that is neither."""

    def fits(fault: Fault, names: list[str]) -> bool:
        return not {fault.name, *(one.alert for one in fault.alerts)}.isdisjoint(names)

    known = {name for fault in faults for name in (fault.name, *(one.alert for one in fault.alerts))}
    if strange := {*only, *without} - known:
        raise ValueError(f"nothing is named {', '.join(sorted(strange))}; there are {', '.join(sorted(known))}")
    return [fault for fault in faults if not fits(fault, without) and (not only or fits(fault, only))]


def main() -> int:
    given = argparse.ArgumentParser(prog="make chaos-alerts", description=__doc__)
    given.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these faults, and those that cause these alerts")
    given.add_argument("--without", nargs="+", default=[], metavar="NAME", help="all but these faults, and those that cause these alerts")
    given.add_argument("--fire", type=float, default=1260.0, help="seconds in which an alert must fire")
    given.add_argument("--clear", type=float, default=2400.0, help="seconds in which it must be over after the last fault")
    given.add_argument("--record", action="store_true", help="keep what was seen; `make pages` prints it into docs/alerts.md")
    given.add_argument("--print", action="store_true", help="only print into the pages what was recorded")
    asked = given.parse_args()
    if asked.print:
        for path, text in table.pages(measured.known(), on_paper()).items():
            path.write_text(text, encoding="utf-8")
        return 0
    if shutil.which("prometheus") is None:
        print("there is no program `prometheus`: apt-get install prometheus")
        return 2
    try:
        wanted = {fault.name for fault in chosen(on_paper(), asked.only, asked.without)}
    except ValueError as error:
        given.error(str(error))
    directory = Path(tempfile.mkdtemp(prefix="chaos-alerts-"))
    disks = of_things.mounted(directory)
    if disks is None:
        print("no disk can be mounted here: the faults of disks are left out")
    try:
        with Scene(directory, disks=disks) as scene:
            prometheus = Prometheus(directory / "prometheus", USUAL if "stopped" in wanted else {})
            prometheus.listed(scene)
            try:
                playing = Playing(prometheus, asked.fire, asked.clear, measured.record if asked.record else lambda _: None)
                known = catalogue(scene, prometheus)
                playing.play([fault for fault in known if fault.name in wanted])
            finally:
                prometheus.stop()
    finally:
        if disks is not None:
            of_things.unmount(disks)
    seen = measured.of(playing)
    print(table.written(seen, known, playing.besides))
    if playing.broken or any(one.fired is None or one.over is None for one in seen):
        print(f"logs: {directory}")
        return 1
    shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
