"""Bodies that the headers alone give away are not read: a stranger costs a head, and no memory."""

import pytest

from tests.ingress import client, signed
from tests.ingress.conftest import Running

LARGE = 4000


def head(app: str, query: str = "", **headers: str) -> bytes:
    lines = {"Content-Length": str(LARGE), **headers}
    return (
        f"POST /callbacks/{app}{query} HTTP/1.1\r\n".encode()
        + "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode()
        + b"\r\n"
    )


@pytest.mark.parametrize(
    ("app", "query", "headers", "reason"),
    [
        ("yunxin", "", {}, "unsigned"),
        ("yunxin", "", signed.signature(b"x", "guessed-secret"), "bad-signature"),
        ("yunxin", "", signed.signature(b"x", key="another"), "unknown-key"),
        ("rongcloud", "", {}, "unsigned"),
        ("rongcloud", "?nonce=1&signTimestamp=1700000000000&signature=" + "0" * 40, {}, "bad-signature"),
        ("own", "", {}, "unsigned"),
        ("own", "", {"X-Relay-Signature": "v1=x", "X-Relay-Timestamp": "1700000000"}, "stale"),
        ("own", "", {"X-Relay-Signature": "v1=x", "X-Relay-Timestamp": "soon"}, "bad-signature"),
    ],
)
async def test_it_is_refused_before_it_comes(ingress: Running, app: str, query: str, headers: dict[str, str], reason: str) -> None:
    name = getattr(ingress, app)
    connection = await client.Connection.open(ingress.port)
    reply = await connection.ask(head(name, query, **headers))  # of the body nothing is ever sent
    assert reply == (401, b'{"error":"%s"}' % reason.encode())
    assert await connection.rest() == b""
    connection.close()
    assert ingress.counted(name, 401, reason) == 1


async def test_a_trial_of_the_console_is_still_read(ingress: Running) -> None:
    connection = await client.Connection.open(ingress.port)
    connection.writer.write(head(ingress.yunxin, **{"Content-Length": "2"}))
    await connection.writer.drain()
    assert (await connection.ask(b"{}")).status == 200
    connection.close()


async def test_a_chunked_body_without_signature_is_read_as_far_as_a_trial_is_long(ingress: Running) -> None:
    raw = f"POST /callbacks/{ingress.yunxin} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    connection = await client.Connection.open(ingress.port)
    connection.writer.write(raw)
    await connection.writer.drain()
    assert (await connection.ask(b"11\r\n" + b"x" * 17 + b"\r\n")).status == 401  # and no end
    connection.close()
