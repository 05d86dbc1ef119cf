"""Kafka away, frozen, or refusing: no 200 that is not durable, and all is well again by itself."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.ingress import producer
from streams.kafka import clock
from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port
from streams.observe.metric_types import REGISTRY
from tests.gateway import Gateway
from tests.ingress import client, signed
from tests.ingress.conftest import Running, running


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LocalKafka]:
    with LocalKafka(tmp_path, free_port(), free_port()) as node:
        yield node


async def until(ingress: Running, path: str, status: int) -> None:
    async with asyncio.timeout(client.PATIENCE):
        while (await client.get(ingress.observe, path)).status != status:
            await asyncio.sleep(0.05)


async def send_until(ingress: Running, status: int, start: int) -> int:
    """The number of the first callback that was answered so."""
    async with asyncio.timeout(client.PATIENCE):
        number = start
        while (await ingress.send(signed.text(number))).status != status:
            number += 1
            await asyncio.sleep(0.02)
        return number


async def test_a_stopped_broker_is_503_at_once_and_comes_back_by_itself(node: LocalKafka) -> None:
    async with running(node.bootstrap) as ingress:
        assert (await ingress.send(signed.text(1))).status == 200
        assert (await client.get(ingress.observe, "/readyz")).status == 200
        await asyncio.to_thread(node.stop)
        await until(ingress, "/readyz", 503)
        assert await ingress.send(signed.text(2)) == (503, b'{"error":"down"}')  # not "timeout": nobody waited
        assert (await client.get(ingress.observe, "/livez")).status == 200
        await asyncio.to_thread(node.start)
        await until(ingress, "/readyz", 200)
        last = await send_until(ingress, 200, 3)
        values = [record.value for record in await ingress.records()]
    assert {signed.text(1), signed.text(last)} <= set(values)


async def test_whatever_was_answered_200_around_a_kill_is_there_in_order(node: LocalKafka) -> None:
    async with running(node.bootstrap) as ingress:
        kept: list[bytes] = []
        stop = asyncio.Event()

        async def talk() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                body = signed.text(number)
                while (await ingress.send(body)).status != 200:  # as a platform does: the same again
                    await asyncio.sleep(0.02)
                kept.append(body)

        async def more(count: int) -> None:
            before = len(kept)
            async with asyncio.timeout(client.PATIENCE):
                while len(kept) < before + count:
                    await asyncio.sleep(0.01)

        talking = asyncio.create_task(talk())
        await more(50)
        assert node.pid is not None
        os.kill(node.pid, signal.SIGKILL)
        await until(ingress, "/readyz", 503)
        await asyncio.to_thread(node.stop)
        await asyncio.to_thread(node.start)
        await until(ingress, "/readyz", 200)
        await more(50)
        stop.set()
        await talking
        firsts = list(dict.fromkeys(record.value for record in await ingress.records()))
    assert firsts == kept  # doubled where a result was not known; nothing lost, nothing overtaken


async def test_a_frozen_broker_is_a_timeout_then_down_then_well_again(node: LocalKafka) -> None:
    async with running(node.bootstrap, max_waiting=1) as ingress:
        assert (await ingress.send(signed.text(1))).status == 200
        assert node.pid is not None
        os.kill(node.pid, signal.SIGSTOP)
        try:
            replies = await asyncio.gather(*(ingress.send(signed.text(number)) for number in (2, 3)))
            assert sorted(reply.body for reply in replies) == [b'{"error":"full"}', b'{"error":"timeout"}']
            assert {reply.status for reply in replies} == {503}
            assert (await client.get(ingress.observe, "/readyz")).status == 503
            assert await ingress.send(signed.text(4)) == (503, b'{"error":"down"}')
        finally:
            os.kill(node.pid, signal.SIGCONT)
        await until(ingress, "/readyz", 200)
        await send_until(ingress, 200, 5)


def replaced(reason: str) -> float:
    return REGISTRY.get_sample_value("im_relay_store_restarts_total", {"reason": reason}) or 0.0


async def test_a_refusal_for_good_costs_a_producer_and_not_the_process(kafka: str) -> None:
    """The broker refuses a batch as too large: the sequence has a hole, and a new producer goes on."""
    async with running(kafka, configs={"max.message.bytes": "1500"}) as ingress:
        assert (await ingress.send(signed.text(1))).status == 200
        before = replaced("MessageSizeTooLargeError")
        assert await ingress.send(signed.text(2, "a" * 2000)) == (503, b'{"error":"failed"}')
        assert replaced("MessageSizeTooLargeError") == before + 1
        last = await send_until(ingress, 200, 3)
        values = [record.value for record in await ingress.records()]
    assert values == [signed.text(1), signed.text(last)]


async def test_a_client_that_hangs_while_the_cluster_answers_is_told_at_once_and_replaced(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    start = producer.start

    async def remembered(*arguments: Any) -> Any:
        made.append(await start(*arguments))
        return made[-1]

    monkeypatch.setattr(producer, "start", remembered)
    monkeypatch.setattr("streams.ingress.store.STUCK", 0.5)
    before = replaced("stuck")
    async with running(kafka) as ingress:
        made[0]._sender.sender_task.cancel()
        assert await ingress.send(signed.text(1)) == (503, b'{"error":"timeout"}')
        assert await ingress.send(signed.text(2)) == (503, b'{"error":"down"}')
        last = await send_until(ingress, 200, 3)
        assert replaced("stuck") == before + 1
        assert len(made) == 2
        assert [record.value for record in await ingress.records()] == [signed.text(last)]


async def test_brokers_that_have_all_moved_are_found_again(kafka: str) -> None:
    async with Gateway(kafka) as gateway, running(gateway.bootstrap) as ingress:
        assert (await ingress.send(signed.text(1))).status == 200
        before = gateway.named
        assert {flow.port for flow in gateway.flows} == {before}
        await gateway.shut()
        await until(ingress, "/readyz", 503)
        assert (await client.get(ingress.observe, "/livez")).status == 200
        await gateway.come()
        await until(ingress, "/readyz", 200)
        assert (await ingress.send(signed.text(2))).status == 200
        assert gateway.named in {flow.port for flow in gateway.flows}
        assert gateway.named != before
        assert [record.value for record in await ingress.records()] == [signed.text(1), signed.text(2)]


@pytest.mark.parametrize("hours", [1.0, -8 * 24.0], ids=["an hour ahead", "eight days behind"])
async def test_a_clock_that_is_wrong_is_named_and_nothing_is_stored_by_it(
    kafka: str, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    compare, wrong = clock.ahead, [0.0]
    monkeypatch.setattr(clock, "EVERY", 0.1)
    monkeypatch.setattr(clock, "ahead", lambda asked: compare(asked, lambda: time.time() + wrong[0]))
    async with running(kafka) as ingress:
        assert (await ingress.send(signed.text(1))).status == 200
        wrong[0] = hours * 3600
        await until(ingress, "/readyz", 503)
        said = (await client.get(ingress.observe, "/readyz")).body.decode()
        assert ("s ahead of the brokers'" if hours > 0 else "s behind the brokers'") in said
        assert "the clock of this machine is" in said
        assert await ingress.send(signed.text(2)) == (503, b'{"error":"clock"}')
        assert (await client.get(ingress.observe, "/livez")).status == 200
        wrong[0] = 0.0
        await until(ingress, "/readyz", 200)
        await send_until(ingress, 200, 3)
        assert [record.value for record in await ingress.records()] == [signed.text(1), signed.text(3)]


async def test_where_the_brokers_time_may_not_be_asked_for_their_refusal_names_the_clock(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown(_: object) -> None:
        return None

    monkeypatch.setattr(clock, "ahead", unknown)
    async with running(kafka, configs={"message.timestamp.after.max.ms": "3600000"}) as ingress:
        assert (await ingress.send(signed.text(1))).status == 200
        before, now = replaced("InvalidTimestampError"), time.time_ns
        monkeypatch.setattr(
            "streams.ingress.app.time", SimpleNamespace(time_ns=lambda: now() + 2 * 3600 * 10**9, perf_counter=time.perf_counter)
        )
        assert await ingress.send(signed.text(2)) == (503, b'{"error":"failed"}')
        assert await ingress.send(signed.text(3)) == (503, b'{"error":"clock"}')
        said = (await client.get(ingress.observe, "/readyz")).body.decode()
        assert "the clock of this machine is wrong" in said
        assert replaced("InvalidTimestampError") == before + 1
        assert [record.value for record in await ingress.records()] == [signed.text(1)]
