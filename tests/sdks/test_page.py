"""The page of SDKs fits what is declared, and what came of it; the SDKs themselves are not needed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route

from tests.sdks import page
from tests.sdks.session import PLATFORMS, Outcome
from tests.sdks.steps import Sdk, Step, at, filled, found

RESULTS = page.read()
LOCKS = Path(__file__).parent / "locks"
EACH = pytest.mark.parametrize("sdk", page.SDKS, ids=lambda sdk: sdk.name)


def both(sdk: Sdk) -> Iterator[tuple[Step, Outcome]]:
    return zip(sdk.steps, RESULTS[sdk.name], strict=True)


@pytest.mark.parametrize(("name", "language"), page.PAGES.items())
def test_the_page_is_not_stale(name: str, language: int) -> None:
    assert (page.DOCS / name).read_text(encoding="utf-8") == page.page(RESULTS, language), "make test-sdks"


@EACH
def test_the_results_are_those_of_the_declared_calls(sdk: Sdk) -> None:
    declared = [(step.call, step.note[0] if step.note else "") for step in sdk.steps]
    assert [(one.call, one.note) for one in RESULTS[sdk.name]] == declared, "make test-sdks"
    assert set(RESULTS) == {one.name for one in page.SDKS}


@EACH
def test_what_is_not_understood_is_explained_and_nothing_else(sdk: Sdk) -> None:
    assert [(outcome.call, outcome.why) for step, outcome in both(sdk) if outcome.understood is (step.gap is not None)] == []


def test_nineteen_of_twenty_documented_calls_are_understood() -> None:
    for sdk in page.SDKS:
        documented = [outcome for step, outcome in both(sdk) if step.documented]
        assert len(documented) > 40
        assert sum(one.answered and one.understood for one in documented) >= 0.95 * len(documented), sdk.name


@EACH
def test_every_endpoint_that_a_call_met_is_there(sdk: Sdk) -> None:
    package = PLATFORMS[sdk.platform]
    routes = [route for route in package.make_app(package.Options()).routes if isinstance(route, Route)]
    there = {f"{method} {route.path}" for route in routes for method in route.methods or ("GET",)}
    assert {endpoint for one in RESULTS[sdk.name] for endpoint in one.endpoints} <= there


def test_the_versions_are_those_of_the_locks() -> None:
    locked = {
        "rc-server-sdk": re.findall(r"^rc-server-sdk==(\S+)", (LOCKS / "python.lock").read_text(), re.MULTILINE),
        "rongcloud-sdk": [
            json.loads((LOCKS / "node" / "package-lock.json").read_text())["packages"]["node_modules/rongcloud-sdk"]["version"]
        ],
        "cn.rongcloud.im:server-sdk-java": re.findall(r"server-sdk-java-(\S+)\.jar", (LOCKS / "java/rongcloud/jars.sha256").read_text()),
        "com.easemob.im:im-sdk-core": re.findall(r"im-sdk-core-(\S+)\.jar", (LOCKS / "java/easemob/jars.sha256").read_text()),
    }
    assert locked == {sdk.name: [sdk.version] for sdk in page.SDKS if sdk.name in locked}


def test_what_is_expected_is_looked_for_at_every_depth() -> None:
    value = {"rows": [{"id": "a", "n": 1}, {"id": "b", "n": 2}], "more": False}
    assert found({"rows": [{"id": "b"}], "more": False}, value)
    assert not found({"rows": [{"id": "c"}]}, value)
    assert not found({"more": 0}, value), "a number is no truth value"
    assert not found({"less": None}, value)


def test_what_a_step_keeps_stands_in_later_arguments() -> None:
    kept = {"team": 7}
    assert filled({"tid": "$team", "to": "alice|2|${team}", "body": '{"a":"$"}'}, kept) == {
        "tid": 7,
        "to": "alice|2|7",
        "body": '{"a":"$"}',
    }
    assert at("rows.1.id", {"rows": [{"id": "a"}, {"id": "b"}]}) == "b"
    with pytest.raises(KeyError):
        filled("$nobody", kept)
