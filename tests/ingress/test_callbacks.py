"""What a platform gets for its callback, and what is then in Kafka."""

import asyncio
import json
import time
from zlib import crc32

import msgspec
import pytest

from converters import PLATFORMS
from streams.ingress.record import callback_of
from tests.ingress import client, signed
from tests.ingress.conftest import PARTITIONS, Running, running


async def test_200_means_that_the_exact_bytes_are_in_the_topic(ingress: Running) -> None:
    body = signed.text(1) + b"  \n"
    before = time.time_ns() // 1_000_000
    reply = await client.ask(ingress.port, client.authentic(ingress.yunxin, body, Type="x"))
    assert reply == (200, b"")
    (record,) = await ingress.records()
    assert record.value == body
    assert record.key == b"direct\x1falice\x1fbob"
    assert record.partition == crc32(record.key) % PARTITIONS
    callback = callback_of(record.value, record.headers)
    assert callback.app == ingress.yunxin
    assert before <= callback.received == record.timestamp
    expected = {name.lower(): value for name, value in signed.signature(body).items()}
    assert callback.headers == expected | {"content-type": "application/json", "type": "x"}
    assert ingress.counted(ingress.yunxin, 200, "stored") == 1


async def test_headers_of_the_connection_and_credentials_are_not_stored(ingress: Running) -> None:
    body = signed.text(1)
    more = {"Authorization": "Bearer a", "Cookie": "b=c", "App": "another", "Received": "1", "X-Long": "x" * 2000}
    await client.ask(ingress.port, client.authentic(ingress.yunxin, body, **more))
    (record,) = await ingress.records()
    names = [name for name, _ in record.headers]
    assert len(names) == len(set(names))
    assert not {"authorization", "cookie", "x-long", "host", "content-length"} & set(names)
    assert callback_of(record.value, record.headers).app == ingress.yunxin


@pytest.mark.parametrize("secret", [signed.SECRET, signed.OLD_SECRET])
async def test_both_secrets_are_good_while_one_is_changed(ingress: Running, secret: str) -> None:
    reply = await client.ask(ingress.port, client.authentic(ingress.yunxin, signed.text(1), secret))
    assert reply.status == 200
    assert len(await ingress.records()) == 1


@pytest.mark.parametrize("media", ["application/json; charset=UTF-8", "APPLICATION/JSON", None, "application/x-www-form-urlencoded"])
async def test_usual_content_types_are_taken(ingress: Running, media: str | None) -> None:
    body = signed.text(1)
    reply = await client.ask(ingress.port, client.post(ingress.yunxin, body, signed.signature(body), media=media))
    assert reply.status == 200


async def test_a_probe_of_the_console_is_answered_and_not_stored(ingress: Running) -> None:
    assert await client.ask(ingress.port, client.post(ingress.yunxin, b"{}")) == (200, b"")
    assert await ingress.records() == []
    assert ingress.counted(ingress.yunxin, 200, "probe") == 1


@pytest.mark.parametrize("body", [b"\x00\xff not json", b"[1,2", b'{"eventType":"77","new":{"a":1}}'])
async def test_what_is_authentic_and_not_understood_is_stored(ingress: Running, body: bytes) -> None:
    assert (await ingress.send(body)).status == 200
    assert [record.value for record in await ingress.records()] == [body]


BODY = signed.text(1)


@pytest.mark.parametrize(
    ("status", "reason", "raw"),
    [
        (401, "unsigned", client.post("{y}", BODY)),
        (401, "bad-signature", client.authentic("{y}", BODY, "guessed")),
        (401, "bad-digest", client.post("{y}", BODY + b" ", signed.signature(BODY))),
        (401, "unknown-key", client.post("{y}", BODY, signed.signature(BODY, key="key-2"))),
        (400, "bad-json", client.post("{e}", b"{nonsense")),
        (405, "not-post", b"GET /callbacks/{y} HTTP/1.1\r\n\r\n"),
        (405, "not-post", b"PUT /callbacks/{y} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"),
        (408, "slow-body", b"POST /callbacks/{y} HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"),
        (413, "too-large", b"POST /callbacks/{y} HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n"),
        (413, "too-large", b"POST /callbacks/{y} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1001\r\n" + b"x" * 4097),
        (415, "content-type", client.post("{y}", BODY, signed.signature(BODY), media="text/xml")),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_is_refused_is_told_and_counted(ingress: Running, status: int, reason: str, raw: bytes) -> None:
    app = ingress.easemob if b"{e}" in raw else ingress.yunxin
    raw = raw.replace(b"{e}", app.encode()).replace(b"{y}", app.encode())
    reply = await client.ask(ingress.port, raw)
    assert reply.status == status
    assert json.loads(reply.body) == {"error": reason}
    assert len(reply.body) < 100
    assert ingress.counted(app, status, reason) == 1
    assert await ingress.records() == []


@pytest.mark.parametrize("path", ["/callbacks/nobody", "/callbacks/", "/", "/callbacks/{y}/more", "/metrics"])
async def test_unknown_paths_are_404_and_strangers_words_are_no_labels(ingress: Running, path: str) -> None:
    before = ingress.counted("", 404, "unknown-app")
    path = path.replace("{y}", ingress.yunxin)
    reply = await client.ask(ingress.port, f"POST {path} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    assert reply.status == 404
    assert ingress.counted("", 404, "unknown-app") == before + 1


async def test_a_body_in_pieces_is_stored_whole(ingress: Running) -> None:
    body = signed.text(1)
    connection = await client.Connection.open(ingress.port)
    head = client.authentic(ingress.yunxin, body).replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
    connection.writer.write(head[: -len(body)])
    for byte in body:
        connection.writer.write(b"1\r\n%c\r\n" % byte)
        await connection.writer.drain()
    assert (await connection.ask(b"0\r\n\r\n")).status == 200
    connection.close()
    assert [record.value for record in await ingress.records()] == [body]


async def test_a_defect_of_ours_is_503_and_never_500(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("secret words")

    platforms = dict(PLATFORMS) | {"yunxin": msgspec.structs.replace(PLATFORMS["yunxin"], check=broken)}
    monkeypatch.setattr("streams.settings.root.PLATFORMS", platforms)
    async with running(kafka) as ingress:
        assert await ingress.send(signed.text(1)) == (503, b'{"error":"defect"}')
        assert ingress.counted(ingress.yunxin, 503, "defect") == 1


async def test_a_conversation_keeps_its_order_among_many(ingress: Running) -> None:
    """Each conversation sends its next callback when the last one is answered; all are in the topic once, in that order."""

    async def talk(person: int) -> None:
        connection = await client.Connection.open(ingress.port)
        for number in range(40):
            body = signed.text(number, f"user{person}", "bob")
            assert (await connection.ask(client.authentic(ingress.yunxin, body))).status == 200
        connection.close()

    await asyncio.gather(*(talk(person) for person in range(40)))
    seen: dict[bytes, list[bytes]] = {}
    for record in await ingress.records():
        seen.setdefault(record.key, []).append(record.value)
    assert len(seen) == 40
    for key, values in seen.items():
        person = next(name for name in key.decode().split("\x1f") if name.startswith("user"))
        assert values == [signed.text(number, person, "bob") for number in range(40)]


async def test_callbacks_of_one_conversation_are_stored_as_they_arrived(ingress: Running) -> None:
    """Written down one connection without waiting: the requests arrive in this order, and so they lie in the topic."""
    connection = await client.Connection.open(ingress.port)
    bodies = [signed.text(number) for number in range(100)]
    connection.writer.write(b"".join(client.authentic(ingress.yunxin, body) for body in bodies))
    assert {(await connection.reply()).status for _ in bodies} == {200}
    connection.close()
    assert [record.value for record in await ingress.records()] == bodies
