# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""Queries, as all boards have them.

Every selector of a metric asks for `$namespace` and `$release`: outside Kubernetes nothing has these labels, and "all" is then everything.
`job="im-relay"`, `role` and `release` come from the scrape settings: `deploy/prometheus/prometheus.yml`, the chart's ServiceMonitor.
"""

from typing import NamedTuple

SCOPE = 'namespace=~"$namespace",release=~"$release"'
OURS = f'job="im-relay",{SCOPE}'
WINDOW = "[$__rate_interval]"
RECENT = "5m"
"""Window of what is counted one by one."""
NONE = "none"
NO_SAMPLES = "no samples"


class Query(NamedTuple):
    """*rare*: a healthy relay may have no series of it; the panel shows 0 then."""

    expr: str
    legend: str = ""
    rare: bool = False


def only(metric: str, where: str = "") -> str:
    return f"{metric}{{{SCOPE}{',' if where else ''}{where}}}"


def of_role(role: str) -> str:
    return f'role="{role}"'


def per_second(metric: str, *by: str, where: str = "") -> str:
    return f"sum{_by(by)} (rate({only(metric, where)}{WINDOW}))"


def total(metric: str, *by: str, where: str = "") -> str:
    return f"sum{_by(by)} ({only(metric, where)})"


def worst(metric: str, *by: str, where: str = "") -> str:
    return f"max{_by(by)} ({only(metric, where)})"


def watched(metric: str, *by: str, where: str = "") -> str:
    """The sum of what the role watch tells; each of its replicas tells all of it."""
    return f"sum{_by(by)} (max without (instance, pod) ({only(metric, where)}))"


def recent(metric: str, *by: str, where: str = "") -> str:
    """Events of the last `RECENT`. A counter with labels begins with its first event, which `increase` alone does not see."""
    counter = only(metric, where)
    return f"sum{_by(by)} (({counter} unless {counter} offset {RECENT}) or increase({counter}[{RECENT}]))"


def or_zero(expr: str, legend: str = "", *by: str, named: str = NONE, zero: int = 0) -> Query:
    """*zero* where *expr* has no series, labelled so that the legend reads *named*."""
    instead = f'label_replace(vector({zero}), "{by[0]}", "{named}", "", "")' if by else f"vector({zero})"
    return Query(f"({expr}) or on () {instead}", legend, rare=True)


def rates(metric: str, *by: str, where: str = "", legend: str = "") -> Query:
    return or_zero(per_second(metric, *by, where=where), legend or _legend(by), *by)


def events(metric: str, *by: str, where: str = "", legend: str = "") -> Query:
    return or_zero(recent(metric, *by, where=where), legend or _legend(by), *by)


def lasting_rates(metric: str, *by: str, where: str = "") -> Query:
    """As `rates`, and 0 for an hour after the last process that counted is gone: a curve that ends is easily overlooked."""
    gone = f"0 * sum{_by(by)} (last_over_time({only(metric, where)}[1h]))"
    return or_zero(f"{per_second(metric, *by, where=where)} or {gone}", _legend(by), *by)


def totals(metric: str, *by: str, where: str = "", legend: str = "") -> Query:
    return or_zero(total(metric, *by, where=where), legend or _legend(by), *by)


def quantile(q: float, metric: str, *by: str, where: str = "") -> str:
    """Without series while nothing is observed: the result is no number then, and no number is not >= 0."""
    return f"histogram_quantile({q}, {per_second(f'{metric}_bucket', *by, 'le', where=where)}) >= 0"


def quantiles(metric: str, *by: str, where: str = "") -> list[Query]:
    return [
        or_zero(quantile(q, metric, *by, where=where), f"p{q * 100:.0f} {_legend(by)}".strip(), *by, named=NO_SAMPLES) for q in (0.5, 0.99)
    ]


def _by(by: tuple[str, ...]) -> str:
    return f" by ({', '.join(by)})" if by else ""


def _legend(by: tuple[str, ...]) -> str:
    return " ".join(f"{{{{{name}}}}}" for name in by)
