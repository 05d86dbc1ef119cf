"""Metrics that have a new name are exported under the old one, too, for one release."""

import re

from prometheus_client.parser import text_string_to_metric_families

from streams.observe import metrics, renamed_metrics
from streams.observe.metric_types import PREFIX
from streams.observe.metrics import declared as declared_metrics
from streams.observe.renamed_metrics import RENAMED


def test_every_new_name_is_a_metric_and_no_old_one_is() -> None:
    declared = {metric.name.removeprefix(PREFIX).removesuffix("_total") for metric in declared_metrics()}
    assert set(RENAMED.values()) <= declared
    assert not set(RENAMED) & declared


def test_values_are_the_same_under_both_names() -> None:
    metrics.OUT_OF_ORDER.labels("renamed").inc(3)
    metrics.GAP_SECONDS.labels("renamed").observe(0.2)
    metrics.KAFKA_UNREACHABLE.set(0)
    text = renamed_metrics.exposition().decode()
    for line in (
        'late_total{app="renamed"} 3.0',
        'out_of_order_total{app="renamed"} 3.0',
        'gap_round_seconds_count{app="renamed"} 1.0',
        "kafka_away 0.0",
    ):
        assert f"\nim_relay_{line}\n" in text
    assert "Deprecated name of im_relay_out_of_order" in text


def test_a_scraper_can_read_it_and_no_family_comes_twice() -> None:
    text = renamed_metrics.exposition().decode()
    found = [family.name for family in text_string_to_metric_families(text)]
    assert len(found) == len(set(found)) > len(RENAMED)
    assert len(re.findall("^# TYPE ", text, re.MULTILINE)) == len(found)
