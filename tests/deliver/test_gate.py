"""What is refused because of us, and not of what is said, is counted apart and named in the log, now and then."""

import asyncio

import pytest
from structlog.testing import capture_logs

from converters import PLATFORMS
from converters.core.outcome import Delivered, NotSent, Outcome, Refused
from converters.platform import Reply, Request
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.observe.metric_types import REGISTRY
from streams.outbound.admission import Admission
from streams.outbound.client import PlatformClient

RONGCLOUD = PLATFORMS["rongcloud"]
APP = App("locked", RONGCLOUD, RONGCLOUD.example(), "old")
PUBLISH = Request("POST", "/message/private/publish.json", {}, b"", "message/private/publish")
CLOCK = NotSent("code 1004: bad signature", ours=True)


async def learned(*outcomes: Outcome, api: str = PUBLISH.api) -> list[str]:
    """What the log says, and why, after the answers were *outcomes*."""
    admission = Admission(APP, DeliverSettings(quotas=False), asyncio.get_running_loop())
    request = Request("POST", "/", {}, b"", api)
    with capture_logs() as lines:
        for outcome in outcomes:
            async with admission.breaker_call(request) as breaker_call:
                admission.learn(breaker_call, request, outcome)
    return [f"{line['log_level']} {line['app']} {line['api']} {line['reason']}" for line in lines]


async def test_why_an_app_is_refused_is_logged_once_and_not_for_each_message() -> None:
    told = [f"error locked {PUBLISH.api} code 1004: bad signature"]
    assert await learned(CLOCK, CLOCK, CLOCK) == told
    other = NotSent("code 1006: app locked or deleted", ours=True)
    assert await learned(CLOCK, other, CLOCK) == [*told, f"error locked {PUBLISH.api} {other.reason}"]


async def test_what_is_about_the_message_is_not_logged() -> None:
    assert await learned(Refused("muted"), NotSent("busy"), NotSent("too many", throttled=True), Delivered("1")) == []


async def test_a_refusal_of_us_opens_the_breaker_and_what_anybody_can_cause_does_not() -> None:
    loop = asyncio.get_running_loop()
    for outcome, state in ((Refused("muted"), 0), (NotSent("edited too often", 1.0, alone=True), 0), (NotSent("busy"), 2), (CLOCK, 2)):
        admission = Admission(APP, DeliverSettings(quotas=False), loop)
        for _ in range(20):
            async with admission.breaker_call(PUBLISH) as breaker_call:
                admission.learn(breaker_call, PUBLISH, outcome)
        assert REGISTRY.get_sample_value("im_relay_breaker", {"app": "locked", "platform": "rongcloud", "api": PUBLISH.api}) == state


@pytest.mark.parametrize(("status", "body", "outcome"), [(401, b'{"code":1004}', "locked_out"), (400, b'{"code":1002}', "refused")])
async def test_attempts_are_counted_by_whether_it_is_about_us(
    status: int, body: bytes, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = PlatformClient(APP, DeliverSettings())

    async def answered(*_: object) -> Reply:
        return Reply(status, {}, body)

    monkeypatch.setattr(client._transport, "call", answered)
    labels = {"app": "locked", "platform": "rongcloud", "api": PUBLISH.api, "outcome": outcome}
    before = REGISTRY.get_sample_value("im_relay_attempts_total", labels) or 0.0
    await client.send(PUBLISH)
    await client.close()
    assert REGISTRY.get_sample_value("im_relay_attempts_total", labels) == before + 1
