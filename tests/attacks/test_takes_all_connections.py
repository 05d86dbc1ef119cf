"""Somebody opens more connections than there is room for, and keeps them: idle, in the middle of a head, or of a body."""

import pytest

from streams.http_server import connections
from tests.attacks import door
from tests.ingress import client, signed

pytestmark = pytest.mark.kafka
ROOM = 16
STARTS = {
    "silent": "",
    "head": "POST /callbacks/{app} HTTP/1.1\r\nHost: x\r\n",
    "body": "POST /callbacks/{app} HTTP/1.1\r\nContent-Length: 100\r\n\r\n{{",
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
async def test_the_slowest_stranger_goes_and_the_honest_are_answered(kafka: str, start: str) -> None:
    async with door.port(kafka, connections=ROOM, read_timeout=30.0, head_timeout=30.0) as one:
        before = door.closed("connections")
        hostile = [await door.connect(one, start.format(app=one.easemob).encode()) for _ in range(3 * ROOM)]
        for number in range(5):
            await door.honest(one, number)
        await client.until_true(lambda: door.closed("connections") - before >= 2 * ROOM)
        await client.until_true(lambda: door.there() <= ROOM)
        for connection in hostile[: 2 * ROOM]:
            await door.over(connection)
        for connection in hostile:
            connection.close()


async def test_a_new_one_may_say_what_it_wants_before_it_goes_for_newer_ones(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a burst may be accepted before the first of them is read."""
    monkeypatch.setattr(connections, "GRACE", client.PATIENCE)
    async with door.port(kafka, connections=ROOM) as one:
        honest = await door.connect(one)
        hostile = [await door.connect(one) for _ in range(3 * ROOM)]
        assert (await honest.ask(client.authentic(one.yunxin, signed.text(1)))).status == 200
        assert door.there() > ROOM
        for connection in (honest, *hostile):
            connection.close()


async def test_even_new_ones_are_no_more_than_there_is_room_for(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "GRACE", client.PATIENCE)
    monkeypatch.setattr(connections, "BACKLOG", ROOM)
    async with door.port(kafka, connections=ROOM) as one:
        before = door.closed("connections")
        hostile = [await door.connect(one) for _ in range(3 * ROOM)]
        await client.until_true(lambda: door.closed("connections") - before >= ROOM)
        assert door.there() == 2 * ROOM
        await door.honest(one)
        for connection in hostile:
            connection.close()


async def test_who_was_answered_well_is_not_the_first_to_go(kafka: str) -> None:
    async with door.port(kafka, connections=ROOM) as one:
        known = await client.Connection.open(one.port)
        assert (await known.ask(client.authentic(one.yunxin, signed.text(1)))).status == 200
        hostile = [await door.connect(one) for _ in range(3 * ROOM)]
        assert (await known.ask(client.authentic(one.yunxin, signed.text(2)))).status == 200
        for connection in (known, *hostile):
            connection.close()


async def test_what_is_being_answered_stays(kafka: str) -> None:
    """A request that is whole is never closed for others."""
    async with door.port(kafka, connections=ROOM) as one:
        asked = [await door.connect(one, client.authentic(one.yunxin, signed.text(number))) for number in range(ROOM // 2)]
        hostile = [await door.connect(one) for _ in range(2 * ROOM)]
        assert {(await connection.reply()).status for connection in asked} == {200}
        for connection in (*asked, *hostile):
            connection.close()
