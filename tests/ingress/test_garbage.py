"""Whatever comes over the wire, the answer is never 500, and the next callback is taken."""

import random
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingress import client, signed
from tests.ingress.conftest import Running, running

PIECES = [
    b"POST ",
    b"GET ",
    b"HEAD ",
    b"CONNECT ",
    b"OPTIONS * ",
    b"/callbacks/{y}",
    b"/callbacks/%ff%00",
    b"/callbacks/\xe4\xbd\xa0",
    b"http://a/callbacks/{y}?q=\xff",
    b"*",
    b" HTTP/1.1\r\n",
    b" HTTP/1.0\r\n",
    b" HTTP/9.9\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999999\r\n",
    b"Content-Length: x\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Upgrade: websocket\r\nConnection: upgrade\r\n",
    b"Expect: 100-continue\r\n",
    b"Content-Type: \xff\xfe\r\n",
    b"MD5: \xe9\r\n",
    b"CheckSum: \xe9\r\n",
    b"CurTime: 99999999999999999999\r\n",
    b"AppKey: key-1\r\n",
    b"X" * 5000 + b": y\r\n",
    b": z\r\n",
    b"hello",
    b"{}",
    b"\x00\x01\x02",
    b"0\r\n\r\n",
    b"ffffffffffffffffff\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM",
]


async def statuses(ingress: Running, raw: bytes) -> list[bytes]:
    connection = await client.Connection.open(ingress.port)
    connection.writer.write(raw.replace(b"{y}", ingress.yunxin.encode()))
    connection.writer.write_eof()
    try:
        answer = await connection.rest()
    except ConnectionResetError:
        return []  # hung up on, with some of the garbage unread
    finally:
        connection.close()
    return [line[9:12] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


@pytest.mark.parametrize("seed", range(3))
async def test_pieces_of_http_in_any_order(ingress: Running, seed: int) -> None:
    chance = random.Random(seed)
    seen: set[bytes] = set()
    for _ in range(60):
        raw = b"".join(chance.choices(PIECES, k=chance.randint(1, 8)))
        seen.update(await statuses(ingress, raw))
        start = b"POST /callbacks/{y} HTTP/1.1\r\n" + b"".join(chance.choices(PIECES[15:], k=chance.randint(1, 6)))
        seen.update(await statuses(ingress, start + b"\r\n"))
    assert seen, "not one answer: the test does not reach the server"
    assert not {status for status in seen if status.startswith(b"5")}
    assert (await ingress.send(signed.text(1))).status == 200


async def test_any_bytes_as_body_and_signature(ingress: Running) -> None:
    headers = st.sampled_from(["AppKey", "CurTime", "MD5", "CheckSum", "Type", "X-Other"])
    value = st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_categories=["Cc"]), max_size=50)
    examples: list[tuple[str, dict[str, str], bytes]] = []

    @settings(max_examples=80, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(["{y}", "{e}"]), st.dictionaries(headers, value), st.binary(max_size=200))
    def collect(app: str, lines: dict[str, str], body: bytes) -> None:
        examples.append((app, lines, body))

    collect()
    for app, lines, body in examples:
        name = ingress.yunxin if app == "{y}" else ingress.easemob
        head, _, _ = client.post(name, body).partition(b"\r\n\r\n")
        more = "".join(f"\r\n{key}: {text}" for key, text in lines.items()).encode("latin-1")
        reply = await client.ask(ingress.port, head + more + b"\r\n\r\n" + body)
        assert reply.status in {200, 400, 401}
    assert await ingress.records() == []


async def test_a_head_without_end_is_cut_off(ingress: Running) -> None:
    connection = await client.Connection.open(ingress.port)
    connection.writer.write(b"POST /callbacks/x HTTP/1.1\r\n")
    for _ in range(70):
        connection.writer.write(b"X-More: " + b"y" * 1000 + b"\r\n")
    with suppress(ConnectionResetError):  # hung up on before all of it was read
        assert (await connection.rest()).startswith(b"HTTP/1.1 400 ")
    connection.close()
    assert (await ingress.send(signed.text(1))).status == 200


@pytest.mark.parametrize("start", [b"", b"POST /callb", b"POST /callbacks/x HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come_is_not_waited_for(kafka: str, start: bytes) -> None:
    async with running(kafka, head_timeout=0.2) as ingress:
        connection = await client.Connection.open(ingress.port)
        connection.writer.write(start)
        assert await connection.rest() == b""  # ends, and within the client's patience
        connection.close()
