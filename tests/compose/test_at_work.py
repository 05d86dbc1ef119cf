"""docker-compose.yml, whole and unchanged, on a real engine, with an image by the unchanged Dockerfile: what it is for, it does."""

import json
import re
from typing import Any

import httpx
import pytest
import yaml

from deploy.dashboards import BOARDS
from streams.console.words import Words
from tests.attachments import picture, voice
from tests.boards.panels import panels
from tests.boards.prometheus import Prometheus
from tests.compose.page import Page
from tests.compose.project import ONCE, PATIENCE, Project
from tests.stack import ROOT
from tests.waiting import until

pytestmark = pytest.mark.compose
FILE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
ROLES = {name for name, one in FILE["services"].items() if one["image"] == "im-relay:local" and name not in ONCE}
OPTIONAL = {name for name, one in FILE["services"].items() if "profiles" in one}
GRAFANA = "http://127.0.0.1:3000"
WINDOW = "20s"
"""What Grafana puts for `$__rate_interval` where roles are asked every 5 s."""
MOVES = (
    'sum(rate(im_relay_sends_total{outcome="delivered"}[20s])) > 0',
    'sum(rate(im_relay_callbacks_total{status="200"}[20s])) > 0',
    "sum(im_relay_media_jobs_total) > 0",
    'sum(im_relay_watch_looks_total{outcome="whole"}) > 3',
    "count(im_relay_canary_seconds_count) > 0",
)
PASSWORD = "a password of the test"


class Boards(Prometheus):
    """Asks as the boards do: at Grafana, which asks the data source of its provisioning."""

    def __init__(self) -> None:
        (source,) = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
        super().__init__(f"{GRAFANA}/api/datasources/proxy/uid/{source['uid']}")

    def query(self, expr: str) -> list[dict[str, Any]]:
        return super().query(expr.replace("$__rate_interval", WINDOW))


def test_every_service_runs_and_none_had_to_start_twice(project: Project) -> None:
    services = project.services()
    assert services.keys() == FILE["services"].keys() - OPTIONAL
    assert {name: one.restarts for name, one in services.items() if one.restarts} == {}
    assert {name for name, one in services.items() if not one.running} == set(ONCE)


def test_roles_may_do_no_more_than_they_need(project: Project) -> None:
    for name in ROLES - OPTIONAL:
        told = project.engine.inspect(project.services()[name].id)
        assert told["Config"]["User"] == "10001:10001", name
        host = told["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert host["Memory"] > 0, name


def test_no_log_fills_the_disk(project: Project) -> None:
    for name, one in project.services().items():
        log = project.engine.inspect(one.id)["HostConfig"]["LogConfig"]
        assert (log["Type"], log["Config"]) == ("json-file", {"max-size": "10m", "max-file": "3"}), name


def test_what_the_page_says_to_type_is_heard_on_the_other_side(project: Project) -> None:
    said = project.typed(Page().block("say"))
    assert "error" not in said
    until(lambda: "hello" in project.typed(Page().block("hear")))


def test_messages_cross_both_ways(project: Project) -> None:
    exchange = project.exchange()
    exchange.chat(3, "over")
    found = exchange.all_arrived()
    exchange.came_once(found)
    assert found.out_of_order == []
    assert found.said >= 12


def test_files_cross_both_ways(project: Project) -> None:
    exchange = project.exchange()
    exchange.send("yunxin", "alice", "bob", picture(1))
    exchange.send("yunxin", "carol", "team", voice(2, "aac"))
    exchange.send("easemob", "bob", "alice", picture(3))
    exchange.send("easemob", "dave", "carol", voice(4))
    found = exchange.all_arrived()
    exchange.came_once(found)
    assert sum(one.media is not None for one in exchange.arrives) == 4


def test_prometheus_reaches_every_role_and_has_every_alert(project: Project) -> None:
    with httpx.Client(base_url="http://127.0.0.1:9090/api/v1", trust_env=False, timeout=30) as asked:
        targets = asked.get("/targets").json()["data"]["activeTargets"]
        assert {one["labels"]["role"]: one["health"] for one in targets} == dict.fromkeys(ROLES - OPTIONAL, "up")
        rules = [one for group in asked.get("/rules").json()["data"]["groups"] for one in group["rules"]]
    shipped = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    assert sorted(one["name"] for one in rules) == sorted(one.get("alert") or one["record"] for group in shipped for one in group["rules"])
    assert [(one["name"], one.get("lastError")) for one in rules if one["health"] != "ok"] == []
    assert [one["name"] for one in rules if one.get("state") == "firing"] == []


def test_every_query_of_every_board_is_answered_with_data(project: Project) -> None:
    asked = Boards()
    exchange = project.exchange()
    exchange.send("yunxin", "alice", "bob", picture(5))

    def still() -> list[str]:
        return [expr for expr in MOVES if not asked.query(expr)]

    def moves() -> bool:
        exchange.chat(1, "seen on the board")  # on and on: what a counter has counted before it is first asked for is in no rate
        exchange.has_arrived(len(exchange.says))
        return not still()

    until(moves, PATIENCE, lambda: f"does not move: {still()}")
    assert {one["uid"] for one in httpx.get(f"{GRAFANA}/api/search", trust_env=False).json()} == {board.uid for board in BOARDS}
    missing = [
        (board.uid, panel.title, expr)
        for board in BOARDS
        for panel in panels(board.uid)
        for expr, _ in panel.queries
        if not asked.query(expr)
    ]
    assert missing == []


def test_a_person_is_let_in_to_the_operators_page_by_what_the_page_says_to_type(project: Project) -> None:
    project.typed(Page().block("people"), PASSWORD + "\n")
    project.typed(Page().block("console"))
    project.wait_well()
    with httpx.Client(
        base_url="http://localhost:8070", trust_env=False, timeout=60, headers={"origin": "http://localhost:8070"}
    ) as browser:
        assert browser.post("/login", data={"name": "ann", "password": "not hers at all"}).status_code == 401
        assert browser.post("/login", data={"name": "ann", "password": PASSWORD}).status_code == 303
        status = browser.get("/").text
        assert Words("en")("problem:metrics", place="\0", why="").partition("\0")[0] not in status
        pages = set(re.findall(r'href="(/\w*)"', status))
        assert len(pages) > 3
        assert {path: browser.get(path).status_code for path in pages} == dict.fromkeys(pages, 200)
    assert PASSWORD not in (project.folder / "deploy/secrets/console-users").read_text()


@pytest.mark.parametrize("role", sorted(ROLES - {"gaps", "files"}))
def test_a_role_that_is_killed_is_started_again_and_nothing_is_lost_or_doubled(project: Project, role: str) -> None:
    exchange = project.exchange()
    exchange.chat(2, f"before {role}")
    before = project.kill(role)
    exchange.chat(2, f"while {role} is away")
    project.wait_restarted(before)
    if role == "ingress":
        project.fill_gaps()
    exchange.chat(2, f"after {role}")
    exchange.came_once(exchange.all_arrived())


def test_the_page_names_every_block_that_is_tried() -> None:
    assert Page().names() == {"start", "say", "hear", "people", "console", "check", "restart", "stop", "away"}


def test_nothing_was_killed_for_memory(project: Project) -> None:
    assert [name for name, one in project.services().items() if one.killed_for_memory] == []
    assert re.search(r"\d", json.dumps(project.engine.get("/version")["Version"]))
