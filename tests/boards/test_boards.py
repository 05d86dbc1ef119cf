"""Every query of every board, asked of a Prometheus that has asked a relay at work."""

from collections import Counter
from collections.abc import Iterator
from uuid import uuid4

import pytest

from deploy.dashboards import BOARDS
from tests.boards.panels import Panel, panels
from tests.boards.prometheus import PROGRAM, Prometheus
from tests.boards.scenes import observed
from tests.boards.talking import talking

pytestmark = [pytest.mark.kafka, pytest.mark.skipif(PROGRAM is None, reason="prometheus is not installed")]
MOVES = (
    'sum(rate(im_relay_sends_total{outcome="delivered"}[10s])) > 0',
    'sum(rate(im_relay_callbacks_total{status="200"}[10s])) > 0',
    "sum(rate(im_relay_end_to_end_seconds_count[10s])) > 0",
    "sum(rate(im_relay_media_jobs_total[10s])) > 0",
    "sum(im_relay_gap_searches_total) > 0",
    'sum(im_relay_watch_looks_total{outcome="whole"}) > 3',
)
"""What shows that the relay is at work."""


@pytest.fixture(scope="module")
def asked(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with observed(tmp_path_factory.mktemp("boards"), kafka, f"boards{uuid4().hex[:8]}.") as (stack, one), talking(stack):
        for expr in MOVES:
            one.await_series(expr)
        yield one


@pytest.mark.parametrize("uid", [board.uid for board in BOARDS])
def test_every_query_has_series(asked: Prometheus, uid: str) -> None:
    missing = [(panel.title, expr) for panel in panels(uid) for expr, _ in panel.queries if not asked.query(expr)]
    assert missing == []


@pytest.mark.parametrize("uid", [board.uid for board in BOARDS])
def test_no_two_curves_of_a_panel_have_the_same_name(asked: Prometheus, uid: str) -> None:
    for panel in panels(uid):
        names = Counter(name for expr, legend in panel.queries for name in (_name(one, legend) for one in asked.query(expr)))
        assert [name for name, times in names.items() if times > 1] == [], panel.title
        assert panel.kind == "stat" or all(name.strip() for name in names), panel.title


@pytest.mark.parametrize("uid", [board.uid for board in BOARDS])
def test_values_are_numbers_and_states_have_words(asked: Prometheus, uid: str) -> None:
    for panel in panels(uid):
        for expr, _ in panel.queries:
            for one in asked.query(expr):
                assert one["value"][1] not in ("NaN", "+Inf", "-Inf"), panel.title
                assert not panel.words or one["value"][1] in panel.words, panel.title


def _name(series: dict[str, dict[str, str]], legend: str) -> str:
    return Panel.named(legend, series["metric"])
