"""Test messages cross both ways through real roles, and tell where one is lost; no count of messages has them."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.kafka import topics
from streams.roles import watch
from streams.settings.root import load, marking
from streams.watch.canary import Canary, CanaryResult, CanaryState
from tests.operate.conftest import command, rows
from tests.stack import MARKS, Stack
from tests.waiting import until
from tests.watch.conftest import value

pytestmark = pytest.mark.kafka

SETTINGS = '[canary]\napps = ["old", "new"]\ninterval = 90\non_time = 59\npatience = 60\n'
"""Behind those of `[deliver]`. Whatever arrives is on time: how quick this machine is, is not what is tested."""
KINDS = ("text", "picture", "voice", "recall")
Results = dict[tuple[str, str], CanaryResult]


@pytest.fixture(scope="module")
def stack(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(
        tmp_path_factory.mktemp("canary"), bootstrap=kafka, prefix=f"canary{uuid4().hex[:8]}.", partitions=2, settings=SETTINGS
    ) as one:
        yield one


@pytest.fixture(autouse=True)
def marks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in MARKS.items():
        monkeypatch.setenv(name, secret)


def play(stack: Stack, runs: int = 1, **options: Any) -> list[Results]:
    """Runs of one canary; *options* of `[canary]`."""

    async def them() -> list[Results]:
        settings = load(stack.config)
        names = {name: settings.kafka.topic(topics.CALLBACKS, app.platform) for name, app in settings.apps.items()}
        canary = Canary(settings.kafka.cluster, marking(settings), names, settings.canary.model_copy(update=options), settings.deliver)
        await canary.start()
        try:
            return [{(pair, kind): one for (pair, kind), one in (await canary.run()).items()} for _ in range(runs)]
        finally:
            await canary.stop()

    return asyncio.run(them())


def counted(stack: Stack, metric: str) -> float:
    """The sum of a metric over all roles."""
    texts = [role.metrics() for role in stack.roles.values()]
    return sum(
        sample.value
        for text in texts
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"im_relay_{metric}"
    )


def received(stack: Stack) -> int:
    """Events that the report says came in; of the canary there is not even a conversation."""
    found = rows(command(stack.config, "report", "--json", "--since", "1h", "--until", str(int(time.time() * 1000) + 1)))
    count = sum(one["received"] for one in found if one["what"] == "hour")
    assert sum(one["what"] == "conversation" for one in found) == count
    return int(count)


def every(stack: Stack, state: CanaryState) -> dict[tuple[str, str], CanaryState]:
    return {(f"{one}>{other}", kind): state for one, other in (stack.platforms, stack.platforms[::-1]) for kind in KINDS}


def states(results: Results) -> dict[tuple[str, str], CanaryState]:
    return {key: result.state for key, result in results.items()}


def test_every_kind_arrives_both_ways_and_no_count_has_it(stack: Stack) -> None:
    """The second run reads only the partitions in which the first has found its callbacks."""
    first, second = play(stack, runs=2)
    assert states(first) == states(second) == every(stack, CanaryState.ON_TIME)
    assert all(result.seconds for result in first.values())
    assert counted(stack, "attempts_total") >= 16, "its requests are requests"
    assert value("canary_messages_total", kind="voice", outcome="on_time") == 4
    told = [
        "sends_total",
        "convert_records_in_total",
        "convert_records_out_total",
        "echoes_total",
        "end_to_end_seconds_count",
        "media_messages_total",
        "media_jobs_total",
    ]
    assert {name: counted(stack, name) for name in told} == dict.fromkeys(told, 0)
    assert received(stack) == 0
    stack.source.say("alice", "bob", "of a person", type="person")
    until(lambda: counted(stack, "sends_total") == counted(stack, "end_to_end_seconds_count") == 1)
    assert received(stack) == 1


def test_of_a_run_that_kafka_did_not_let_end_no_earlier_outcome_is_shown(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: Canary) -> None:
        raise TimeoutError

    def shown() -> set[float | None]:
        return {value("canary_state", direction=direction, kind=kind) for direction, kind in every(stack, CanaryState.UNSEEN)}

    async def told() -> None:
        role = asyncio.create_task(watch._canary(load(stack.config)))
        try:
            await asyncio.to_thread(until, lambda: shown() == {CanaryState.UNSEEN})
        finally:
            role.cancel()

    play(stack, kinds=["text"])
    assert CanaryState.ON_TIME in shown()
    monkeypatch.setattr(Canary, "run", away)
    asyncio.run(told())


@pytest.mark.slow
def test_it_says_where_a_message_is_lost(stack: Stack) -> None:
    one, other = stack.platforms
    brief: dict[str, Any] = {"patience": 4.0, "on_time": 3.9, "kinds": ["text"]}
    stack.source.mood(lose_callbacks=1.0)
    try:
        (uncalled,) = play(stack, **brief)
    finally:
        stack.source.mood()
    assert states(uncalled) == {(f"{one}>{other}", "text"): CanaryState.UNCALLED, (f"{other}>{one}", "text"): CanaryState.UNDELIVERED}
    stack.source.mood(error_500=1.0)
    try:
        (unsent,) = play(stack, **brief)
    finally:
        stack.source.mood()
    assert states(unsent)[f"{one}>{other}", "text"] == CanaryState.UNSENT
    stack.source.file_mood(file_missing=1.0)
    try:
        (changed,) = play(stack, kinds=["picture"])
    finally:
        stack.source.file_mood()
    assert states(changed)[f"{one}>{other}", "picture"] == CanaryState.CHANGED


@pytest.mark.slow
def test_a_platform_that_stores_no_files_sends_what_it_can(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with Stack(
        tmp_path_factory.mktemp("inline"),
        source="rongcloud",
        bootstrap=kafka,
        prefix=f"inline{uuid4().hex[:8]}.",
        partitions=2,
        settings=SETTINGS,
    ) as stack:
        (found,) = play(stack)
        wanted = every(stack, CanaryState.ON_TIME)
        for kind in ("picture", "voice"):  # none can be sent there without canary.picture_url and voice_url
            del wanted["rongcloud>easemob", kind]
        assert states(found) == wanted
