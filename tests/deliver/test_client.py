"""What is known after each way in which a request can fail; the target is a few bytes on a socket."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from converters import PLATFORMS
from converters.core.model import NOTHING
from converters.core.outcome import Delivered, NotSent, Unsure
from converters.platform import Answered, Request
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.kafka.local.ports import free_port
from streams.observe import metrics
from streams.outbound.client import PlatformClient
from tests.deliver.worker import SECRET, delivery
from tests.simulators.process import SimulatorProcess

EASEMOB = PLATFORMS["easemob"]
GRANTED = b'{"access_token":"t","expires_in":3600}'
SENT = b'{"data":{"bob":"1"}}'


def http(body: bytes, status: str = "200 OK", length: int | None = None, more: str = "") -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\ncontent-length: {size}\r\n{more}\r\n".encode() + body


class Wire:
    """Answers what *send* says to a send and *token* to the question for a token; None hangs up, "" stays silent."""

    def __init__(self) -> None:
        self.send: Callable[[], bytes | None] = lambda: http(SENT)
        self.token: Callable[[], bytes | None] = lambda: http(GRANTED)
        self.paths: list[str] = []
        self.hang_up = False
        """After each answer to a send, without saying so in it."""

    @property
    def sends(self) -> int:
        return sum(path.endswith("/users") for path in self.paths)

    @property
    def tokens(self) -> int:
        return sum(path.endswith("/token") for path in self.paths)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                await reader.readexactly(int(head.lower().split("content-length:")[1].split("\r\n")[0]))
                path = head.split(" ")[1]
                self.paths.append(path)
                answer = self.token() if path.endswith("/token") else self.send()
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
                if self.hang_up and not path.endswith("/token"):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def client_of(url: str, timeout: float = 20.0, **account: str) -> PlatformClient:
    assert EASEMOB.example is not None
    given = msgspec.structs.replace(EASEMOB.example(), base_url=url, **account)
    return PlatformClient(App("new", EASEMOB, given, "old"), DeliverSettings(timeout=timeout))


def request() -> Request:
    assert EASEMOB.example is not None
    return EASEMOB.encode(delivery("bob", "hi"), EASEMOB.example(), NOTHING).requests[0]


@asynccontextmanager
async def talking(timeout: float = 20.0) -> AsyncIterator[tuple[PlatformClient, Wire]]:
    wire = Wire()
    server = await asyncio.start_server(wire, "127.0.0.1", 0)
    client = client_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout, client_secret=SECRET)
    try:
        yield client, wire
    finally:
        await client.close()
        server.close()


async def send_to(url: str) -> Answered:
    client = client_of(url)
    try:
        return await client.send(request())
    finally:
        await client.close()


async def test_an_answer_is_read() -> None:
    async with talking() as (client, _):
        assert await client.send(request()) == Delivered("1")


@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}", "http://nowhere.invalid", "ftp://127.0.0.1", "http://[::1]:{port}"])
async def test_without_a_connection_it_was_certainly_not_sent(where: str) -> None:
    assert isinstance(await send_to(where.format(port=free_port())), NotSent)


GARBAGE = {
    "hung up without a byte": None,
    "hung up within the answer": http(b"{", length=100),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "a broken head": b"HTTP/1.1 200 OK\r\n:::\r\ncontent-length: x\r\n\r\n",
    "HTML": http(b"<html>busy</html>"),
    "no UTF-8": http(b"\xff\xfe"),
    "a list": http(b"[]"),
    "a number beyond all bounds": http(b'{"data":{"bob":1' + b"0" * 5000 + b"}}"),
    "nested beyond reason": http(b"[" * 100_000),
    "said to be gzip": http(b"nonsense", more="content-encoding: gzip\r\n"),
    "said to be of no known coding": http(b"nonsense", more="content-encoding: what\r\n"),
    "no content": http(b"", "204 No Content"),
    "a redirection": http(b"", "302 Found", more="location: /elsewhere\r\n"),
    "a server's error": http(b"oops", "500 Internal Server Error"),
    "a gateway's error": http(b"<html>", "504 Gateway Timeout"),
    "a status that does not exist": http(b"", "799 Odd"),
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
async def test_what_cannot_be_read_is_in_doubt_and_was_sent_once(answer: bytes | None) -> None:
    async with talking() as (client, wire):
        wire.send = lambda: answer
        wire.hang_up = True
        outcome = await client.send(request())
        assert isinstance(outcome, Unsure)
        assert wire.sends == 1


async def test_a_connection_that_was_closed_while_it_rested_is_never_used_for_a_second_send_in_silence() -> None:
    async with talking() as (client, wire):
        wire.hang_up = True
        for number in range(1, 6):
            outcome = await client.send(request())
            # Either the client saw that it is gone and made a new one, or the send is in doubt; never is it sent twice.
            assert isinstance(outcome, Delivered | Unsure)
            assert wire.sends <= number


async def test_no_answer_in_time_is_in_doubt() -> None:
    async with talking(timeout=0.3) as (client, wire):
        wire.send = lambda: b""
        assert isinstance(await client.send(request()), Unsure)
        assert wire.sends == 1


async def test_the_token_is_asked_for_once_however_many_wait() -> None:
    async with talking() as (client, wire):
        outcomes = await asyncio.gather(*(client.send(request()) for _ in range(60)))
        assert set(outcomes) == {Delivered("1")}
        assert (wire.tokens, wire.sends) == (1, 60)


async def test_a_worn_out_token_is_renewed_once_for_all_who_wait() -> None:
    with SimulatorProcess("easemob", users=["alice", "bob"], limit_messages=0, limit_calls=0) as easemob:
        client = client_of(easemob.url)
        try:
            assert isinstance(await client.send(request()), Delivered)
            await asyncio.to_thread(easemob.mood, token_expire_now=True)
            outcomes = await asyncio.gather(*(client.send(request()) for _ in range(60)))
        finally:
            await client.close()
        assert {type(one) for one in outcomes} == {Delivered}
        accepted = easemob.journal("accepted")
        assert [one["api"] for one in accepted].count("token") == 2
        assert [one["api"] for one in accepted].count("send") == 61


async def test_a_token_that_wears_out_by_use_is_renewed_again_and_again() -> None:
    with SimulatorProcess("easemob", users=["alice", "bob"], limit_messages=0, limit_calls=0, token_uses=20) as easemob:
        client = client_of(easemob.url)
        try:
            for _ in range(8):
                outcomes = await asyncio.gather(*(client.send(request()) for _ in range(15)))
                assert {type(one) for one in outcomes} == {Delivered}
        finally:
            await client.close()
        accepted = [one["api"] for one in easemob.journal("accepted")]
        assert accepted.count("send") == 120
        assert 6 <= accepted.count("token") <= 8


REFUSING = {
    "refused": http(b'{"error":"invalid_grant","error_description":"client_secret does not match"}', "400 Bad Request"),
    "blocked": http(b"", "429 Too Many Requests"),
    "broken": http(b"oops", "500 Internal Server Error"),
    "unreadable": http(b"<html>"),
    "hung up": None,
    "silent": b"",
}


@pytest.mark.parametrize("answer", REFUSING.values(), ids=REFUSING)
async def test_without_a_token_nothing_was_sent_and_nobody_storms(answer: bytes | None) -> None:
    async with talking(timeout=0.5) as (client, wire):
        wire.token = lambda: answer
        for _ in range(3):
            outcomes = await asyncio.gather(*(client.send(request()) for _ in range(50)))
            assert {type(one) for one in outcomes} == {NotSent}
        assert (wire.tokens, wire.sends) == (1, 0)
        assert SECRET not in json.dumps([msgspec.to_builtins(one) for one in outcomes])


@pytest.mark.parametrize("answer", REFUSING, ids=REFUSING)
async def test_an_alert_is_told_whether_the_key_is_refused_or_nobody_answers(answer: str) -> None:
    async with talking(timeout=0.5) as (client, wire):
        before = tokens()
        wire.token = lambda: REFUSING[answer]
        await client.send(request())
        expected = "refused" if answer in ("refused", "unreadable") else "unanswered"
        assert tokens() - before == Counter([expected])


async def test_an_alert_is_told_of_a_token_that_is_granted_and_refused_when_it_is_used() -> None:
    async with talking() as (client, wire):
        before = tokens()
        await client.send(request())
        assert tokens() - before == Counter(["granted"])
        wire.send = lambda: http(b'{"error":"unauthorized"}', "401 Unauthorized")
        await client.send(request())
        assert tokens() - before == Counter(["granted", "granted", "worn_out"])


def tokens() -> Counter[str]:
    """Requests for one so far, by outcome."""
    found = {
        sample.labels["outcome"]: int(sample.value)
        for metric in metrics.TOKENS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
    return Counter(found)


async def test_a_token_that_is_refused_even_when_new_was_certainly_not_sent() -> None:
    async with talking() as (client, wire):
        wire.send = lambda: http(b'{"error":"unauthorized"}', "401 Unauthorized")
        assert isinstance(await client.send(request()), NotSent)
        assert (wire.tokens, wire.sends) == (2, 2)
