"""Connections whose answer did not wait for their body, and that neither send it nor go."""

import pytest

from tests.attacks import door
from tests.ingress import client, signed

pytestmark = pytest.mark.kafka
LONG = "Content-Length: 1000000"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (door.head("nobody", LONG), b"404"),
        (door.head("{app}", LONG), b"413"),
        (b"PUT /callbacks/{app} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", b"405"),
        (b"POST /callbacks/{app} HTTP/1.1\r\nHost: x\r\nContent-Type: text/html\r\nContent-Length: 10\r\n\r\n", b"415"),
        (door.head("nobody", "Transfer-Encoding: chunked"), b"404"),
    ],
    ids=["unknown app", "too large", "method", "content type", "chunked"],
)
async def test_the_answer_comes_and_the_connection_is_closed(kafka: str, raw: bytes, status: bytes) -> None:
    async with door.port(kafka) as one:
        hostile = [await door.connect(one, raw.replace(b"{app}", one.yunxin.encode())) for _ in range(20)]
        for connection in hostile:
            answer = await door.over(connection)
            assert answer.startswith(b"HTTP/1.1 " + status)
            assert b"connection: close" in answer
        await client.until_true(lambda: door.there() == 0)


async def test_so_it_is_where_probes_and_metrics_are_asked_for(kafka: str) -> None:
    async with door.port(kafka) as one:
        for path in ("/livez", "/readyz", "/metrics"):
            connection = await door.connect_to(one.observe)
            connection.writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n{LONG}\r\n\r\n".encode())
            assert b"connection: close" in await door.over(connection)


async def test_the_answer_arrives_although_the_body_still_does(kafka: str) -> None:
    """A reset would undo it: the platform is to see 413, and not a broken connection."""
    async with door.port(kafka) as one:
        connection = await door.connect(one, door.head(one.yunxin, "Content-Length: 300000"))
        connection.writer.write(b"x" * 300_000)
        assert (await connection.reply()).status == 413
        connection.close()


async def test_who_sends_all_of_it_keeps_his_connection(kafka: str) -> None:
    async with door.port(kafka) as one:
        connection = await client.Connection.open(one.port)
        assert (await connection.ask(client.post("nobody", b"{}"))).status == 404
        assert (await connection.ask(client.authentic(one.yunxin, signed.text(1)))).status == 200
        connection.close()
