# ruff: noqa: INP001 - a script beside the files it writes
"""Writes what is derived: the Grafana dashboards, the alerts' links to them, the chart's copies of both, the chart's schema.

`python -m deploy.dashboards` writes; with `--check` it only says what is stale, and exits with 1.
"""

import sys
from pathlib import Path

from deploy import chart as chart_schema
from deploy import chart_readme
from deploy.boards import delivery, ingress, kafka, media, migration, overview
from deploy.boards.board import encode
from deploy.boards.links import linked

ROOT = Path(__file__).parents[1]
DASHBOARDS = "deploy/grafana/dashboards"
ALERTS = "deploy/prometheus/alerts.yml"
CHART_FILES = "helm/im-relay/files"
BOARDS = tuple(module.BOARD for module in (overview, delivery, ingress, media, migration, kafka))


def outputs() -> dict[str, str]:
    """Every derived file, by its path from the root, with what belongs in it."""
    boards = {board.uid: encode(board) for board in BOARDS}
    alerts = linked((ROOT / ALERTS).read_text(encoding="utf-8"), boards)
    made = {
        ALERTS: alerts,  # by hand, but for the links to boards
        f"{CHART_FILES}/alerts.yml": alerts,
        chart_schema.SCHEMA: chart_schema.schema(ROOT),
        chart_schema.SECRETS: chart_schema.secrets(),
        **{name: chart_readme.page(ROOT, name) for name in chart_readme.PAGES},
    }
    for uid, text in boards.items():
        made[f"{DASHBOARDS}/{uid}.json"] = made[f"{CHART_FILES}/dashboards/{uid}.json"] = text
    return made


def main(*, check: bool) -> int:
    written = outputs()
    stale = [path for path, text in written.items() if not (ROOT / path).exists() or (ROOT / path).read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            sys.stderr.write(f"{path} is stale: python -m deploy.dashboards\n")
            continue
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(written[path], encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
