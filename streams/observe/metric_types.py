"""How a metric is declared: made with the client library, and kept for the printed page."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

PREFIX = "im_relay_"
disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter that nobody reads
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

QUICK = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CALLS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
END_TO_END = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
RECORDS = (1, 5, 20, 50, 100, 250, 500, 1000, 2000, 5000)
LONG = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class MetricSpec(Struct, frozen=True):
    """What a metric is, for the printed page."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...]
    text: str
    section: str


DECLARED: list[MetricSpec] = []
_section = ""


def begin(section: str) -> None:
    global _section  # noqa: PLW0603 - only while this module is read
    _section = section


def counter(name: str, unit: str, labels: Sequence[str], text: str) -> Counter:
    name = f"{PREFIX}{name}"
    DECLARED.append(MetricSpec(f"{name}_total", "counter", unit, tuple(labels), (), text, _section))
    return Counter(name, text, labels, registry=REGISTRY)


def gauge(name: str, unit: str, labels: Sequence[str], text: str) -> Gauge:
    name = f"{PREFIX}{name}"
    DECLARED.append(MetricSpec(name, "gauge", unit, tuple(labels), (), text, _section))
    return Gauge(name, text, labels, registry=REGISTRY)


def histogram(name: str, unit: str, labels: Sequence[str], text: str, buckets: tuple[float, ...]) -> Histogram:
    name = f"{PREFIX}{name}"
    DECLARED.append(MetricSpec(name, "histogram", unit, tuple(labels), buckets, text, _section))
    return Histogram(name, text, labels, buckets=buckets, registry=REGISTRY)
