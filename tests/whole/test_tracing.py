"""Spans of a text and a picture on their way through the whole relay, as a collector gets them."""

from collections.abc import Callable, Iterator

import pytest

from tests import attachments
from tests.collector import Collector, Seen, collector
from tests.stack import Stack
from tests.waiting import until
from tests.whole.crossing import IMPATIENT

WORDS = "a sentence that no span may hold"


@pytest.fixture(scope="module")
def seen() -> Iterator[Collector]:
    with collector() as one:
        yield one


@pytest.fixture(scope="module")
def stack(relay: Callable[..., Stack], seen: Collector) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        with relay("traced", f'{IMPATIENT}\n[tracing]\nenabled = true\nendpoint = "{seen.url}"') as one:
            yield one


def way(collector: Collector, name: str) -> dict[str, Seen] | None:
    """The spans of the trace in which something of kind *name* ended with the event in *name*'s span, once it is delivered."""
    traces = {span.trace for span in collector.spans if span.name == name and span.words["outcome"] in ("delivered", "carried")}
    for trace in traces:
        spans = {span.name: span for span in collector.spans if span.trace == trace}
        if {"received", "converted", "delivered"} <= spans.keys():
            return spans
    return None


def test_a_text_is_one_trace_from_callback_to_delivery(stack: Stack, seen: Collector) -> None:
    stack.source.say("alice", "bob", WORDS)
    spans = until(lambda: way(seen, "delivered"))
    assert [spans[name].role for name in ("received", "converted", "delivered")] == ["ingress", "convert", "deliver"]
    assert spans["received"].parent == ""
    assert spans["converted"].parent == spans["received"].span
    assert spans["delivered"].parent == spans["converted"].span
    assert spans["converted"].words["event_id"] == spans["delivered"].words["event_id"] != ""
    assert spans["received"].words == {"app": "old", "outcome": "stored"}
    assert spans["delivered"].words["app"] == "new"
    assert all(span.nanoseconds >= 0 and not span.failed for span in spans.values())


def test_a_picture_has_its_media_job_in_the_same_trace(stack: Stack, seen: Collector) -> None:
    stack.source.send("alice", "bob", attachments.picture(1).media())
    spans = until(lambda: way(seen, "media"))
    assert spans["media"].parent == spans["converted"].span
    assert spans["media"].words["event_id"] == spans["delivered"].words["event_id"]
    assert spans["media"].words["kind"] == "image"


def test_what_comes_back_as_an_echo_says_so(stack: Stack, seen: Collector) -> None:
    stack.source.say("alice", "bob", WORDS)
    echo = until(lambda: next((span for span in seen.spans if span.words.get("outcome") == "echo"), None))
    delivered = until(
        lambda: next((span for span in seen.spans if span.name == "delivered" and span.words["event_id"] == echo.words["event_id"]), None)
    )
    assert delivered.trace != echo.trace


def test_no_span_holds_what_was_said_or_a_secret(stack: Stack, seen: Collector) -> None:
    stack.source.say("alice", "bob", WORDS)
    until(lambda: way(seen, "delivered"))
    everything = b"".join(seen.bodies)
    settings = stack.config.read_text()
    secrets = [line.split('"')[1] for line in settings.splitlines() if "secret" in line.split("=")[0]]
    assert secrets
    for one in (WORDS, *secrets):
        assert one.encode() not in everything
