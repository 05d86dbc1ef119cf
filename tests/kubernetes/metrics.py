"""What a metrics server says to a horizontal autoscaler, as an aggregated API of the cluster: as much CPU as a test wants.

Source: Kubernetes, "Resource metrics pipeline"; metrics.k8s.io/v1beta1.
"""

import json
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import trustme

from tests.kubernetes.api import Api, Thing

GROUP = "metrics.k8s.io/v1beta1"
RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": GROUP,
    "resources": [{"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}],
}


class Metrics:
    """A context manager. Each container of every pod of a role uses *used* millicores, which a test sets."""

    def __init__(self, api: Api, space: str) -> None:
        self._api, self._space = api, space
        self.used: Callable[[Thing], int] = lambda _: 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(context)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        service = {"spec": {"type": "ExternalName", "externalName": "localhost"}, "metadata": {"name": "metrics-server"}}
        self._api.post(f"/api/v1/namespaces/{self._space}/services", service)
        spec = {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "metrics-server", "namespace": self._space, "port": self._server.server_port},
        }
        self._path = "/apis/apiregistration.k8s.io/v1/apiservices"
        self._api.post(self._path, {"metadata": {"name": "v1beta1.metrics.k8s.io"}, "spec": spec})
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._api.delete(f"{self._path}/v1beta1.metrics.k8s.io")
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> Thing:
        where, _, _ = path.partition("?")
        if not where.endswith("/pods"):
            return RESOURCES
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        items = []
        for pod in self._api.items(f"/api/v1/namespaces/{self._space}/pods"):
            containers = [
                {"name": each["name"], "usage": {"cpu": f"{self.used(pod)}m", "memory": "100Mi"}} for each in pod["spec"]["containers"]
            ]
            about = {"name": pod["metadata"]["name"], "namespace": self._space, "labels": pod["metadata"]["labels"]}
            items.append({"metadata": about, "timestamp": now, "window": "1s", "containers": containers})
        return {"kind": "PodMetricsList", "apiVersion": GROUP, "metadata": {}, "items": items}


def _handler(of: Metrics) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(of.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            pass

    return Handler
