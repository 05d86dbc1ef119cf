"""Each alert is caused by a fault of `make chaos-alerts`, or named there with the reason why not."""

import pytest

from deploy import dashboards
from tests import quick_yaml
from tests.chaos.alerts import measured, table
from tests.chaos.alerts.__main__ import chosen, on_paper
from tests.chaos.alerts.chinese import ALL_WORDS, FAULTS, REASONS
from tests.chaos.alerts.fault import stated
from tests.chaos.alerts.not_caused import NOT_CAUSED, NOT_MEASURED
from tests.stack import ROOT


def alerts() -> set[str]:
    groups = quick_yaml.load((ROOT / dashboards.ALERTS).read_text(encoding="utf-8"))["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def caused() -> set[str]:
    return {each.alert for fault in on_paper() for each in fault.alerts}


def test_each_alert_is_caused_or_said_why_not() -> None:
    assert caused() | NOT_CAUSED.keys() == alerts()


def test_no_alert_is_both() -> None:
    assert caused() & NOT_CAUSED.keys() == set()


def test_faults_are_told_apart_by_name() -> None:
    names = [fault.name for fault in on_paper()]
    assert len(names) == len(set(names))


def test_no_alert_is_awaited_of_two_faults_at_once() -> None:
    """It would not be known which of them it was."""
    together = [fault for fault in on_paper() if not fault.after and not fault.alone]
    seen = [(each.alert, tuple(sorted(each.labels.items()))) for fault in together for each in fault.alerts]
    assert len(seen) == len(set(seen))


def test_faults_wait_for_faults_that_are_there() -> None:
    assert {name for fault in on_paper() for name in fault.after} <= {fault.name for fault in on_paper()}


def test_the_pages_say_of_each_alert_when_it_fires() -> None:
    assert stated().keys() == alerts()


def test_the_words_of_the_table_are_known_in_chinese() -> None:
    assert {fault.what for fault in on_paper()} == FAULTS.keys()
    assert REASONS.keys() == set(NOT_CAUSED.values())
    assert all(ALL_WORDS.values())


def test_pieces_are_named_by_fault_and_by_alert() -> None:
    names = [fault.name for fault in chosen(on_paper(), ["forged", "ImRelayDown"], ["media-killed"])]
    assert names == ["deliver-killed", "forged"]
    with pytest.raises(ValueError, match=r"nothing is named forgotten; there are .*ImRelayDown.*, forged"):
        chosen(on_paper(), ["forgotten"], [])


def test_what_was_measured_is_of_faults_and_alerts_that_there_are() -> None:
    there = {(each.alert, fault.name) for fault in on_paper() for each in fault.alerts}
    assert {(one.alert, one.fault) for one in measured.known()} <= there


def test_each_alert_that_is_caused_was_seen_firing_and_over() -> None:
    """By `make chaos-alerts ARGS=--record`, but for those that are named."""
    assert caused() - {one.alert for one in measured.known() if one.fired is not None and one.over is not None} == NOT_MEASURED


def test_the_pages_have_what_was_measured() -> None:
    for path, text in table.pages(measured.known(), on_paper()).items():
        assert text == path.read_text(encoding="utf-8"), "make pages"
