"""Tests of alerts as promtool reads them, each with the rules that its questions ask for: it evaluates all that it is given at every step."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from tests import quick_yaml


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    found = []

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def apart(tests: Path, rules: Path, into: Path) -> list[str]:
    """Files in *into*, one for each test of that file. One that asks for alerts without a name has all rules."""
    given: dict[str, Any] = quick_yaml.load(tests.read_text(encoding="utf-8"))
    groups: list[dict[str, Any]] = quick_yaml.load(rules.read_text(encoding="utf-8"))["groups"]
    made = []
    for number, test in enumerate(given["tests"]):
        of_it, alone = into / f"rules{number}.yml", into / f"test{number}.yml"
        of_it.write_text(yaml.safe_dump({"groups": list(asked(groups, _questions(test)))}), encoding="utf-8")
        alone.write_text(yaml.safe_dump(given | {"rule_files": [of_it.name], "tests": [test]}), encoding="utf-8")
        made.append(str(alone))
    return made


def _questions(test: dict[str, Any]) -> list[str]:
    return [
        *(each["expr"] for each in test.get("promql_expr_test", ())),
        *(f'ALERTS{{alertname="{each["alertname"]}"}}' for each in test.get("alert_rule_test", ())),
    ]


def asked(groups: Sequence[dict[str, Any]], questions: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The groups with those rules alone that the questions are about, and that these are computed from."""
    rules = [rule for group in groups for rule in group["rules"]]
    kept: set[str] = set()
    left = list(questions)
    while left:
        for selector in selectors(left.pop()):
            for rule in rules:
                name = _name(rule)
                if name not in kept and _is_about(selector, rule):
                    kept.add(name)
                    left.append(rule["expr"])
    for group in groups:
        if of_group := [rule for rule in group["rules"] if _name(rule) in kept]:
            yield group | {"rules": of_group}


def _name(rule: dict[str, Any]) -> str:
    return str(rule.get("record") or rule["alert"])


def _is_about(selector: promql_parser.VectorSelector, rule: dict[str, Any]) -> bool:
    if "record" in rule:
        return bool(selector.name == rule["record"])
    if selector.name not in ("ALERTS", "ALERTS_FOR_STATE"):
        return False
    names = [each for each in selector.matchers.matchers if each.name == "alertname"]
    return all(_name(rule) in str(each.value).split("|") for each in names)
