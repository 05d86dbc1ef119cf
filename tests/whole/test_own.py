"""The customer's own server and Easemob, both ways over the whole relay."""

from collections.abc import Callable, Iterator

import pytest

from tests.stack import Stack
from tests.waiting import until
from tests.whole.crossing import Exchange, accepted


@pytest.fixture(scope="module")
def stack(relay: Callable[..., Stack]) -> Iterator[Stack]:
    with relay("own", source="own") as one:
        yield one


def test_both_ways_between_two_and_in_a_group_every_text_arrives_as_it_was(exchange: Exchange) -> None:
    for text in ("你好,Bob!📱", '👨‍👩‍👧‍👦 & <tags> \\ "q"', "第一行\n第二行\t𠮷", "長" * 1400):
        exchange.say("own", "alice", "bob", text)
        exchange.say("easemob", "bob", "alice", text)
        exchange.say("own", "carol", "team", text)
        exchange.say("easemob", "dave", "team", text)
    found = exchange.all_arrived()
    assert found.good, found
    assert found.said >= 16


def test_a_recall_takes_back_the_same_message_on_the_other_side(exchange: Exchange, stack: Stack) -> None:
    own, easemob = stack.source, stack.target
    said = own.say("alice", "bob", "said on our own")
    (there,) = until(lambda: accepted(easemob, "send", text="said on our own"))
    own.operate("recall", "alice", "bob", message={"id": said["id"]})
    until(lambda: accepted(easemob, "recall", id=there["id"]))
    said = easemob.say("bob", "alice", "said on Easemob")
    (back,) = until(lambda: accepted(own, "send", text="said on Easemob"))
    easemob.operate("recall", "bob", "alice", message=said["id"])
    (taken,) = until(lambda: accepted(own, "recall"))
    assert taken["there"] == {"message": back["id"]}
    assert exchange.all_arrived().good
    assert (len(accepted(easemob, "recall")), len(accepted(own, "recall"))) == (1, 1), "neither comes back"
