"""Each alert is caused by a fault of `make chaos-alerts`, or named there with the reason why not."""

from unittest.mock import MagicMock

import yaml

from deploy import dashboards
from tests.chaos.alerts.__main__ import catalogue
from tests.chaos.alerts.chinese import ALL_WORDS, FAULTS, REASONS
from tests.chaos.alerts.fault import Fault, stated
from tests.chaos.alerts.not_caused import NOT_CAUSED
from tests.stack import ROOT


def alerts() -> set[str]:
    groups = yaml.safe_load((ROOT / dashboards.ALERTS).read_text(encoding="utf-8"))["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def faults() -> list[Fault]:
    """As they are of a relay that does not run."""
    return catalogue(MagicMock(platforms=("yunxin", "easemob"), prefix=""), MagicMock())


def caused() -> set[str]:
    return {each.alert for fault in faults() for each in fault.alerts}


def test_each_alert_is_caused_or_said_why_not() -> None:
    assert caused() | NOT_CAUSED.keys() == alerts()


def test_no_alert_is_both() -> None:
    assert caused() & NOT_CAUSED.keys() == set()


def test_faults_are_told_apart_by_name() -> None:
    names = [fault.name for fault in faults()]
    assert len(names) == len(set(names))


def test_no_alert_is_awaited_of_two_faults_at_once() -> None:
    """It would not be known which of them it was."""
    together = [fault for fault in faults() if not fault.after and not fault.alone]
    seen = [(each.alert, tuple(sorted(each.labels.items()))) for fault in together for each in fault.alerts]
    assert len(seen) == len(set(seen))


def test_faults_wait_for_faults_that_are_there() -> None:
    assert {name for fault in faults() for name in fault.after} <= {fault.name for fault in faults()}


def test_the_pages_say_of_each_alert_when_it_fires() -> None:
    assert stated().keys() == alerts()


def test_the_words_of_the_table_are_known_in_chinese() -> None:
    assert {fault.what for fault in faults()} == FAULTS.keys()
    assert REASONS.keys() == set(NOT_CAUSED.values())
    assert all(ALL_WORDS.values())
