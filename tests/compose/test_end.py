"""What the page says of stopping, and what `check` is for."""

import pytest

from tests.compose.engine import EngineError
from tests.compose.page import Page
from tests.compose.project import ONCE, Project

pytestmark = pytest.mark.compose


def test_down_ends_every_service_by_itself_and_leaves_the_volumes(project: Project) -> None:
    exchange = project.exchange()
    exchange.chat(2, "before the end")
    exchange.came_once(exchange.all_arrived())
    project.compose("--profile", "console", "stop")
    codes = {name: one.exit_code for name, one in project.services().items()}
    assert {name: code for name, code in codes.items() if code not in (0, 143)} == {}, "137: killed, since it did not end in time"
    assert [name for name, code in codes.items() if code == 143 and name not in ("kafka", "grafana")] == []
    project.typed(Page().block("stop"))
    assert project.services() == {}
    assert project.networks() == []
    assert "im-relay_kafka" in project.volumes()


def test_a_wrong_setting_is_said_once_and_nothing_of_the_relay_starts(project: Project) -> None:
    settings = project.folder / "deploy/compose.toml"
    good = settings.read_text()
    settings.write_text(good.replace('client_id = "YXA6demo"', 'client_name = "YXA6demo"'))
    with pytest.raises(EngineError, match="check"):
        project.typed(Page().block("start"))
    services = project.services()
    assert services["check"].exit_code == 2
    assert "client_name" in project.log("check")
    assert [
        name for name, one in services.items() if name not in (*ONCE, "kafka", "yunxin", "easemob", "prometheus", "grafana") and one.running
    ] == []
    settings.write_text(good)
    project.typed(Page().block("check"))
    project.wait_well()


def test_what_was_delivered_before_down_is_not_delivered_again(project: Project) -> None:
    exchange = project.exchange()
    exchange.chat(2, "after the end")
    exchange.came_once(exchange.all_arrived())
    texts = [str(one["text"]) for side in project.sides.values() for one in side.journal("accepted") if one["api"] == "send"]
    assert any("after the end" in text for text in texts)
    assert [text for text in texts if "before the end" in text] == []


def test_down_with_volumes_leaves_nothing(project: Project) -> None:
    project.typed(Page().block("away"))
    assert project.services() == {}
    assert project.networks() == []
    assert project.volumes() == []
