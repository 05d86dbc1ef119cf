"""Debian's Prometheus, asking the roles of a stack once a second."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from streams.kafka.local.ports import free_port
from tests.children import dies_with_parent

PROGRAM = shutil.which("prometheus")
ALERTS = Path(__file__).parents[2] / "deploy/prometheus/alerts.yml"
WINDOW = "10s"
"""Of rates: ten scrapes."""
PATIENCE = 60.0
Series = list[dict[str, Any]]


class Prometheus:
    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def query(self, expr: str) -> Series:
        return self._get("/api/v1/query", query=plain(expr))

    def range(self, expr: str, start: float, end: float, step: float) -> Series:
        return self._get("/api/v1/query_range", query=plain(expr), start=start, end=end, step=step)

    def await_series(self, expr: str, patience: float = PATIENCE) -> Series:
        """Raises TimeoutError where nothing but absence is answered for so long."""
        deadline = time.monotonic() + patience
        while not (found := self.query(expr)):
            if time.monotonic() > deadline:
                raise TimeoutError(expr)
            time.sleep(0.5)
        return found

    def answers(self) -> bool:
        try:
            return self._http.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def _get(self, path: str, **asked: Any) -> Series:
        answer = self._http.post(path, data=asked)
        if answer.is_error:
            raise ValueError(f"{answer.text[:300]} of {asked['query']}")
        result: Series = answer.json()["data"]["result"]
        return result


def plain(expr: str) -> str:
    """*expr* as Grafana sends it: every namespace and release."""
    return re.sub(r"\$(namespace|release)", ".*", expr).replace("$__rate_interval", WINDOW)


@contextmanager
def prometheus(directory: Path, ports: Mapping[str, int]) -> Iterator[Prometheus]:
    """*ports* are of the roles, by name. The rules are evaluated, too."""
    if PROGRAM is None:
        raise RuntimeError("prometheus is not installed (Debian: apt-get install prometheus)")
    directory.mkdir(parents=True, exist_ok=True)
    targets = [{"targets": [f"127.0.0.1:{port}"], "labels": {"role": role}} for role, port in ports.items()]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "2s"},
        "rule_files": [str(ALERTS)],
        "scrape_configs": [{"job_name": "im-relay", "static_configs": targets}],
    }
    (directory / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    port = free_port()
    with (directory / "prometheus.log").open("wb") as log:
        child = subprocess.Popen(
            [
                PROGRAM,
                f"--config.file={directory}/prometheus.yml",
                f"--storage.tsdb.path={directory}/data",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
            preexec_fn=dies_with_parent(),  # noqa: PLW1509
        )
    try:
        one = Prometheus(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + PATIENCE
        while not one.answers():
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Prometheus does not start:\n{(directory / 'prometheus.log').read_text()[-2000:]}")
            time.sleep(0.1)
        yield one
    finally:
        child.terminate()
        child.wait()
