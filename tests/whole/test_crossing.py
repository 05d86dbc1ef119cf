"""Messages over the whole relay, both ways, on good days and on bad ones."""

from tests.stack import Stack
from tests.whole.crossing import Exchange, mood

TEXTS = ("你好,Bob!📱", '👨‍👩‍👧‍👦 + 🇨🇳 & <tags> \\ "q"', "第一行\n第二行\t𠮷", " ", "ok", "=?&%00+;", "x" * 3000, "長" * 1400)


def test_both_ways_between_two_and_in_a_group_every_text_arrives_as_it_was(exchange: Exchange) -> None:
    for text in TEXTS:
        exchange.say("yunxin", "alice", "bob", text)
        exchange.say("easemob", "bob", "alice", text)
        exchange.say("yunxin", "carol", "team", text)
        exchange.say("easemob", "dave", "team", text)
    found = exchange.all_arrived()
    assert found.good, found
    assert found.said >= 4 * len(TEXTS)


def test_callbacks_that_come_twice_are_sent_once(exchange: Exchange, stack: Stack) -> None:
    with mood(stack.yunxin, double_callbacks=1.0), mood(stack.easemob, double_callbacks=1.0):
        for number in range(30):
            exchange.say("yunxin", "alice", "bob" if number % 2 else "team", f"y{number}")
            exchange.say("easemob", "bob", "alice" if number % 2 else "team", f"e{number}")
        found = exchange.all_arrived()
    exchange.came_once(found)


def test_callbacks_in_disorder_are_sent_once_and_what_comes_behind_a_later_one_is_marked_late(exchange: Exchange, stack: Stack) -> None:
    with mood(stack.yunxin, reorder_callbacks=0.5, double_callbacks=0.3):
        stack.yunxin.load(rate=200, count=60, conversations=6, groups=1)
        found = exchange.all_arrived()
    exchange.came_once(found)


def test_a_throttled_target_loses_nothing_and_keeps_the_order(exchange: Exchange, stack: Stack) -> None:
    # Easemob's own limit for groups is 20 a second.
    for number in range(50):
        exchange.say("yunxin", "alice", "team", f"#{number}")
    with mood(stack.easemob, throttle=0.3):
        for number in range(40):
            exchange.say("yunxin", "alice", "bob", f"#{number}")
        found = exchange.all_arrived()
    assert found.good, found


def test_what_the_target_took_and_did_not_answer_is_settled_by_its_echo(exchange: Exchange, stack: Stack) -> None:
    how = {"accept_but_lose_answer": 0.3, "callbacks_before_answer": 0.5}
    with mood(stack.easemob, **how):
        stack.yunxin.load(rate=60, count=60, conversations=12, groups=0)
        found = exchange.all_arrived()
    assert found.good, found
    by_echo = 'im_relay_in_doubt_total{platform="easemob",step="echo"}'
    stack.roles["deliver-easemob"].counts(by_echo)


def test_a_token_that_expires_in_between_costs_nothing(exchange: Exchange, stack: Stack) -> None:
    for number in range(40):
        if number % 10 == 5:
            stack.easemob.mood(token_expire_now=True)
        exchange.say("yunxin", "alice", "bob", f"#{number}")
    stack.easemob.mood()
    found = exchange.all_arrived()
    assert found.good, found
