"""The spans themselves: OpenTelemetry's, begun from what a record's header says. Imported only where tracing is switched on."""

import re
import time
from collections.abc import Iterable, Mapping
from random import SystemRandom
from threading import Thread
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags

from streams.observe.tracing import PREFIX, TRACEPARENT

_FORM = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_FAILED = frozenset({"dead", "refused", "unsure", "not_sent", "failed"})
"""Outcomes that make a span an error."""
LAST = 3.0
"""Seconds that the end of a process may take for spans."""
Words = str | int


class TracedSpan:
    """Begun, and not exported until it ends."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def header(self) -> tuple[str, bytes]:
        """What makes the next stage's span its child."""
        context = self._span.get_span_context()
        return TRACEPARENT, b"00-%032x-%016x-%02x" % (context.trace_id, context.span_id, context.trace_flags)

    def end(self, outcome: str, **words: Words) -> None:
        self._span.set_attributes({PREFIX + "outcome": outcome} | {PREFIX + name: word for name, word in words.items()})
        if outcome.partition(":")[0] in _FAILED:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


class Tracer:
    """*provider* is OpenTelemetry's; *ratio* the share of callbacks that are traced."""

    def __init__(self, provider: Any, ratio: float = 1.0) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("im-relay")
        self._ratio = ratio
        self._random = SystemRandom()

    def received(self, **words: Words) -> TracedSpan | None:
        """The first span of a message; None for one that is not traced."""
        if self._ratio < 1 and self._random.random() >= self._ratio:
            return None
        return TracedSpan(
            self._tracer.start_span("received", trace.set_span_in_context(trace.INVALID_SPAN), SpanKind.SERVER, _attributes(words))
        )

    def follow(
        self, name: str, headers: Iterable[tuple[str, bytes]], *, seconds: float = 0.0, kind: SpanKind = SpanKind.CONSUMER, **words: Words
    ) -> TracedSpan | None:
        """The span of the stage that has read a record with *headers*, begun *seconds* ago; None where it is not traced."""
        if (parent := parent_of(headers)) is None:
            return None
        began = time.time_ns() - int(seconds * 1e9)
        return TracedSpan(
            self._tracer.start_span(name, trace.set_span_in_context(NonRecordingSpan(parent)), kind, _attributes(words), start_time=began)
        )

    def close(self) -> None:
        """Export what is left, as far as the collector takes it in time: the exporter itself tries for longer than a process has to end."""
        last = Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(LAST)


def parent_of(headers: Iterable[tuple[str, bytes]]) -> SpanContext | None:
    """None without the header, and where it is none of ours: whoever writes to the brokers may have written anything."""
    raw = next((value for name, value in headers if name == TRACEPARENT), None)
    found = _FORM.fullmatch(raw) if raw is not None else None
    if found is None:
        return None
    context = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=TraceFlags(int(found[3], 16)))
    return context if context.is_valid and context.trace_flags.sampled else None


def _attributes(words: Mapping[str, Words]) -> dict[str, Words]:
    return {PREFIX + name: word for name, word in words.items()}
