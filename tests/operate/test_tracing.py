"""Spans as each stage begins them, and what is believed of a record's header."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import ValidationError

from streams.ingress.record import callback_of, headers_of
from streams.observe import spans, tracing
from streams.settings.observing import TracingSettings
from tests.narrowed import required

GOOD = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exported() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exported: InMemorySpanExporter) -> spans.Tracer:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    return spans.Tracer(provider)


def test_a_stage_follows_the_one_before(tracer: spans.Tracer, exported: InMemorySpanExporter) -> None:
    first = tracer.received(app="old")
    assert first is not None
    second = tracer.follow("converted", [("app", b"old"), first.header], seconds=2.0)
    assert second is not None
    second.end("dead:defect", event_id="e")
    first.end("stored")
    then, before = exported.get_finished_spans()
    assert then.parent is not None
    assert then.parent.span_id == before.context.span_id
    assert then.context.trace_id == before.context.trace_id
    assert not then.status.is_ok
    assert before.status.is_ok or before.status.is_unset
    assert then.attributes == {"im_relay.outcome": "dead:defect", "im_relay.event_id": "e"}
    assert required(then.end_time) - required(then.start_time) >= 2_000_000_000


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"00",
        b"\xff" * 55,
        GOOD + b"0",
        GOOD.upper(),
        b"01" + GOOD[2:],
        GOOD[:-2] + b"00",
        b"00-" + b"0" * 32 + GOOD[35:],
        GOOD[:36] + b"0" * 16 + b"-01",
        GOOD + b"\n",
    ],
)
def test_a_header_that_is_none_of_ours_is_no_trace(tracer: spans.Tracer, raw: bytes) -> None:
    assert tracer.follow("converted", [(tracing.TRACEPARENT, raw)]) is None


def test_no_header_is_no_trace(tracer: spans.Tracer) -> None:
    assert tracer.follow("converted", [("app", b"old")]) is None
    assert spans.parent_of([(tracing.TRACEPARENT, GOOD)]) is not None


def test_a_stranger_s_header_is_not_stored_and_ours_is_no_header_of_the_callback() -> None:
    stored = headers_of("old", 1, [(b"traceparent", GOOD), (b"TraceParent", GOOD), (b"x-other", b"1")])
    assert tracing.carried(stored) == []
    callback = callback_of(b"{}", [*stored, (tracing.TRACEPARENT, GOOD)])
    assert callback.headers == {"x-other": "1"}


def test_the_ingress_decides_which_are_traced() -> None:
    some = spans.Tracer(TracerProvider(), 0.5)
    found = [some.received() is None for _ in range(400)]
    assert 0 < sum(found) < 400


def test_it_is_off_unless_the_settings_say_so() -> None:
    tracing.begin(TracingSettings(), "convert")
    assert tracing.ACTIVE is None


@pytest.mark.parametrize("endpoint", ["http://user:word@host:4318/v1/traces", "http://host/v1/traces?key=word", "host:4318", "ftp://host"])
def test_an_endpoint_holds_no_secret(endpoint: str) -> None:
    with pytest.raises(ValidationError):
        TracingSettings(endpoint=endpoint)


@pytest.fixture
def switched_on() -> Iterator[None]:
    tracing.begin(TracingSettings(enabled=True, endpoint="http://127.0.0.1:9/v1/traces", timeout=0.1), "convert")
    yield
    tracing.finish()


def test_it_is_on_until_it_is_finished(switched_on: None) -> None:
    assert tracing.ACTIVE is not None
    tracing.finish()
    assert tracing.ACTIVE is None
