"""A request whose licence has run out does not leave, wherever it waited or was frozen in between."""

from converters.core.outcome import Delivered, NotSent
from tests.deliver.test_client import request, talking


async def test_what_may_no_longer_leave_does_not() -> None:
    async with talking() as (client, wire):
        assert isinstance(await client.send(request(), lambda: False), NotSent)
        assert wire.paths == []


async def test_what_waited_too_long_for_its_token_does_not_leave() -> None:
    async with talking() as (client, wire):
        assert isinstance(await client.send(request(), lambda: not wire.tokens), NotSent)
        assert (wire.tokens, wire.sends) == (1, 0)
        assert await client.send(request()) == Delivered("1")
        assert wire.tokens == 1


async def test_what_waited_too_long_for_its_connection_does_not_leave() -> None:
    async with talking() as (client, wire):
        assert await client.send(request()) == Delivered("1")  # it has a token, and a connection that is kept
        looks = iter([False])  # one look, when there is a connection: what comes after it is the request itself
        assert await client.send(request(), lambda: next(looks)) == NotSent("too late to leave")
        assert wire.sends == 1
        assert await client.send(request()) == Delivered("1"), "the connection is still good"
        assert wire.sends == 2
