"""The call that makes an account, taken by each platform's simulator, the first time and the second."""

import time

import httpx
import pytest

from converters import PLATFORMS
from converters.core.outcome import Delivered
from converters.platform import GrantedToken, Reply, Request, Signed, SignedBody, Token
from tests.simulation.conftest import running
from tests.simulators.client import SimulatorClient

BASES = {"yunxin": "/nimserver"}


@pytest.mark.parametrize("name", ["easemob", "rongcloud", "yunxin"])
def test_an_account_is_made_once_and_a_second_call_is_as_good(name: str) -> None:
    platform = PLATFORMS[name]
    assert platform.register is not None
    assert platform.example is not None
    account = platform.example()
    made = platform.register("zoe", "Zoe 佐伊", account)
    with running(name) as simulator:
        outcomes = [platform.read_reply(made, send(name, simulator, made)) for _ in range(2)]
        assert outcomes == [Delivered(""), Delivered("")]
        users = [str(one.get("user") or one.get("users")) for one in simulator.journal("accepted") if "zoe" in str(one)]
        assert users


def send(name: str, simulator: SimulatorClient, request: Request) -> Reply:
    platform = PLATFORMS[name]
    assert platform.example is not None
    account, auth, now = platform.example(), platform.auth, int(time.time())
    match auth:
        case Signed():
            more = auth.headers(account, now, "0" * 32)
        case SignedBody():
            more = auth.headers(account, now, request.body)
        case Token():
            granted = auth.read(exchange(name, simulator, auth.ask(account), {}))
            assert isinstance(granted, GrantedToken)
            more = auth.headers(granted.token)
    return exchange(name, simulator, request, more)


def exchange(name: str, simulator: SimulatorClient, request: Request, more: dict[str, str]) -> Reply:
    url = f"{simulator.url}{BASES.get(name, '')}{request.path}"
    answer = httpx.request(request.method, url, content=request.body, headers=request.headers | more, trust_env=False)
    return Reply(answer.status_code, dict(answer.headers), answer.content)
