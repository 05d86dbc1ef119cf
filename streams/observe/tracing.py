"""OpenTelemetry spans along the way of a message: received, converted, media, delivered.

The context goes with the records, in the header `traceparent` (W3C Trace Context, https://www.w3.org/TR/trace-context/). It is decided once, by the
ingress, whether a message is traced: a record without the header has no span anywhere. Spans hold ids and words of the code; never what people
write, and no secrets. Switched off, a stage pays for one look at `ACTIVE`.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog

from converters.core.localized import localized

if TYPE_CHECKING:
    from streams.observe.spans import Tracer
    from streams.settings.observing import TracingSettings

log = structlog.get_logger()

TRACEPARENT = "traceparent"
PREFIX = "im_relay."
"""Of the attributes of spans."""

ACTIVE: "Tracer | None" = None
"""None while tracing is switched off."""


def carried(headers: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """What of *headers* goes along with a record that continues the trace."""
    return [(name, value) for name, value in headers if name == TRACEPARENT]


def begin(settings: "TracingSettings", role: str) -> None:
    """Switch it on where the settings say so. Raises SettingsError where the exporter is not installed."""
    global ACTIVE  # noqa: PLW0603 - of the process, as the loggers are
    if not settings.enabled:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        from streams.settings.root import SettingsError

        raise SettingsError(
            localized("tracing.enabled is true, and the exporter is not installed: pip install 'im-relay[tracing]'")
        ) from None
    from streams.observe.spans import Tracer

    resource = Resource.create({"service.name": "im-relay", f"{PREFIX}role": role})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    # Beyond its queue spans are dropped: a collector that is away costs no message its time.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.endpoint, timeout=settings.timeout)))
    ACTIVE = Tracer(provider, settings.ratio)
    log.info("tracing on", endpoint=settings.endpoint, ratio=settings.ratio)


def finish() -> None:
    """Switch it off; what has ended is exported first."""
    global ACTIVE  # noqa: PLW0603
    if ACTIVE is not None:
        ACTIVE.close()
        ACTIVE = None
