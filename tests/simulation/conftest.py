"""A receiver, and simulators that call it back, each on a thread of this process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest

from tests.simulation.easemob_api import Api
from tests.simulation.receiver import DEADLINE, Receiver
from tests.simulators import easemob, own, rongcloud, yunxin
from tests.simulators.client import SimulatorClient
from tests.simulators.serve import Server

Start = Callable[..., SimulatorClient]
USERS = ["alice", "bob", "carol"]


@pytest.fixture(scope="session")
def listening() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.fixture
def receiver(listening: Receiver) -> Receiver:
    listening.reset()
    return listening


@pytest.fixture
def start(receiver: Receiver) -> Iterator[Start]:
    """Start a simulator with alice, bob, carol and the group 6001 of the three; limits are off unless set."""
    with ExitStack() as stack:

        def one(platform: str, **options: Any) -> SimulatorClient:
            return stack.enter_context(running(platform, callback_url=receiver.turn_url, **options))

        yield one


@contextmanager
def running(platform: str, **options: Any) -> Iterator[SimulatorClient]:
    given = {"users": USERS, "group": {"6001": USERS}, "limit_messages": 0.0} | options
    if platform == "yunxin":
        app = yunxin.make_app(msgspec.convert(given, yunxin.Options))
    elif platform == "rongcloud":
        app = rongcloud.make_app(msgspec.convert(given, rongcloud.Options))
    elif platform == "own":
        app = own.make_app(msgspec.convert(given, own.Options))
    else:
        app = easemob.make_app(msgspec.convert(given, easemob.Options))
    url: SimpleQueue[str] = SimpleQueue()
    server = Server(app, 0, url.put, patience=0)
    thread = threading.Thread(target=server.serve_here)
    thread.start()
    client = SimulatorClient(url.get(timeout=DEADLINE))
    try:
        yield client
    finally:
        client.close()
        server.should_exit = True
        thread.join(DEADLINE)


@pytest.fixture(scope="session")
def common_easemob(listening: Receiver) -> Iterator[SimulatorClient]:
    with running("easemob", callback_url=listening.url, limit_calls=0.0, foreign_files=True) as simulator:
        yield simulator


@pytest.fixture
def api(common_easemob: SimulatorClient, receiver: Receiver) -> Api:
    """The API of an Easemob simulator that many tests share; what others caused has come before it is given."""
    common_easemob.settled()
    receiver.reset()
    return Api(common_easemob)
