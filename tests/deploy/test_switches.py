"""Every value of the chart is in the table of switches, and each changes what is rendered."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.deploy.switches import ALL, SWITCHES, arguments, keys
from tests.deploy.test_chart import SCHEMA, template

NO_EFFECT = {
    "secrets.lookup": "without a cluster there is nothing to look at: tests/kubernetes",
    "console.route.host": "no other name than that of the address that people open is taken",
    "console.gateway.host": "the same",
}


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    inner = schema.get("properties")
    if not inner:
        yield path
        return
    for name, one in inner.items():
        if (deeper := f"{path}.{name}".lstrip(".")) != "settings":
            yield from leaves(one, deeper)


def test_every_value_that_the_schema_knows_is_in_the_table() -> None:
    known = set(leaves(SCHEMA))
    assert len(known) > 150
    assert known - keys() == set()
    assert {key for key in keys() if not key.startswith("settings.")} - known == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", SWITCHES)
def test_each_changes_what_is_rendered(name: str) -> None:
    given = ALL | SWITCHES[name]
    whole = template(*arguments(given))
    assert whole.returncode == 0, whole.stderr
    for key in SWITCHES[name].keys() - NO_EFFECT.keys():
        if name.endswith("its HTTPRoute") and key.rpartition(".")[2] in ("enabled", "parentRefs", "envoy", "host"):
            continue  # without it the rest is refused, which tests/deploy/test_chart_refusals.py looks at
        others = {one: value for one, value in given.items() if one != key}
        if isinstance(given[key], bool):
            others[key] = not given[key]
        elif key in ALL:
            others[key] = ALL[key]
        without = template(*arguments(others))
        if without.returncode:
            assert key in without.stderr  # it is asked for by name
            continue
        assert without.stdout != whole.stdout, f"{key}={json.dumps(given[key])} is not seen in what is rendered"
