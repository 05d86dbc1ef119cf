"""A real Prometheus with the alerts as they ship."""

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from streams.kafka.local.ports import free_port
from tests.chaos.alerts.scene import NAMESPACES, Scene
from tests.children import dies_with_parent
from tests.stack import ROOT, Role

RULES = ROOT / "deploy/prometheus/alerts.yml"


class Prometheus:
    """Asks every 5 s whom `listed` has named. *usual* are callbacks a second that each of these apps is known for, since yesterday."""

    def __init__(self, directory: Path, usual: Mapping[str, float]) -> None:
        directory.mkdir()
        _remember(directory, usual)
        self._targets = directory / "targets.json"
        self._targets.write_text("[]")
        (directory / "prometheus.yml").write_text(
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "5s"},
                    "rule_files": [str(RULES)],
                    "scrape_configs": [
                        {"job_name": "im-relay", "file_sd_configs": [{"files": [str(self._targets)], "refresh_interval": "5s"}]}
                    ],
                }
            )
        )
        self.gone: set[str] = set()
        self._port = free_port()
        self._log = (directory / "prometheus.log").open("wb")
        self.child = subprocess.Popen(
            [
                str(shutil.which("prometheus")),
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{self._port}",
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            preexec_fn=dies_with_parent(),  # noqa: PLW1509 - it asks the kernel alone
        )

    def listed(self, scene: Scene) -> None:
        """Ask its roles from now on, but for those that are gone."""
        jobs = [
            {
                "targets": [f"127.0.0.1:{role.observe}"],
                "labels": {"role": name} | ({"namespace": NAMESPACES[name]} if name in NAMESPACES else {}),
            }
            for name, role in scene.roles.items()
            if name not in self.gone
        ]
        fresh = self._targets.with_suffix(".fresh")
        fresh.write_text(json.dumps(jobs))
        fresh.rename(self._targets)

    def firing(self) -> list[dict[str, str]] | None:
        """Labels of each alert that fires; None while it does not answer."""
        try:
            return [one["labels"] for one in self._asked("alerts")["alerts"] if one["state"] == "firing"]
        except OSError:
            return None

    def has_asked(self, role: Role) -> bool:
        """Whether the process that runs now has been."""
        (started,) = (line.split()[1] for line in role.metrics().splitlines() if line.startswith("process_start_time_seconds "))
        seen = self.value(f'process_start_time_seconds{{role="{role.name}"}}')
        return any(float(each["value"][1]) == float(started) for each in seen)

    def value(self, query: str) -> list[Any]:
        """What an instant *query* finds. Raises OSError."""
        found: list[Any] = self._asked(f"query?query={urllib.parse.quote(query)}")["result"]
        return found

    def _asked(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api/v1/{what}", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)["data"]
        return found

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait(30)
        self._log.close()


def _remember(directory: Path, usual: Mapping[str, float]) -> None:
    """Lay down what a Prometheus would know that had run since the day before.

    That is the usual level from an hour before this hour of yesterday on, and that a watcher has looked until ten minutes ago.
    """
    now = int(time.time())
    yesterday, lately = range(now - 25 * 3600, now - 21 * 3600, 60), range(now - 2 * 3600, now - 600, 60)
    lines = ["# TYPE im_relay:callbacks:rate15m gauge"]
    lines += [f'im_relay:callbacks:rate15m{{app="{app}"}} {rate} {at}' for app, rate in usual.items() for at in yesterday]
    lines += ["# TYPE im_relay_watch_last_look_seconds gauge"]
    lines += [f'im_relay_watch_last_look_seconds{{role="watch"}} {at} {at}' for at in lately]
    text = directory / "usual.txt"
    text.write_text("\n".join([*lines, "# EOF\n"]))
    made = [str(shutil.which("promtool")), "tsdb", "create-blocks-from", "openmetrics", str(text), str(directory / "data")]
    subprocess.run(made, check=True, capture_output=True)
