"""Callbacks that the platforms lose: found in what they keep, put in their place, and everything arrives exactly once."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests import warm_python
from tests.stack import YUNXIN_GROUP, Stack
from tests.waiting import until
from tests.whole.crossing import Exchange, mood

LOST = {"lose_callbacks": 0.5, "seed": 7}


@pytest.fixture(scope="module")
def stack(relay: Callable[..., Stack]) -> Iterator[Stack]:
    """Easemob keeps what it could not deliver, and shows the file of an hour before it is over."""
    settings = "[gaps]\ndelay = 0.0\ninterval = 1.0\nwindow = 600.0"
    with relay("gaps", settings, easemob={"callback_store": True, "history_delay": -3600.0}) as one:
        yield one


def gaps(stack: Stack, *words: str) -> tuple[int, list[dict[str, Any]], str]:
    done = warm_python.run("gaps", *words, "--json", "--config", str(stack.config), timeout=90)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def lost(side: Any, since: int) -> int:
    return sum(one["outcome"] == "lost" for one in side.journal("callback", since=since))


def headers(stack: Stack, topic: str) -> list[dict[str, bytes]]:
    """Of every record there."""

    async def read() -> list[dict[str, bytes]]:
        async with AIOKafkaConsumer(bootstrap_servers=stack.bootstrap, auto_offset_reset="earliest") as consumer:
            tps = [TopicPartition(f"{stack.prefix}{topic}", number) for number in range(stack.partitions)]
            consumer.assign(tps)
            ends, found = await consumer.end_offsets(tps), []
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += [dict(record.headers) for record in records]
            return found

    return asyncio.run(read())


def last(side: Any) -> int:
    entries = side.journal("callback")
    return int(entries[-1]["seq"]) if entries else 0


def test_copies_that_yunxin_lost_are_found_in_its_history(exchange: Exchange, stack: Stack) -> None:
    since = last(stack.yunxin)
    with mood(stack.yunxin, **LOST):
        for number in range(30):
            exchange.say("yunxin", "alice", "bob", f"a{number}")
            exchange.say("yunxin", "bob", "alice", f"b{number}")
            exchange.say("yunxin", "carol", "team", f"t{number}")
        stack.yunxin.settled()
    count = lost(stack.yunxin, since)
    assert 20 < count < 70
    before = len(headers(stack, "callbacks.yunxin"))
    code, (dry,), err = gaps(stack, "old", "--until", "0s")
    assert (code, sum(dry["missing"].values()), dry["filled"], dry["unseen"]) == (0, count, 0, []), err
    assert dry["missing"] == {"text": count}
    assert dry["missing_in"] == ["direct:alice:bob", f"group:{YUNXIN_GROUP}"]
    assert dry["known"] >= 90 - count
    assert len(headers(stack, "callbacks.yunxin")) == before, "a dry run writes nothing"
    code, (told,), err = gaps(stack, "old", "--until", "0s", "--fill")
    assert (code, told["filled"]) == (0, count), err
    found = exchange.all_arrived()
    assert found.good, found
    recovered = [one for one in headers(stack, "callbacks.yunxin") if "recovered" in one]
    assert len(recovered) == count
    assert {one["app"] for one in recovered} == {b"old"}
    code, (again,), err = gaps(stack, "old", "--until", "0s", "--fill")
    assert (code, again["missing"], again["filled"]) == (1, {}, 0)
    assert "nothing is missing" in err


@pytest.mark.slow
def test_a_conversation_of_which_nothing_came_is_asked_about_when_it_is_named(exchange: Exchange, stack: Stack) -> None:
    with mood(stack.yunxin, lose_callbacks=1.0):
        exchange.say("yunxin", "alice", "dave", "nobody heard this")
    assert gaps(stack, "old", "--until", "0s")[0] == 1
    code, (told,), err = gaps(stack, "old", "--until", "0s", "--conversation", "direct:dave:alice", "--fill")
    assert (code, told["filled"]) == (0, 1), err
    found = exchange.all_arrived()
    assert found.good, found
    (message,) = {one.id for one in exchange.says if one.text == "nobody heard this"}
    trace = warm_python.run("trace", message, "--json", "--config", str(stack.config), timeout=60)
    assert trace.returncode == 0, trace.stderr
    assert '"recovered":"yes"' in trace.stdout


@pytest.mark.slow
def test_echoes_that_were_lost_come_in_and_change_nothing(exchange: Exchange, stack: Stack) -> None:
    with mood(stack.yunxin, lose_callbacks=1.0):
        for number in range(5):
            exchange.say("easemob", "bob", "alice", f"e{number}")
        exchange.has_arrived(5)
        stack.yunxin.settled()
    code, (told,), err = gaps(stack, "old", "--until", "0s", "--fill")
    assert (code, told["missing"], told["filled"]) == (0, {"echo": 5}, 5), err
    found = exchange.all_arrived()
    assert found.good, found
    assert gaps(stack, "old", "--until", "0s", "--fill")[0] == 1


@pytest.mark.slow
def test_what_easemob_could_not_deliver_it_sends_again(exchange: Exchange, stack: Stack) -> None:
    ingress = stack.roles["ingress"]
    assert ingress.stop() == 0
    try:
        for number in range(12):
            exchange.say("easemob", "bob", "alice", f"s{number}")
        stack.easemob.settled()
    finally:
        ingress.start()
        stack.wait_ready(ingress)
    code, (dry,), err = gaps(stack, "new", "--until", "0s")
    assert (code, dry["withheld"], dry["sent_again"]) == (0, 1, 0), err
    assert not [one for one in stack.easemob.journal("accepted") if one["api"] == "callbacks.replay"], "a dry run does nothing"
    code, (told,), err = gaps(stack, "new", "--until", "0s", "--fill")
    assert (code, told["withheld"], told["sent_again"]) == (0, 0, 1), err
    found = exchange.all_arrived()
    assert found.good, found
    code, (again,), err = gaps(stack, "new", "--until", "0s", "--fill")
    assert (code, again["missing"], again["sent_again"]) == (1, {}, 0), err


@pytest.mark.slow
def test_callbacks_that_easemob_lost_for_good_are_found_in_its_files(exchange: Exchange, stack: Stack) -> None:
    since = last(stack.easemob)
    with mood(stack.easemob, **LOST):
        for number in range(20):
            exchange.say("easemob", "bob", "alice", f"f{number}")
            exchange.say("easemob", "dave", "team", f"g{number}")
        stack.easemob.settled()
    count = lost(stack.easemob, since)
    assert 8 < count < 32
    code, (told,), err = gaps(stack, "new", "--until", "0s", "--fill")
    assert (code, told["missing"], told["filled"]) == (0, {"text": count}, count), err
    found = exchange.all_arrived()
    assert found.good, found
    assert gaps(stack, "new", "--until", "0s", "--fill")[0] == 1


@pytest.mark.slow
def test_the_role_fills_gaps_by_itself_and_leaves_in_good_order(exchange: Exchange, stack: Stack) -> None:
    role = stack.add("gaps", ["gaps", "--run"])
    stack.wait_ready(role)
    with mood(stack.yunxin, **LOST), mood(stack.easemob, **LOST):
        for number in range(20):
            exchange.say("yunxin", "alice", "bob", f"hush y{number}")
            exchange.say("easemob", "bob", "alice", f"hush e{number}")
        found = exchange.all_arrived()
    assert found.good, found
    until(
        lambda: (
            (value := re.search(r'im_relay_gap_searches_total\{app="new",outcome="whole"\} ([0-9.]+)', role.metrics()))
            and float(value[1]) >= 3
        )
    )
    role.counts('im_relay_gap_callbacks_total{app="old",outcome="recovered",platform="yunxin"}')
    role.counts('im_relay_token_requests_total{app="new",outcome="granted",platform="easemob"} 1.0')  # and not one for each search
    assert httpx.get(f"http://127.0.0.1:{role.observe}/livez", trust_env=False).status_code == 200
    said = role.log.read_text() + role.metrics()
    assert role.stop() == 0
    assert not [word for word in ("demo-yunxin-secret", "YXA6demosecret", "hush", "alice") if word in said]


def test_an_app_that_is_none_and_a_platform_that_is_silent_are_named(stack: Stack) -> None:
    code, told, err = gaps(stack, "nobody")
    assert (code, told) == (2, [])
    assert "no app nobody in the settings; there are: new, old" in err
