"""The sections `[observe]` and `[tracing]`."""

from typing import Literal

from pydantic import Field

from streams.settings.listening import ListenSettings
from streams.settings.secret_settings import Section


class ObserveSettings(ListenSettings):
    """Metrics, health and logs of a role."""

    port: int = Field(9090, ge=0, le=65535, description="Port of `/metrics`, `/livez`, `/readyz`.")
    log: Literal["json", "text"] = Field("text", description="Format of log lines.")
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level that is logged.")


class TracingSettings(Section):
    """Spans of what becomes of a message, for an OpenTelemetry collector. Needs `pip install 'im-relay[tracing]'`, or an image built with `--build-arg LOCK=tracing`."""

    enabled: bool = Field(False, description="Export spans. They hold ids and outcomes, never what people write.")
    endpoint: str = Field(
        "http://127.0.0.1:4318/v1/traces",
        pattern=r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$",
        description="Where the collector takes OTLP over HTTP. Headers and certificates: the exporter's own variables, `OTEL_EXPORTER_OTLP_HEADERS` and "
        "`OTEL_EXPORTER_OTLP_CERTIFICATE`.",
    )
    ratio: float = Field(1.0, gt=0, le=1, description="Share of callbacks that are traced, decided by the ingress.")
    timeout: float = Field(5.0, gt=0, le=60, description="Seconds for one request to the collector.")
