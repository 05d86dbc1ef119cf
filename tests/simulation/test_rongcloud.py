"""The RongCloud simulator against the known answers of "RongCloud: Server API": who may call, and how often."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.simulation.conftest import Start, running
from tests.simulation.receiver import Receiver
from tests.simulation.rongcloud_calls import HELLO, UID, call, fault, fields, post, send, signed
from tests.simulators.client import SimulatorClient
from tests.simulators.process import SimulatorProcess
from tests.simulators.rongcloud.signing import signature
from tests.simulators.rongcloud.uids import Uids


@pytest.fixture(scope="module")
def rongcloud() -> Iterator[SimulatorClient]:
    with running("rongcloud") as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("secret", "nonce", "timestamp", "expected"),
    [
        ("Y1W2MeFwwwRxa0", "14314", "1408710653000", "30be0bbca9c9b2e27578701e9fda2358a814c88f"),
        ("Zq81demoSecretKe", "730214885", "1767225600123", "49360bc72dd5682b079e37486a7c79e3b41c94e1"),
        ("Zq81demoSecretKe", "551900127", "1767225601456", "d7352eee9f77fed7ce8861e0ccd1411cfff32f4b"),
    ],
)
def test_signatures_are_those_of_the_page(secret: str, nonce: str, timestamp: str, expected: str) -> None:
    assert signature(secret, nonce, timestamp) == expected


def test_a_uid_is_laid_out_as_the_samples_are() -> None:
    uids = Uids()
    made = [uids.next(1767225600456, 1, "wu02") for _ in range(17)]
    assert len(set(made)) == 17
    assert all(UID.fullmatch(uid) for uid in made)
    # The sample's hash of the target is not known; time, counter and conversation type are before it.
    assert made[-1][:13] == "CRER-DAJI-012"
    assert uids.next(1767225660789, 3, "teamA")[:12] == "CRER-DPAT-81"


@pytest.mark.parametrize("prefix", ["", "RC-"])
@pytest.mark.parametrize("unit", [1, 1000])
def test_both_sets_of_headers_and_both_units_of_time_hold(rongcloud: SimulatorClient, prefix: str, unit: int) -> None:
    url = f"{rongcloud.url}/message/private/publish.json"
    answer = httpx.post(url, data=HELLO, headers=signed(prefix=prefix, unit=unit))
    assert (answer.status_code, answer.json()["code"]) == (200, 200)


def test_the_errors_are_those_of_the_page(start: Start) -> None:
    simulator = start("rongcloud", log=False, history=False)
    url = "message/private/publish"
    wrong = signed(secret="other")["Signature"]
    assert fault(post(simulator, url, HELLO, Signature=wrong)) == (401, 1004, "invalid signature")
    assert fault(post(simulator, url, HELLO, **{"App-Key": "other"}))[:2] == (401, 1001)
    for name in HELLO:
        without = {key: value for key, value in HELLO.items() if key != name}
        assert fault(post(simulator, url, without)) == (400, 1002, f"{name} is required")
    assert fault(post(simulator, url, {}))[:2] == (400, 1003)
    assert fault(post(simulator, "message/no/such", HELLO))[:2] == (404, 404)
    off = fault(post(simulator, "message/history", {"date": "2026010108"}))
    assert off == (430, 1009, "service not enabled")
    assert {entry["kind"] for entry in simulator.journal()} == {"refused"}


def test_moods_throttle_and_break_in_the_platforms_words(start: Start) -> None:
    simulator = start("rongcloud")
    simulator.mood(throttle=1, count=1)
    assert fault(post(simulator, "message/private/publish", HELLO)) == (429, 1008, "rate limit exceeded")
    simulator.mood(error_500=1, count=1)
    assert fault(post(simulator, "message/private/publish", HELLO))[:2] == (500, 1000)
    assert send(simulator)["code"] == 200


def test_limits_count_targets_not_calls(start: Start) -> None:
    simulator = start("rongcloud", limit_messages=None, limit_group_messages=3, limit_calls=1)
    form = HELLO | {"toUserId": "", "toGroupId": ["a", "b"]}
    statuses = [post(simulator, "message/group/publish", form).status_code for _ in range(2)]
    assert statuses == [200, 429]
    asked = [post(simulator, "user/checkOnline", {"userId": "bob"}) for _ in range(2)]
    assert [one.status_code for one in asked] == [200, 429]
    assert fault(asked[1]) == (429, 1008, "rate limit exceeded")


def test_it_runs_as_a_process(receiver: Receiver) -> None:
    options: dict[str, Any] = {"callback_url": receiver.url, "group": {"g1": ["Alice", "bob"]}, "limit_messages": 0}
    with SimulatorProcess("rongcloud", **options) as simulator:
        simulator.say("Alice", "g1", "hi", type="group")
        assert fields(receiver.wait(1)[0])["channelType"] == "GROUP"
        assert call(simulator, "user/info", {"userId": "Alice"})["userName"] == "Alice"
        assert simulator.stop() == 0
