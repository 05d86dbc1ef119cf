"""What the platforms take by default, held against the simulators, which were written from the vendors' pages by themselves."""

from importlib import import_module

import pytest

from converters import PLATFORMS
from converters.core.model import NOTHING
from converters.platform import OTHERS, RateLimit, Request
from tests.converters.shapes import message
from tests.converters.test_contract import KINDS, deliver, to_of
from tests.simulators.easemob.options import Options as Easemob
from tests.simulators.yunxin.options import Options as Yunxin

NAMES = sorted(PLATFORMS)


def limits(name: str) -> tuple[RateLimit, ...]:
    found: tuple[RateLimit, ...] = import_module(f"converters.platforms.{name}.limits").LIMITS
    return found


def rates(name: str, api: str) -> set[tuple[float, str]]:
    """What the platform takes of *api* in a second, in each way of counting."""
    said = [limit for limit in limits(name) if api in limit.apis] or [limit for limit in limits(name) if OTHERS in limit.apis]
    return {(limit.amount / limit.seconds, limit.counts) for limit in said}


@pytest.mark.parametrize("name", NAMES)
def test_limits_have_names_of_their_own_and_something_to_limit(name: str) -> None:
    names = [limit.name for limit in limits(name)]
    assert len(names) == len(set(names)) > 0
    assert all(limit.amount > 0 < limit.seconds and limit.apis for limit in limits(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_rest_stands_alone_and_once(name: str) -> None:
    assert [limit.apis for limit in limits(name) if OTHERS in limit.apis] == [(OTHERS,)]


def sent(name: str, kind: str, **choices: str) -> Request:
    source = next(other for other in NAMES if other != name)
    routed, apps, _ = deliver(source, name, message(source, to=to_of(source, kind), kind=kind), **choices)
    (request,) = PLATFORMS[name].encode(routed.delivery, apps["new"].account, NOTHING).requests
    return request


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_send_goes_to_one_and_is_limited(name: str, kind: str) -> None:
    request = sent(name, kind)
    assert request.targets == 1
    assert rates(name, request.api)


def test_easemob_counts_calls_and_messages_apart() -> None:
    given = Easemob()
    direct, group, room = (rates("easemob", sent("easemob", kind).api) for kind in KINDS)
    assert direct == {(given.limit_user_calls, "calls"), (given.limit_user_messages_per_minute / 60, "messages")}
    assert group == {(given.limit_group_calls, "calls"), (given.limit_group_messages, "messages")}
    assert room == {(given.limit_room_calls, "calls"), (given.limit_room_messages, "messages")}
    assert rates("easemob", "anything else") == {(given.limit_calls, "calls")}


def test_yunxin_counts_calls_and_has_one_limit_for_the_old_and_the_new_form() -> None:
    given = Yunxin()
    apis = {sent("yunxin", "direct", api=version).api for version in ("v1", "v2")} | {sent("yunxin", "group").api}
    (limit,) = (limit for limit in limits("yunxin") if limit.name == "messages")
    assert len(apis) == 2
    assert apis <= set(limit.apis)
    assert rates("yunxin", "msg/sendMsg") == {(given.limit_messages, "calls")}
    assert rates("yunxin", "anything else") == {(given.limit_calls, "calls")}
