"""`make boards`: a relay that works, and the same in three outages; a picture of each board in each, for docs/boards.md.

The board of the migration is drawn while one goes on. Without arguments, all scenes. `--scene NAME` plays one; `--record` does not draw,
`--draw` only draws what was recorded before.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from deploy.boards import uids
from deploy.dashboards import BOARDS, ROOT
from tests.boards.draw import BUILD, build, draw
from tests.boards.panels import Panel, panels
from tests.boards.prometheus import Prometheus
from tests.boards.scenes import HEALTHY, MIGRATING, SCENES, Scene, observed, play

PICTURES = ROOT / "docs/boards"
STEP = 2.0
"""Seconds between two points of a curve."""


def record(scene: Scene) -> None:
    """Play *scene*, and write down what each panel would have been answered; also before the outage."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="im-relay-boards-") as name, observed(Path(name), migrates=scene.migrates) as (stack, asked):

        def write(name: str, start: float, end: float) -> None:
            boards = {board.uid: {panel.number: _asked(asked, panel, start, end) for panel in panels(board.uid)} for board in BOARDS}
            (BUILD / f"{name}.json").write_text(json.dumps({"from": start, "to": end, "boards": boards}))

        play(scene, stack, write)


def _asked(asked: Prometheus, panel: Panel, start: float, end: float) -> list[dict[str, object]]:
    first = end if panel.kind == "stat" else start
    return [{"legend": legend, "series": asked.range(expr, first, end, STEP)} for expr, legend in panel.queries]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.boards", description=__doc__)
    parser.add_argument("--scene", choices=sorted(SCENES), action="append")
    parser.add_argument("--draw", action="store_true")
    parser.add_argument("--record", action="store_true", help="only record")
    arguments = parser.parse_args()
    for name in arguments.scene or SCENES:
        if not arguments.draw:
            print(f"· plays {name}", flush=True)
            record(SCENES[name])
    if arguments.record:
        return 0
    build()
    names = arguments.scene or list(SCENES)
    for name in dict.fromkeys([*(MIGRATING if SCENES[name].migrates else HEALTHY for name in names), *names]):
        for uid in _boards(name):
            picture = PICTURES / f"{uid.removeprefix('im-relay-').replace('im-relay', 'overview')}-{_what(name)}.png"
            draw(uid, BUILD / f"{name}.json", picture)
            print(f"· {picture.relative_to(ROOT)}: {picture.stat().st_size // 1024} kB", flush=True)
    return 0


def _boards(name: str) -> list[str]:
    """Those that a scene is played for."""
    return [board.uid for board in BOARDS if (board.uid == uids.MIGRATION) == name.startswith(MIGRATING)]


def _what(name: str) -> str:
    """A scene's name as that of its picture has it, behind the board's."""
    return HEALTHY if name == MIGRATING else name.removeprefix(f"{MIGRATING}-")


if __name__ == "__main__":
    sys.exit(main())
