"""The ingress as a process: how it starts, and how it ends."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from streams.http_server.listener import ListenError
from streams.ingress.producer import StoreError
from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port
from streams.roles.ingress import run
from tests.benchmarks import ingress_requests as bench
from tests.ingress import client, signed
from tests.ingress.conftest import Running, running


async def test_missing_topics_are_named_with_the_command_that_makes_them(kafka: str) -> None:
    one = Running(kafka)
    with pytest.raises(StoreError, match=rf"{one.prefix}callbacks.easemob.*im-relay topics create"):
        await run(one.settings(), asyncio.Event())


async def test_a_cluster_that_is_not_there_is_waited_for_alive_and_not_ready(kafka: str, tmp_path: Path) -> None:
    """Callbacks are 503 until it has come; then all is as ever, without a restart."""
    del kafka
    port = free_port()
    node = LocalKafka(tmp_path, port, free_port())
    one = Running(f"127.0.0.1:{port}")
    stop, started = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run(one.settings(), stop, started))
    try:
        one.port, one.observe = await asyncio.wait_for(started, client.PATIENCE)
        assert await one.send(signed.text(1)) == (503, b'{"error":"down"}')
        async with asyncio.timeout(client.PATIENCE):
            while b"Kafka cannot be reached since 20" not in (ready := await client.get(one.observe, "/readyz")).body:
                await asyncio.sleep(0.05)
        assert ready.status == 503
        assert one.bootstrap.encode() in ready.body
        assert (await client.get(one.observe, "/livez")).status == 200
        await asyncio.to_thread(node.start)
        async with asyncio.timeout(client.PATIENCE):
            while b"im-relay topics create" not in (await client.get(one.observe, "/readyz")).body:
                await asyncio.sleep(0.05)
        await one.make_topics()
        async with asyncio.timeout(client.PATIENCE):
            while (await client.get(one.observe, "/readyz")).status != 200:
                await asyncio.sleep(0.05)
        assert (await one.send(signed.text(2))).status == 200
        assert (await client.get(one.observe, "/livez")).status == 200
    finally:
        stop.set()
        await asyncio.wait_for(task, client.PATIENCE)
        await asyncio.to_thread(node.stop)


async def test_a_taken_port_is_named_with_its_setting(kafka: str) -> None:
    async with running(kafka) as first:
        second = Running(kafka)
        await second.make_topics()
        with pytest.raises(ListenError, match=r"ingress\.port"):
            await run(second.settings(port=first.port), asyncio.Event())


async def test_sigterm_answers_what_is_open_and_exits_0(kafka: str) -> None:
    one = Running(kafka)
    await one.make_topics()
    port = free_port()
    arguments = ["-m", "tests.benchmarks.ingress_ours", kafka, one.prefix, str(port), str(free_port())]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    try:
        async with asyncio.timeout(client.PATIENCE):
            while True:
                try:
                    connection = await client.Connection.open(port)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        raw = bench.request(1)
        assert (await connection.ask(raw)).status == 200
        connection.writer.write(raw[:-20])  # a request whose body is still on its way when the signal comes
        await connection.writer.drain()
        assert (await client.ask(port, raw)).status == 200  # so the half request has been read by now
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(client.PATIENCE):
            while True:
                try:
                    (await client.Connection.open(port)).close()
                    await asyncio.sleep(0.02)
                except OSError:
                    break  # no longer accepts
        assert (await connection.ask(raw[-20:])).status == 200
        assert await connection.rest() == b""
        async with asyncio.timeout(client.PATIENCE):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert len(await one.records()) == 3
