"""What befalls a machine: its broker dies, it is started anew, its power goes, its disk fills. Nothing is lost, nothing comes twice."""

import pytest

from tests.compose.page import Page
from tests.compose.project import PATIENCE, Project
from tests.waiting import until

pytestmark = pytest.mark.compose


def test_kafka_that_is_killed_is_started_again_and_messages_go_on(project: Project) -> None:
    exchange = project.exchange()
    exchange.chat(2, "before the broker dies")
    before = project.kill("kafka")
    exchange.chat(2, "while the broker is away")
    project.wait_restarted(before)
    project.wait_well()
    project.fill_gaps()
    exchange.chat(2, "after the broker died")
    exchange.came_once(exchange.all_arrived())


def undelivered(project: Project, word: str) -> set[str]:
    """Texts that the relay has taken, and cannot deliver, since Easemob refuses; some others it has delivered before."""
    exchange = project.exchange()
    exchange.chat(2, f"delivered before {word}")
    exchange.came_once(exchange.all_arrived())
    project.sides["easemob"].mood(throttle=1.0)
    exchange = project.exchange()
    texts = {f"waits for {word} {number}" for number in range(6)}
    for text in sorted(texts):
        exchange.say("yunxin", "alice", "bob", text)
    exchange.stored()
    return texts


def arrived_on_a_new_easemob(project: Project) -> list[str]:
    """What the relay has sent to a simulator that was started anew, and remembers nothing older."""
    return [str(one["text"]) for one in project.sides["easemob"].journal("accepted") if one["api"] == "send" and one["from"] == "alice"]


@pytest.mark.parametrize("how", ["restart", "power"])
def test_a_machine_that_is_started_anew_delivers_what_waited_and_that_alone(project: Project, how: str) -> None:
    texts = undelivered(project, how)
    if how == "power":
        project.engine.lose_power()
        project.engine.start()
    else:
        project.typed(Page().block("restart"))
    project.wait_well()
    until(lambda: texts <= set(arrived_on_a_new_easemob(project)), PATIENCE, lambda: f"{arrived_on_a_new_easemob(project)}")
    exchange = project.exchange()
    exchange.chat(2, f"after {how}")
    exchange.came_once(exchange.all_arrived())
    came = [text for text in arrived_on_a_new_easemob(project) if "waits for" in text or "delivered before" in text]
    assert sorted(came) == sorted(texts)
