# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""The kinds of panels, as all boards have them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models

from deploy.boards.queries import Query

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
GOOD, WARN, BAD, PLAIN = "green", "orange", "red", "blue"
Words = Mapping[int, tuple[str, str]]
"""What the values of a state are called, and their colours."""
Panel = stat.Panel | timeseries.Panel
Kind = TypeVar("Kind", stat.Panel, timeseries.Panel)

WORKERS: Words = {-1: ("none", PLAIN), 0: ("down", BAD), 1: ("up", GOOD)}
UP: Words = {0: ("down", BAD), 1: ("up", GOOD)}
BREAKERS: Words = {0: ("closed", GOOD), 1: ("half open", WARN), 2: ("open", BAD)}
HELD: Words = {0: ("works", GOOD), 1: ("held", BAD)}
RESULT: Words = {0: ("failed", BAD), 1: ("ok", GOOD)}
ON: Words = {0: ("missing", WARN), 1: ("on", GOOD)}
FILE: Words = {0: ("read", GOOD), 1: ("refused", BAD)}
CANARY: Words = {
    -1: ("none", PLAIN),
    0: ("on time", GOOD),
    1: ("late", WARN),
    2: ("changed", WARN),
    3: ("undelivered", BAD),
    4: ("uncalled", BAD),
    5: ("unsent", WARN),
    6: ("unseen", BAD),
}
OPEN: Words = {-1: ("none", PLAIN), 0: ("paused", WARN), 1: ("runs", GOOD)}


def chart(
    title: str,
    text: str,
    unit: str,
    *queries: Query,
    stacked: bool = False,
    wide: int = 8,
    warn: float | None = None,
    bad: float | None = None,
    to: str = "",
    high: int = 8,
) -> timeseries.Panel:
    """Curves; a dashed line at *warn* and *bad*."""
    panel = _curves(title, text, wide, high, to).unit(unit).min(0).fill_opacity(20 if stacked else 5)
    if unit != "bytes":
        panel.axis_soft_max(0.1 if unit == "percentunit" else 1)  # nothing is drawn as nothing, and not as a hair's breadth of 100
    if stacked:
        panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
    if warn is not None or bad is not None:
        panel.thresholds(_thresholds(warn, bad))
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED))
    return _with(panel, queries)


def states(title: str, text: str, words: Words, *queries: Query, wide: int = 8, high: int = 8, to: str = "") -> timeseries.Panel:
    """States over time: words on the axis, and in steps; a curve has the colour of its state, and its name that of the last one."""
    panel = _curves(title, text, wide, high, to).unit("short").min(min(words)).max(max(words)).decimals(0).fill_opacity(0).line_width(2)
    panel.line_interpolation(kinds.LineInterpolation.STEP_AFTER).mappings([_mapping(words)])
    panel.thresholds(_steps(words, below=0.5)).color_scheme(FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    panel.gradient_mode(kinds.GraphGradientMode.SCHEME)
    return _with(panel, queries)


def number(
    title: str,
    text: str,
    unit: str,
    *queries: Query,
    warn: float | None = None,
    bad: float | None = None,
    wide: int = 4,
    high: int = 4,
    to: str = "",
) -> stat.Panel:
    """The last value of each query: green, orange from *warn* on, red from *bad* on; blue without either."""
    panel = _stat(title, text, wide, high, to).unit(unit)
    panel.thresholds(_thresholds(warn, bad, good=PLAIN if warn is None and bad is None else GOOD))
    return _with(panel, queries, now=True)


def state(title: str, text: str, words: Words, *queries: Query, wide: int = 4, high: int = 4, to: str = "") -> stat.Panel:
    """The last value of each query as a word."""
    panel = _stat(title, text, wide, high, to).mappings([_mapping(words)])
    panel.thresholds(_steps(words))
    return _with(panel, queries, now=True)


def link(title: str, uid: str) -> DashboardLink:
    return DashboardLink(title).url(f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}").target_blank(False)


def targets(queries: Iterable[Query]) -> list[prometheus.Dataquery]:
    return [
        prometheus.Dataquery().datasource(SOURCE).expr(query.expr).legend_format(query.legend).ref_id(chr(ord("A") + place))
        for place, query in enumerate(queries)
    ]


def _stat(title: str, text: str, wide: int, high: int, to: str) -> stat.Panel:
    panel = stat.Panel().title(title).description(text).datasource(SOURCE).span(wide).height(high)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])).graph_mode(kinds.BigValueGraphMode.NONE).color_mode(
        kinds.BigValueColorMode.BACKGROUND
    )
    return panel.links([link("Details", to)]) if to else panel


def _curves(title: str, text: str, wide: int, high: int, to: str) -> timeseries.Panel:
    panel = (
        timeseries.Panel().title(title).description(text).datasource(SOURCE).span(wide).height(high).show_points(kinds.VisibilityMode.NEVER)
    )
    panel.legend(
        common.VizLegendOptions().show_legend(True).display_mode(kinds.LegendDisplayMode.LIST).placement(kinds.LegendPlacement.RIGHT)
    )
    panel.tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
    return panel.links([link("Details", to)]) if to else panel


def _thresholds(warn: float | None, bad: float | None, good: str = GOOD) -> ThresholdsConfig:
    steps = [models.Threshold(value=None, color=good)]
    steps += [models.Threshold(value=value, color=color) for value, color in ((warn, WARN), (bad, BAD)) if value is not None]
    return ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _steps(words: Words, below: float = 0) -> ThresholdsConfig:
    """*below*: a line is as thick on either side of its value, and is to have one colour."""
    values = sorted(words)
    steps = [models.Threshold(value=value - below if place else None, color=words[value][1]) for place, value in enumerate(values)]
    return ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _mapping(words: Words) -> models.ValueMap:
    options = {
        str(value): models.ValueMappingResult(text=text, color=color, index=place)
        for place, (value, (text, color)) in enumerate(words.items())
    }
    return models.ValueMap(options=options)


def _with(panel: Kind, queries: Sequence[Query], *, now: bool = False) -> Kind:
    """*now*: only the present is asked for, so that what is over is not shown beside it."""
    for query in targets(queries):
        panel.with_target(query.instant() if now else query)
    return panel
