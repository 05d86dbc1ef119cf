"""What was begun goes on once Kafka is there again, where it was, and as a person wants it by then."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError
from msgspec import structs

from streams.exactly_once.outputs import UnknownResultError
from streams.kafka.local.ports import free_port
from streams.kafka.log_reader import LogReader
from streams.migrate import lasting as module
from streams.migrate.lasting import Ended, Going, lasting
from streams.migrate.orders import Orders
from streams.migrate.records import Feed, Run
from streams.operate.topic_reader import OperateError

ORDER = Run(app="new", bundle="b", at=100)
FEED = Feed(app="new", bundle="b", kind="user", at=90)
DONE = Ended("", FEED, {})
Attempt = Callable[[Going], Awaitable[Ended]]


class Followed(Orders):
    """Orders that nobody reads from a topic."""

    def __init__(self, *feeds: Feed) -> None:
        self.runs = {}
        self.feeds = {(feed.app, feed.bundle): feed for feed in feeds}


def failing(*errors: Exception | None, begun: bool = True) -> tuple[Attempt, list[Going]]:
    """Attempts of which each ends with one of *errors*, and what they were given."""
    left, given = list(errors), list[Going]()

    async def attempt(going: Going) -> Ended:
        given.append(structs.replace(going))
        if begun:
            going.order, going.feed = going.on(Followed()) or (ORDER, FEED)
        error = left.pop(0)
        if error is not None:
            raise error
        return DONE

    return attempt, given


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SOON", 0.0)
    monkeypatch.setattr(module, "LATE", 0.0)


def test_it_goes_on_with_the_order_that_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    attempt, given = failing(KafkaConnectionError("gone"), UnknownResultError("no answer"), TimeoutError(), None)
    told = list[str]()
    assert asyncio.run(lasting(attempt, told.append)) is DONE
    assert [going.order for going in given] == [None, ORDER, ORDER, ORDER]
    assert [line.partition(";")[0] for line in told] == [
        f"Kafka is away ({name})" for name in ("KafkaConnectionError", "UnknownResultError", "TimeoutError")
    ]


@pytest.mark.parametrize(
    ("error", "begun"), [(KafkaConnectionError("nothing listens"), False), (TopicAuthorizationFailedError("migrate.runs"), True)]
)
def test_what_waiting_does_not_mend_ends_it(error: Exception, *, begun: bool) -> None:
    attempt, given = failing(error, begun=begun)
    with pytest.raises(type(error)):
        asyncio.run(lasting(attempt, print))
    assert len(given) == 1


@pytest.mark.parametrize(
    ("error", "raised"), [(KafkaConnectionError("gone"), KafkaConnectionError), (UnknownResultError("x"), OperateError)]
)
def test_a_person_who_waits_no_longer_gets_away(error: Exception, raised: type[Exception]) -> None:
    async def attempt(going: Going) -> Ended:
        going.order, going.feed = ORDER, FEED
        going.stop.set()
        raise error

    with pytest.raises(raised):
        asyncio.run(lasting(attempt, print))


def test_it_goes_on_behind_what_this_run_has_fed() -> None:
    going = Going(stop=asyncio.Event(), order=ORDER, feed=FEED)
    fed, earlier = structs.replace(FEED, kind="message", at=101), structs.replace(FEED, kind="", at=99)
    assert going.on(Followed(fed)) == (ORDER, fed)
    assert going.on(Followed(earlier)) == (ORDER, FEED), "of an earlier run of the same bundle, which this one was to repeat"
    assert going.on(Followed()) == (ORDER, FEED)
    assert Going(stop=asyncio.Event()).on(Followed(fed)) is None


async def test_a_reader_that_could_not_start_can_be_tried_again() -> None:
    reader = LogReader(f"127.0.0.1:{free_port()}", committed=True)
    for _ in range(2):
        with pytest.raises(KafkaError):
            await reader.start()
        await reader.stop()
