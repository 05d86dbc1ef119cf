# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""A board: what all of them have around their panels."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink, DatasourceVariable, QueryVariable, Row
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from deploy.boards.panels import SOURCE, Panel
from streams.observe.metrics import declared as declared_metrics

TAG = "im-relay"
_OURS = re.compile(r"\bim_relay_\w+")


class Section(NamedTuple):
    title: str
    panels: Sequence[Panel]


class Board(NamedTuple):
    """*uid* is also the name of its file."""

    uid: str
    title: str
    text: str
    sections: Sequence[Section]


def encode(board: Board) -> str:
    made = (
        Dashboard(board.title)
        .uid(board.uid)
        .tags([TAG])
        .description(board.text)
        .refresh("10s")
        .time("now-30m", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .link(
            DashboardLink("im-relay")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(False)
            .keep_time(True)
            .include_vars(True)
        )
    )
    for name, label, query in (
        ("namespace", "Namespace", 'label_values(up{job="im-relay"}, namespace)'),
        ("release", "Release", 'label_values(up{job="im-relay",namespace=~"$namespace"}, release)'),
    ):
        made.with_variable(
            QueryVariable(name)
            .label(label)
            .datasource(SOURCE)
            .query(query)
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .include_all(True)
            .all_value(".*")
            .current(models.VariableOption(text="All", value="$__all", selected=True))
        )
    _fill(made, board.sections)
    built = made.build()
    for place, panel in enumerate(built.panels or (), 1):
        panel.id_val = place
    return JSONEncoder(sort_keys=True, indent=2).encode(built) + "\n"


def _fill(made: Dashboard, sections: Iterable[Section]) -> None:
    """A panel stays out while a release declares no such metric, and so does a section without panels."""
    declared = {
        suffixed for each in declared_metrics() for suffixed in (each.name, *(f"{each.name}_{part}" for part in ("bucket", "count", "sum")))
    }
    for section in sections:
        shown = [
            panel
            for panel in section.panels
            if set(_OURS.findall(" ".join(str(getattr(target, "expr", "")) for target in panel.build().targets or ()))) <= declared
        ]
        if shown:
            made.with_row(Row(section.title))
        for panel in shown:
            made.with_panel(panel)
