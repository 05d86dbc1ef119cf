"""Metrics under the names of an earlier release, shown beside today's for one release more. Alerts and dashboards use today's."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from streams.observe import metrics
from streams.observe.metric_types import PREFIX, REGISTRY

RENAMED: Mapping[str, str] = {
    "named_in_vain": "unresolved_references",
    "ours_called_back": "own_actions_echoed",
    "duplicates_known": "duplicates_detected",
    "late": "out_of_order",
    "past": "historical",
    "still_held": "held_duplicates",
    "echo_first": "resends_avoided",
    "state_remade": "state_rebuilt",
    "media_under_way": "media_in_progress",
    "media_sound_seconds": "media_audio_seconds",
    "undecided": "awaiting_restore",
    "gap_rounds": "gap_searches",
    "gap_round_seconds": "gap_search_seconds",
    "identities_renewed": "identities_rebuilt",
    "topic_unfit": "topic_misconfigured",
    "kafka_away": "kafka_unreachable",
    "beyond_memory": "sent_beyond_ledger",
    "quota_speed": "quota_ratio",
}
"""Old name to new name, without `im_relay_` and without what a metric's type adds."""


class OldNames(Collector):
    """What `REGISTRY` holds of *renamed*, once more under the old names."""

    def __init__(self, renamed: Mapping[str, str] = RENAMED) -> None:
        self._old = {PREFIX + new: PREFIX + old for old, new in renamed.items()}

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        for new, old in self._old.items():
            collector = REGISTRY._names_to_collectors.get(new)  # noqa: SLF001 - the only way to one metric by its name
            for found in collector.collect() if collector is not None else ():
                copy = Metric(old, f"Deprecated name of {new}, removed in the next release.", found.type, found.unit)
                copy.samples = [Sample(old + one.name.removeprefix(new), *one[1:]) for one in found.samples]
                yield copy


_OLD = CollectorRegistry()
_OLD.register(OldNames())


def exposition() -> bytes:
    """All metrics, those with a new name under both."""
    return metrics.exposition() + metrics.exposition(_OLD)
