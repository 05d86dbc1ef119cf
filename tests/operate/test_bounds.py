"""What is past is not sent as news: replays, gap fill and letters have a bound, say what they do before they do it, and are in no latency."""

import time

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from converters import PLATFORMS
from converters.core import wire
from converters.core.localized import Localized
from converters.core.model import NOTHING, Delivery, Group
from converters.core.outcome import Delivered
from streams.deliver.conversations import OpenEvent, begun
from streams.deliver.event_counts import EventCounts
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import OutputRecord
from streams.ingress.record import SILENT, headers_of, past
from streams.observe.metric_types import REGISTRY
from streams.operate.bounds import MARGIN, begins, refusal
from tests.converters.examples import OPERATIONS, account_of, delivery_of
from tests.operate.conftest import Ground, callback, delivery
from tests.waiting import until

DAY = 86_400_000
NOW = 1_800_000_000_000
MAX_AGE = 3 * 86_400.0


@given(since=st.integers(NOW - 400 * DAY, NOW), first=st.none() | st.integers(NOW - 400 * DAY, NOW), named=st.booleans())
def test_what_is_filled_is_news_and_was_the_relays(since: int, first: int | None, *, named: bool) -> None:
    begin, why = begins(since, NOW, MAX_AGE, first, named=named)
    assert begin >= max(since, NOW - 3 * DAY)
    assert first is None or begin >= first - MARGIN
    assert first is not None or named or begin == NOW
    assert bool(why) == (begin > since) or begin == since
    assert begins(since, NOW, MAX_AGE, first, older=True) == (since, "")


def test_a_year_is_refused_and_the_words_say_what_to_do(ground: Ground) -> None:
    ground.called(callback(1))
    for words in (("gaps", "old", "--fill"), ("replay", "--platform", "yunxin", "--yes")):
        done = ground.im_relay(*words, "--since", "300d")
        assert done.exit_code == 2
        for said in ("would arrive as new messages now", "deliver.max_age", "--older"):
            assert said in done.stderr
    assert refusal(Localized("x"), NOW - 300 * DAY, NOW, MAX_AGE)
    assert not refusal(Localized("x"), NOW - 2 * DAY, NOW, MAX_AGE)


def test_a_replay_of_what_is_old_is_silent_and_says_so_before(ground: Ground) -> None:
    old = int(time.time() * 1000) - 5 * DAY
    ground.called(callback(1, msgTimestamp=str(old)), at=old)
    ground.called(callback(2))
    refused = ground.im_relay("replay", "--platform", "yunxin", "--since", "6d", "--yes")
    assert refused.exit_code == 2
    assert ground.read(ground.names.backfill) == []
    done = ground.im_relay("replay", "--platform", "yunxin", "--since", "6d", "--yes", "--older", "--state", str(ground.directory))
    assert done.exit_code == 0, done.output
    assert "1 of them are older than deliver.max_age, and go without a push" in done.stderr
    until(lambda: len(ground.read(ground.names.backfill)) == 2, 30)
    written = {wire.load(one.value, Delivery).event.remote_id: past(one.headers) for one in ground.read(ground.names.backfill)}
    assert written == {"1": SILENT, "2": None}


def test_letters_put_back_are_past_and_old_ones_have_to_be_asked_for(ground: Ground) -> None:
    ground.bury(delivery(1), at=int(time.time() * 1000) - 5 * DAY)
    ground.bury(delivery(2))
    refused = ground.im_relay("dead", "replay", "--yes")
    assert refused.exit_code == 2
    assert "1 of 2 letters" in refused.stderr
    before = ground.read(ground.names.deliveries)
    assert len(before) == 2
    done = ground.im_relay("dead", "replay", "--yes", "--older")
    assert (done.exit_code, done.stdout.strip()) == (0, "2 replayed")
    until(lambda: len(ground.read(ground.names.deliveries)) == 4, 30)
    back = {
        wire.load(one.value, Delivery).event.remote_id: past(one.headers) for one in ground.read(ground.names.deliveries) if one.headers
    }
    assert back == {"1": SILENT, "2": b"1"}


@pytest.mark.parametrize(
    ("headers", "live", "is_past", "silent"),
    [
        ([], True, False, False),
        ([("relay-past", b"1")], True, True, False),
        ([("relay-past", SILENT)], True, True, True),
        ([], False, True, False),
    ],
)
def test_only_what_is_live_is_in_the_latency(headers: list[tuple[str, bytes]], live: bool, is_past: bool, silent: bool) -> None:
    lane = OffsetTracker(TopicPartition("t", 0), live=live)
    event = begun(lane, 7, OutputRecord(b"k", b"v", headers), delivery(1), None, 0.0, past=past(headers))
    assert (event.past, event.delivery.silent) == (is_past, silent)


def opened(said: Delivery, *, live: bool, canary: bytes = b"") -> OpenEvent:
    return begun(OffsetTracker(TopicPartition("t", 0), live=live), 7, OutputRecord(b"k", b"v", []), said, None, 0.0, canary=canary)


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"im_relay_{name}", labels) or 0.0


def test_a_message_of_2023_that_is_replayed_is_counted_and_not_timed() -> None:
    said = structs.replace(delivery(1), event=structs.replace(delivery(1).event, at=1_672_531_200_000))
    counts = EventCounts("bounds", {})
    for live in (False, True):
        event = opened(said, live=live)
        counts.of(event).arrived(event)
    direction = "unknown>bounds"
    assert (counted("historical_total", direction=direction), counted("end_to_end_seconds_count", direction=direction)) == (1.0, 1.0)


@pytest.mark.parametrize(("canary", "times"), [(b"k", 0.0), (b"of others", 1.0)])
def test_what_the_relays_own_test_users_say_is_counted_nowhere(canary: bytes, times: float) -> None:
    platform = f"canary-{canary.hex()}"
    event, direction = opened(delivery(1), live=True, canary=canary), f"unknown>{platform}"
    event.outcome = Delivered("1")
    counts = EventCounts(platform, {}).of(event)
    counts.lost(event, ["poll"])
    counts.arrived(event)
    counts.ended(event, "api")
    counts.had_file(event, "image", "carried", 1.0)
    app = event.delivery.target
    ours = counted("own_actions_echoed_total", app=app)
    counts.was_ours(event)
    assert counted("losses_total", direction=direction, what="poll") == times
    assert counted("end_to_end_seconds_count", direction=direction) == times
    assert counted("sends_total", app=app, platform=platform, api="api", outcome="delivered") == times
    assert counted("media_messages_total", direction=direction, kind="image", fate="carried") == times
    assert counted("own_actions_echoed_total", app=app) == ours + times


@pytest.mark.parametrize(
    ("platform", "kind", "word"),
    [
        ("easemob", "direct", b'"em_ignore_notification":true'),
        ("easemob", "group", b'"em_ignore_notification":true'),
        ("rongcloud", "direct", b"disablePush=true"),
        ("rongcloud", "group", b"disablePush=true"),
        ("yunxin", "direct", b"option=%7B%22push%22%3Afalse%7D"),
        ("yunxin", "group", b"option=%7B%22push%22%3Afalse%7D"),
        ("own", "direct", b'"silent":true'),
    ],
)
def test_what_is_no_news_rings_nobodys_phone(platform: str, kind: str, word: bytes) -> None:
    said = delivery_of(OPERATIONS["text"], Group("team") if kind == "group" else None)
    for silent in (False, True):
        (request,) = PLATFORMS[platform].encode(structs.replace(said, silent=silent), account_of(platform), NOTHING).requests
        assert (word in request.body) == silent


def test_a_stranger_cannot_say_that_his_callback_is_past() -> None:
    assert past(headers_of("old", 1, [(b"Relay-Past", b"silent"), (b"relay-v", b"9"), (b"kind", b"x")])) is None
