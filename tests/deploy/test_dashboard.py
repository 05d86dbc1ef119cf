"""The dashboards and the alerts against the metrics that there are."""

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from deploy import dashboards
from deploy.boards.board import encode
from streams.observe.metrics import declared as declared_metrics
from tests import quick_yaml
from tests.deploy import rule_tests
from tests.deploy.commands import ROOT
from tests.programs import program

OF_OTHERS = {
    "up": {"job", "role", "instance"},
    "process_resident_memory_bytes": set(),
    "process_cpu_seconds_total": set(),
    "process_start_time_seconds": set(),
    "ALERTS": {"alertname", "alertstate"},
}
"""Prometheus' own, and those of its client library."""
SCRAPED = {"job", "instance", "role", "namespace", "release"}
"""Labels that the scrape settings add."""
OUTPUTS = dashboards.outputs()
BOARDS = [json.loads(encode(board)) for board in dashboards.BOARDS]


@cache
def known() -> dict[str, set[str]]:
    found = dict(OF_OTHERS)
    for each in declared_metrics():
        labels = set(each.labels)
        if each.kind == "histogram":
            found |= {f"{each.name}_bucket": {*labels, "le"}, f"{each.name}_sum": labels, f"{each.name}_count": labels}
        else:
            found[each.name] = labels
    for name, query in recorded().items():
        found[name] = set().union(*(found[selector.name or ""] for selector in selectors(query)))
    return found


def rules() -> list[dict[str, object]]:
    groups = quick_yaml.load((ROOT / dashboards.ALERTS).read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def recorded() -> dict[str, str]:
    """Expressions of the recording rules, by name."""
    groups = quick_yaml.load((ROOT / dashboards.ALERTS).read_text(encoding="utf-8"))["groups"]
    return {rule["record"]: rule["expr"] for group in groups for rule in group["rules"] if "record" in rule}


def queries() -> Iterator[tuple[str, str]]:
    for board in BOARDS:
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield f"panel {board['uid']} {panel['title']}", target["expr"]
    for name, query in recorded().items():
        yield f"record {name}", query
    for rule in rules():
        yield f"alert {rule['alert']}", str(rule["expr"])


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    return rule_tests.selectors(query.replace("$__rate_interval", "1m").replace("$namespace", ".*").replace("$release", ".*"))


ALL = list(queries())


@pytest.mark.parametrize(("where", "query"), ALL, ids=[where for where, _ in ALL])
def test_a_query_names_only_metrics_and_labels_that_there_are(where: str, query: str) -> None:
    found = selectors(query)
    assert found, where
    used = set()
    for selector in found:
        assert selector.name in known(), f"{where}: {selector.name}"
        used |= known()[selector.name]
        for matcher in selector.matchers.matchers:
            assert matcher.name in known()[selector.name] | SCRAPED, f"{where}: {selector.name} has no {matcher.name}"
    for by in re.findall(r"\b(?:by|on) \(([^)]*)\)", query):
        for label in filter(None, re.split(r",\s*", by)):
            assert label in used | SCRAPED, f"{where}: {label}"


def test_a_metric_that_is_not_there_would_be_noticed() -> None:
    (selector,) = selectors("sum(rate(im_relay_nothing_total[$__rate_interval]))")
    assert selector.name not in known()


def test_every_metric_is_on_a_board() -> None:
    text = " ".join(query for where, query in ALL if where.startswith("panel"))
    missing = [each.name for each in declared_metrics() if each.name not in text]
    assert not missing


def test_legends_show_labels_that_the_query_keeps() -> None:
    for panel in (panel for board in BOARDS for panel in board["panels"]):
        for target in panel.get("targets", []):
            by = re.findall(r"\b(?:sum|max|min) by \(([^)]*)\)", target["expr"])
            kept = {label for each in by for label in re.split(r",\s*", each)} if by else SCRAPED
            shown = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
            assert shown <= kept, panel["title"]


def test_alerts_say_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) >= 15
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]  # type: ignore[index]
        annotations = rule["annotations"]
        assert set(annotations) == {"summary", "runbook", "runbook_url", "dashboard"}, rule["alert"]  # type: ignore[call-overload]
        for text in (annotations["summary"], annotations["runbook"]):  # type: ignore[index]
            assert len(text) > 30, rule["alert"]
            assert text.endswith("."), rule["alert"]


def test_an_alert_leads_to_a_board_that_shows_what_it_is_about() -> None:
    shown = {f"/d/{board['uid']}": json.dumps(board) for board in BOARDS}
    for rule in rules():
        board = rule["annotations"]["dashboard"]  # type: ignore[index]
        names = {selector.name for selector in selectors(str(rule["expr"]))}
        assert board == "/d/im-relay" or any(str(name) in shown[board] for name in names), rule["alert"]


def test_gauges_that_every_role_shows_are_asked_of_the_role_that_means_them() -> None:
    # A gauge without labels is 0 in each process: the ingress' alone says anything.
    for where, query in ALL:
        for selector in selectors(query):
            if selector.name in (
                "im_relay_store_up",
                "im_relay_callbacks_waiting",
                "im_relay_files_kept",
                "im_relay_files_free_bytes",
                "im_relay_watch_last_look_seconds",
            ):
                assert any(each.name == "role" for each in selector.matchers.matchers), where


@pytest.mark.parametrize("path", sorted(OUTPUTS))
def test_no_derived_file_is_stale(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == OUTPUTS[path], "run: python -m deploy.dashboards"


@pytest.mark.parametrize("file", ["alerts.yml", "alerts_by_hour.yml"])
def test_alerts_fire_when_they_should_and_only_then(file: str, tmp_path: Path) -> None:
    tests = rule_tests.apart(ROOT / "tests/deploy" / file, ROOT / dashboards.ALERTS, tmp_path)
    done = subprocess.run([program("promtool"), "test", "rules", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == len(tests)


def test_a_question_without_a_name_is_asked_of_all_alerts_and_one_with_a_name_of_that_one() -> None:
    groups = quick_yaml.load((ROOT / dashboards.ALERTS).read_text(encoding="utf-8"))["groups"]
    assert alerts_of(groups, 'ALERTS{alertstate="firing"}') == {str(rule["alert"]) for rule in rules()}
    assert alerts_of(groups, 'count(ALERTS{alertname=~"ImRelayDown|ImRelayRoleMissing"})') == {"ImRelayDown", "ImRelayRoleMissing"}
    assert alerts_of(groups, "im_relay:missed:ratio5m") == set()


def alerts_of(groups: list[dict[str, Any]], question: str) -> set[str]:
    return {rule["alert"] for group in rule_tests.asked(groups, [question]) for rule in group["rules"] if "alert" in rule}
