"""The disasters of docs/operations.md, each played on a relay of its own with the commands that the page names."""

import json
import shutil
import time
from collections.abc import Iterator

import pytest

from tests.operate.conftest import command, rows
from tests.stack import Stack
from tests.waiting import until
from tests.whole.crossing import IMPATIENT, Exchange

pytestmark = pytest.mark.slow
SECRET = 'client_secret = "YXA6demosecret"'


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its Kafka is its own, so that it can be lost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IM_RELAY_KAFKA__SESSION_TIMEOUT", "6")
        patch.delenv("KAFKA_BOOTSTRAP", raising=False)
        with Stack(
            tmp_path_factory.mktemp("disasters"), partitions=2, settings=IMPATIENT, limits=0, media=None, easemob={"ban_scale": 0.0}
        ) as stack:
            yield stack


def metric(stack: Stack, role: str, name: str, **labels: str) -> float:
    lines = [line for line in stack.roles[role].metrics().splitlines() if line.startswith(name)]
    return sum(float(line.split()[-1]) for line in lines if all(f'{key}="{value}"' in line for key, value in labels.items()))


def again(stack: Stack, *names: str) -> None:
    for name in names:
        stack.roles[name].start()
    for name in names:
        stack.wait_ready(stack.roles[name], 120)


def whole(exchange: Exchange) -> None:
    """All of it arrived, once and in order, from Yunxin, and the report says so."""
    found = exchange.all_arrived("yunxin")
    assert found.good, found


def complete(stack: Stack, since: int) -> None:
    def told() -> bool:
        return (
            command(stack.config, "report", "old", "--since", str(since), "--until", str(int(time.time() * 1000)), "--json").exit_code == 0
        )

    until(told, 60)


def test_local_state_lost(relay: Stack) -> None:
    since, exchange = int(time.time() * 1000), Exchange(relay)
    relay.yunxin.load(rate=50, count=400, conversations=20)
    exchange.has_arrived(100)
    child = relay.roles["deliver-easemob"].child
    assert child is not None
    child.kill()
    child.wait()
    lost = list((relay.directory / "state").glob("deliver.easemob-*"))
    assert lost
    for directory in lost:
        shutil.rmtree(directory)
    again(relay, "deliver-easemob")
    whole(exchange)
    complete(relay, since)


def test_a_wrong_secret(relay: Stack) -> None:
    """The platform refuses ours: messages wait or become letters of ours, and are put back by command."""
    since, exchange, good = int(time.time() * 1000), Exchange(relay), relay.config.read_text()
    assert SECRET in good
    relay.roles["deliver-easemob"].stop()
    relay.easemob.mood(token_expire_now=True)
    relay.config.write_text(good.replace(SECRET, 'client_secret = "YXA6anotherone"'))
    again(relay, "deliver-easemob")
    for number in range(5):
        exchange.say("yunxin", "alice", "bob", f"with a wrong secret {number}")
    until(lambda: metric(relay, "deliver-easemob", "im_relay_attempts_total", outcome="locked_out") > 0)
    assert relay.roles["deliver-easemob"].child is not None
    relay.easemob.mood()
    relay.config.write_text(good)
    assert command(relay.config, "settings").exit_code == 0
    relay.roles["deliver-easemob"].stop()
    again(relay, "deliver-easemob")
    command(relay.config, "release", "--app", "new")
    command(relay.config, "dead", "replay", "--cause", "account-refused", "--yes")
    whole(exchange)
    complete(relay, since)


def test_a_quota_that_was_cut(relay: Stack) -> None:
    """Nine of ten calls are refused as too many: the relay goes slower, nothing becomes a letter."""
    since, exchange = int(time.time() * 1000), Exchange(relay)
    relay.easemob.mood(throttle=0.9)
    relay.yunxin.load(rate=40, count=200, conversations=20)
    until(
        lambda: (
            metric(relay, "deliver-easemob", "im_relay_attempts_total", outcome="throttled")
            + metric(relay, "deliver-easemob", "im_relay_attempts_total", outcome="not_sent")
            > 20
        )
    )
    relay.easemob.mood()
    whole(exchange)
    letters = command(relay.config, "dead", "list", "--json", "--since", str(since))
    assert rows(letters) == [], "too much at once costs nobody a message"
    complete(relay, since)


def test_a_target_that_is_down(relay: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """What a day is for a small company lies there: 3,000 messages, and the target answers nothing but errors."""
    since, exchange = int(time.time() * 1000), Exchange(relay)
    relay.easemob.mood(error_500=1.0)
    relay.yunxin.load(rate=150, count=3000, conversations=200)
    until(
        lambda: metric(relay, "deliver-easemob", "im_relay_lag_records") + metric(relay, "deliver-easemob", "im_relay_open_events") > 1500,
        60,
    )
    relay.yunxin.settled()
    back = time.monotonic()
    relay.easemob.mood()
    exchange.has_arrived(3000)
    took = time.monotonic() - back
    with capsys.disabled():
        print(f"\n3,000 messages that waited were delivered {took:.1f} s after the target was back")
    whole(exchange)
    complete(relay, since)


def test_kafka_lost(relay: Stack) -> None:
    """All records are gone: topics anew, identities from the saved list, and what was said meanwhile comes by itself."""
    saved = rows(command(relay.config, "identities", "list"))
    assert saved
    assert relay.node is not None
    for role in relay.roles.values():
        role.stop()
    relay.node.stop()
    shutil.rmtree(relay.directory / "kafka")
    exchange = Exchange(relay)
    for number in range(20):
        exchange.say("yunxin", "alice", "bob" if number % 2 else "team", f"while Kafka was lost {number}")
    relay.node.start()
    relay.create_topics()
    for name in {one["canonical"] for one in saved if one["kind"] == "group"}:
        pairs = [f"{one['platform']}={one['id']}" for one in saved if one["canonical"] == name]
        assert command(relay.config, "identities", "set", "group", *pairs, "--canonical", name).exit_code == 0
    since = int(time.time() * 1000)
    again(relay, *relay.roles)
    whole(exchange)
    complete(relay, since)
    done = command(relay.config, "gaps", "old", "--since", "5m")
    assert done.exit_code in (0, 1), json.dumps(done.output)
