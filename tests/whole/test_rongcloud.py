"""RongCloud and Easemob, both ways over the whole relay."""

from collections.abc import Callable, Iterator

import pytest

from tests.apps import APPS
from tests.deeds import EDIT
from tests.stack import Stack
from tests.waiting import until
from tests.whole.crossing import Exchange, accepted, mood

TEXTS = ("你好,Bob!📱", '👨‍👩‍👧‍👦 + 🇨🇳 & <tags> \\ "q"', "第一行\n第二行\t𠮷", "ok", "=?&%00+;", "長" * 1400)


@pytest.fixture(scope="module")
def stack(relay: Callable[..., Stack]) -> Iterator[Stack]:
    with relay("rongcloud", source="rongcloud") as one:
        yield one


def settled(stack: Stack, step: str) -> float:
    """Doubts about sends to RongCloud that *step* has ended so far."""
    name = f'im_relay_in_doubt_total{{platform="rongcloud",step="{step}"}} '
    lines = stack.roles["deliver-rongcloud"].metrics().splitlines()
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


def test_both_ways_between_two_and_in_a_group_every_text_arrives_as_it_was(exchange: Exchange) -> None:
    for text in TEXTS:
        exchange.say("rongcloud", "alice", "bob", text)
        exchange.say("easemob", "bob", "alice", text)
        exchange.say("rongcloud", "carol", "team", text)
        exchange.say("easemob", "dave", "team", text)
    found = exchange.all_arrived()
    assert found.good, found
    assert found.said >= 4 * len(TEXTS)


PLACES = pytest.mark.parametrize(("kind", "to"), [("person", "bob"), ("group", "")])


@PLACES
def test_a_recall_on_rongcloud_takes_back_the_same_message(exchange: Exchange, stack: Stack, kind: str, to: str) -> None:
    """RongCloud tells of it twice, as a command in the conversation and as an operation."""
    rongcloud, easemob, text = stack.source, stack.target, f"on RongCloud {kind}"
    said = rongcloud.say("alice", to or APPS["rongcloud"].group, text, type=kind)
    (there,) = until(lambda: accepted(easemob, "send", text=text))
    rongcloud.say("alice", to or APPS["rongcloud"].group, type=kind, kind="recall", recalls=said["id"])
    until(lambda: accepted(easemob, "recall", id=there["id"]))
    assert exchange.all_arrived().good
    assert len(accepted(easemob, "recall", id=there["id"])) == 1
    assert not accepted(rongcloud, "recall", id=said["id"]), "it came back"


@PLACES
def test_a_recall_on_easemob_takes_back_the_same_message(exchange: Exchange, stack: Stack, kind: str, to: str) -> None:
    rongcloud, easemob, text = stack.source, stack.target, f"on Easemob {kind}"
    said = easemob.say("alice", to or APPS["easemob"].group, text, type=kind)
    (there,) = until(lambda: accepted(rongcloud, "send", text=text))
    easemob.operate("recall", "alice", to or APPS["easemob"].group, where=kind, message=said["id"])
    until(lambda: accepted(rongcloud, "recall", id=there["id"]), 30, stack.roles["deliver-rongcloud"].tail)
    exchange.all_arrived()
    assert len(accepted(rongcloud, "recall", id=there["id"])) == 1
    assert not accepted(easemob, "recall", id=said["id"]), "it came back"


@PLACES
def test_an_edit_on_easemob_changes_the_same_message(exchange: Exchange, stack: Stack, kind: str, to: str) -> None:
    rongcloud, easemob, text = stack.source, stack.target, f"frist {kind}"
    place = ("alice", to or APPS["easemob"].group, kind)
    said = easemob.say(*place[:2], text, type=kind)
    (there,) = until(lambda: accepted(rongcloud, "send", text=text))
    EDIT["easemob"](easemob, place, said["id"], f"first {kind}")
    (changed,) = until(lambda: accepted(rongcloud, "edit", id=there["id"]), 30, stack.roles["deliver-rongcloud"].tail)
    assert (changed["text"], changed["from"], changed["to"]) == (f"first {kind}", there["from"], there["to"])
    assert exchange.all_arrived().good
    assert len(accepted(rongcloud, "edit", id=there["id"])) == 1
    assert not accepted(easemob, "edit", id=said["id"]), "it came back"


def test_callbacks_that_come_twice_are_sent_once(exchange: Exchange, stack: Stack) -> None:
    with mood(stack.source, double_callbacks=1.0), mood(stack.target, double_callbacks=1.0):
        for number in range(20):
            exchange.say("rongcloud", "alice", "bob" if number % 2 else "team", f"r{number}")
            exchange.say("easemob", "bob", "alice" if number % 2 else "team", f"e{number}")
        found = exchange.all_arrived()
    exchange.came_once(found)


def test_callbacks_in_disorder_are_sent_once_and_what_comes_behind_a_later_one_is_marked_late(exchange: Exchange, stack: Stack) -> None:
    with mood(stack.source, reorder_callbacks=0.5, double_callbacks=0.3):
        stack.source.load(rate=200, count=60, conversations=6, groups=1)
        found = exchange.all_arrived()
    exchange.came_once(found)


# What nobody answered and RongCloud called back about; and what it was silent about, so that only its history tells.
@pytest.mark.parametrize(("step", "how"), [("echo", {"callbacks_before_answer": 1.0}), ("lookup", {"lose_callbacks": 1.0})])
def test_a_send_in_doubt_is_settled_by(exchange: Exchange, stack: Stack, step: str, how: dict[str, float]) -> None:
    before = settled(stack, step)
    for number in range(4):
        with mood(stack.source, accept_but_lose_answer=1.0, count=1, **how):
            exchange.say("easemob", "dave", "alice" if number % 2 else "team", f"{step} {number}")
            until(lambda: settled(stack, step) == before + number + 1, 60, stack.roles["deliver-rongcloud"].tail)  # noqa: B023
    found = exchange.all_arrived()
    assert found.good, found
