"""Each alert has a section in the runbooks of both languages, and the commands there exist."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy import dashboards
from streams.cli.app import app
from tests import quick_yaml
from tests.deploy.commands import ROOT, parsed

PAGES = {"en": ROOT / "docs" / "runbooks.md", "zh": ROOT / "docs" / "runbooks.zh-CN.md"}
RULES = [rule for group in quick_yaml.load((ROOT / dashboards.ALERTS).read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
TESTS = [
    test
    for path in sorted((ROOT / "tests" / "deploy").glob("alerts*.yml"))
    for test in quick_yaml.load(path.read_text(encoding="utf-8"))["tests"]
]


def sections(page: Path) -> dict[str, str]:
    _, *parts = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1] for part in parts}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_there_is_a_section_for_each_alert_and_no_other(page: Path) -> None:
    assert sorted(sections(page)) == sorted(ALERTS)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("name", ALERTS)
def test_a_section_says_what_it_means_how_to_look_and_what_to_do(name: str, page: Path) -> None:
    meaning, look, do = re.fullmatch(r"\n(.+)\n\n```console\n((?:\$ .+\n)+)```\n\n(.+)\n*", sections(page)[name]).groups()  # type: ignore[union-attr]
    assert f"`{ALERTS[name]['labels']['severity']}`" in meaning
    assert (" at once" in meaning or "立即触发" in meaning) == ("for" not in ALERTS[name])
    assert ALERTS[name].get("for", "") in meaning
    assert look
    assert len(do) > 20


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_leads_to_its_section(name: str) -> None:
    assert ALERTS[name]["annotations"]["runbook_url"] == f"docs/runbooks.md#{name.lower()}"


def commands() -> list[str]:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES.values())
    return sorted({line.removeprefix("$ ") for line in re.findall(r"^\$ im-relay .+$", text, re.MULTILINE)})


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_runbooks_takes_these_words(line: str) -> None:
    words = line.split()[1:]
    command, _ = parsed(words)
    done = CliRunner().invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0, done.output
    assert {word for word in words if word.startswith("--")} <= set(re.findall(r"--[a-z-]+", done.output))


def expected(*, firing: bool) -> set[str]:
    """Alerts that some test expects to fire, or not to."""
    found: set[str] = set()
    for test in TESTS:
        for each in test.get("promql_expr_test", []):
            if bool(each.get("exp_samples")) == firing:
                names = " ".join([each["expr"], *(sample["labels"] for sample in each.get("exp_samples", []))])
                found |= set(re.findall(r"ImRelay\w+", names))
        found |= {each["alertname"] for each in test.get("alert_rule_test", []) if bool(each.get("exp_alerts")) == firing}
    return found


def test_each_alert_is_seen_to_fire() -> None:
    assert set(ALERTS) - expected(firing=True) == set()


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_is_seen_not_to_fire_with_figures_of_its_metrics(name: str) -> None:
    """A system without the metric is quiet, too: that says nothing."""
    healthy = next(test for test in TESTS if test["name"] == "a healthy system is quiet")
    assert {"expr": "ALERTS", "eval_time": "55m"} in healthy["promql_expr_test"]
    records = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
    query = ALERTS[name]["expr"]
    while used := set(re.findall(r"im_relay:[\w:]+", query)):
        for record in used:
            query = query.replace(record, f"({records[record]})")
    wanted = set(re.findall(r"\bim_relay_\w+|\bup\b|\bprocess_\w+", query))
    assert wanted
    given = {re.match(r"\w+", each["series"])[0] for each in healthy["input_series"]}  # type: ignore[index]
    assert wanted <= given
