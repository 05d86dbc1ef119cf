# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""Queries and panels, as all of the dashboard's have them.

Every query asks for `namespace=~"$namespace"`: outside Kubernetes nothing has that label, and "all" is then everything.
`job="im-relay"` and `role` come from the scrape settings: `deploy/prometheus/prometheus.yml`, the chart's ServiceMonitor.
"""

from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
SCOPE = 'namespace=~"$namespace"'
OURS = f'job="im-relay",{SCOPE}'
WINDOW = "[$__rate_interval]"
Query = tuple[str, str]
"""PromQL, and the legend."""


def only(metric: str, where: str = "") -> str:
    return f"{metric}{{{SCOPE}{',' if where else ''}{where}}}"


def per_second(metric: str, *by: str, where: str = "") -> str:
    return f"sum by ({', '.join(by)}) (rate({only(metric, where)}{WINDOW}))"


def total(metric: str, *by: str, where: str = "") -> str:
    return f"sum by ({', '.join(by)}) ({only(metric, where)})"


def quantiles(metric: str, *by: str, where: str = "") -> list[Query]:
    legend = " ".join(f"{{{{{name}}}}}" for name in by)
    rates = per_second(f"{metric}_bucket", *by, "le", where=where)
    return [(f"histogram_quantile({q}, {rates})", f"p{q * 100:.0f} {legend}") for q in (0.5, 0.99)]


def chart(title: str, text: str, unit: str, *queries: Query, stacked: bool = False, wide: int = 8) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(title)
        .description(text)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .span(wide)
        .height(8)
        .fill_opacity(20 if stacked else 5)
        .show_points(kinds.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
        )
        .tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
    for query in targets(queries):
        panel.with_target(query)
    return panel


def number(title: str, text: str, unit: str, query: str, *, bad: float | None = None, low: bool = False) -> stat.Panel:
    """Green, and red from *bad* on; with *low*, red below it."""
    good, alarm = ("red", "green") if low else ("green", "red")
    steps = [models.Threshold(value=None, color=good if bad is not None else "blue")]
    if bad is not None:
        steps.append(models.Threshold(value=bad, color=alarm))
    return (
        stat.Panel()
        .title(title)
        .description(text)
        .datasource(SOURCE)
        .unit(unit)
        .span(4)
        .height(4)
        .thresholds(ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
        .with_target(next(iter(targets([(query, "")]))))
    )


def targets(queries: "list[Query] | tuple[Query, ...]") -> list[prometheus.Dataquery]:
    return [
        prometheus.Dataquery().datasource(SOURCE).expr(expr).legend_format(legend).ref_id(chr(ord("A") + place))
        for place, (expr, legend) in enumerate(queries)
    ]
