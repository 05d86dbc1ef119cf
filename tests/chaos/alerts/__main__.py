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

from tests.chaos.alerts import at_kafka, at_the_ingress, at_the_target, in_convert, of_processes, of_things, table
from tests.chaos.alerts.fault import Fault
from tests.chaos.alerts.playing import Playing
from tests.chaos.alerts.prometheus import Prometheus
from tests.chaos.alerts.scene import Scene
from tests.chaos.alerts.talk import Talk


def catalogue(scene: Scene, prometheus: Prometheus) -> list[Fault]:
    talk = Talk(scene)
    return [
        *of_things.faults(scene),
        *of_processes.faults(scene, prometheus),
        *at_kafka.faults(scene, talk),
        *at_the_ingress.faults(scene, talk, lambda: prometheus.listed(scene)),
        *at_the_target.faults(scene, talk),
        *in_convert.faults(scene, talk),
    ]


def main() -> int:
    given = argparse.ArgumentParser(prog="make chaos-alerts", description=__doc__)
    given.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these faults, in one round")
    given.add_argument("--without", nargs="+", default=[], metavar="NAME", help="all but these faults")
    given.add_argument("--fire", type=float, default=1260.0, help="seconds in which an alert must fire")
    given.add_argument("--clear", type=float, default=2000.0, help="seconds in which it must be over after the last fault")
    given.add_argument("--table", type=Path, help="write the table there as well, and beside it in Chinese")
    asked = given.parse_args()
    if shutil.which("prometheus") is None:
        print("there is no program `prometheus`: apt-get install prometheus")
        return 2
    directory = Path(tempfile.mkdtemp(prefix="chaos-alerts-"))
    disks = of_things.mounted(directory)
    if disks is None:
        print("no disk can be mounted here: the faults of disks are left out")
    try:
        with Scene(directory, disks=disks) as scene:
            prometheus = Prometheus(directory / "prometheus")
            prometheus.listed(scene)
            try:
                playing = Playing(prometheus, asked.fire, asked.clear)
                known = catalogue(scene, prometheus)
                if strange := {*asked.only, *asked.without} - {one.name for one in known}:
                    given.error(f"no fault is named {', '.join(sorted(strange))}; there are {', '.join(one.name for one in known)}")
                playing.play([one for one in known if one.name not in asked.without and (not asked.only or one.name in asked.only)])
            finally:
                prometheus.stop()
    finally:
        if disks is not None:
            of_things.unmount(disks)
    told = table.written(playing)
    print(told)
    if asked.table:
        asked.table.write_text(told, encoding="utf-8")
        asked.table.with_suffix(".zh-CN.md").write_text(table.in_chinese(told), encoding="utf-8")
    return int(bool(table.failed(playing.rows) or playing.broken))


if __name__ == "__main__":
    sys.exit(main())
