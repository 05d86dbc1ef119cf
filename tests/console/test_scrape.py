"""What roles say of themselves, from their own `/metrics`, whoever answers there."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from converters import PLATFORMS
from streams.console.frame import page
from streams.console.scrape import scrape
from streams.console.status_view import status_view
from streams.console.words import Words
from streams.kafka.local.ports import free_port
from streams.operate.stage_status import StageStatus
from tests.console.conftest import exposed, text_of

NOW = 2_000_000_000_000
SAID = f"""\
# HELP im_relay_breaker 0 closed, 1 half open (a few try), 2 open (all wait).
# TYPE im_relay_breaker gauge
im_relay_breaker{{app="new",platform="easemob",api="users"}} 0.0
im_relay_breaker{{app="new",platform="easemob",api="messages"}} 2.0
# TYPE im_relay_quota_ratio gauge
im_relay_quota_ratio{{app="new",limit="messages"}} 0.25
im_relay_quota_ratio{{app="new",limit="users"}} 1.0
# TYPE im_relay_quota_waiting gauge
im_relay_quota_waiting{{app="new",class="live"}} 17.0
# TYPE im_relay_app_held gauge
im_relay_app_held{{stage="deliver",app="new",cause="forbidden"}} 1.0
# TYPE im_relay_canary_last_success_seconds gauge
im_relay_canary_last_success_seconds{{direction="old>new",kind="text"}} {NOW / 1000 - 700}
# TYPE python_info gauge
python_info{{version="3.11"}} 1.0
"""
APPS: Any = {name: SimpleNamespace(platform=PLATFORMS["easemob"], target="old") for name in ("new", "other")}


async def shown(stages: list[StageStatus], body: str = SAID) -> str:
    with exposed(body.encode()) as url:
        return text_of(page(status_view(stages, await scrape([url]), Counter(), APPS, Words("en"), NOW), Words("en"), None).decode())


async def test_of_several_values_the_worst_is_shown_and_named() -> None:
    text = await shown([])
    for told in (
        "new: the circuit breaker is open",
        "new: held by deliver; see /readyz of that role",
        "canary old>new text: last success 11 min 40 s ago",
        "new easemob old open 25% 17",
        "other easemob old unknown - - - no",
    ):
        assert told in text


async def test_a_stage_whose_records_wait_is_named_with_their_age() -> None:
    stage = StageStatus(stage="deliver", platform="easemob", waiting=886, oldest=NOW - 660_000, partitions=4, unread=0)
    text = await shown([stage], "")
    assert "deliver easemob: the oldest record has waited for 11 min" in text
    fine = StageStatus(stage="deliver", platform="easemob", waiting=3, oldest=NOW - 900, partitions=4, unread=0)
    assert "All is well." in await shown([fine], "")


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"im_relay_breaker{app=", 200, "no metrics"),
        (b"im_relay_x nonsense\n", 200, "no metrics"),
        (b"\xff\xfe", 200, "no metrics"),
        (b"", 503, "HTTP 503"),
        (b"", 302, "HTTP 302"),
    ],
)
async def test_what_does_not_answer_as_metrics_is_named_and_believed_nothing(body: bytes, status: int, told: str) -> None:
    with exposed(body, status) as url:
        found = await scrape([url])
    assert (found.samples, found.answered) == ([], 0)
    assert [why for _, why in found.failed] == [told]


async def test_who_is_not_there_is_named_without_what_else_the_address_says() -> None:
    port = free_port()
    found = await scrape([f"http://127.0.0.1:{port}/metrics?key=secret"])
    assert found.failed == [(f"127.0.0.1:{port}", "ConnectError")]


async def test_an_answer_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.console.scrape.LARGEST", 1000)
    with exposed(b"im_relay_x 1\n" * 1000) as url:
        assert (await scrape([url])).failed[0][1].startswith("more than")
