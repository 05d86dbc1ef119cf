"""An OpenTelemetry collector: takes OTLP over HTTP, and reads it with the official messages."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


class Seen(NamedTuple):
    """A span as it was exported."""

    role: str
    name: str
    trace: str
    span: str
    parent: str
    words: dict[str, str]
    """Its attributes, without `im_relay.`."""
    failed: bool
    nanoseconds: int


class Collector:
    def __init__(self, url: str) -> None:
        self.url = url
        self.bodies: list[bytes] = []

    @property
    def spans(self) -> list[Seen]:
        return [
            Seen(
                role=_words(resource.resource)["role"],
                name=span.name,
                trace=span.trace_id.hex(),
                span=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                words=_words(span),
                failed=span.status.code == span.status.STATUS_CODE_ERROR,
                nanoseconds=span.end_time_unix_nano - span.start_time_unix_nano,
            )
            for body in list(self.bodies)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


def _words(one: object) -> dict[str, str]:
    found = {}
    for each in one.attributes:  # type: ignore[attr-defined]
        kind = each.value.WhichOneof("value")
        found[each.key.removeprefix("im_relay.")] = str(getattr(each.value, kind))
    return found


@contextmanager
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.bodies.append(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
