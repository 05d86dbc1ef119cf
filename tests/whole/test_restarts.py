"""Roles that are stopped or killed under load, one after the other."""

import pytest

from tests.stack import Stack
from tests.whole.crossing import Exchange

# Deliver first: while the ingress is away, the target's callbacks, which could settle a doubt, are lost; and Easemob bans a
# receiver that fails often, so nothing is said there afterwards.
ROLES = ("deliver-easemob", "convert", "ingress")


@pytest.fixture
def load(stack: Stack) -> int:
    """Texts from Yunxin, which calls back until it is answered."""
    count = 300
    stack.yunxin.load(rate=25, count=count, conversations=15, groups=1)
    return count


@pytest.mark.slow
def test_killed_under_load_nothing_is_lost_doubled_or_out_of_order(exchange: Exchange, stack: Stack, load: int) -> None:
    exchange.has_arrived(10)
    for name in ROLES:
        role = stack.roles[name]
        assert role.child is not None
        role.child.kill()
        role.child.wait()
        role.start()
        stack.wait_ready(role)
        exchange.has_arrived(min(len({one.source for one in exchange.read().arrives}) + 10, load))
    found = exchange.all_arrived("yunxin")
    assert found.said >= load
    assert found.good, found


def test_stopped_under_load_nothing_is_lost_doubled_or_out_of_order(exchange: Exchange, stack: Stack, load: int) -> None:
    exchange.has_arrived(10)
    for name in ROLES:
        role = stack.roles[name]
        assert role.stop() == 0, role.tail()
        role.start()
        stack.wait_ready(role)
        exchange.has_arrived(min(len({one.source for one in exchange.read().arrives}) + 10, load))
    found = exchange.all_arrived("yunxin")
    assert found.said >= load
    assert found.good, found
