"""The chart, installed in a namespace of its own that admits pods of the *restricted* standard only."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from streams.console.passwords import line
from tests.kubernetes.api import Thing, component, is_ready
from tests.kubernetes.cluster import Cluster
from tests.stack import ROOT

CHART = str(ROOT / "helm/im-relay")
NAME = "relay"
PARTITIONS = 4
SECRET = {
    "yunxin-app-secret": "a-secret-of-yunxin",
    "easemob-client-secret": "a-secret-of-easemob",
    "easemob-callback-secret": "a-secret-of-callbacks",
    "marks-secret": "0123456789abcdef0123456789abcdef",
    "files-secret": "fedcba9876543210fedcba9876543210",
    "console-users": line("ann", "operator", "correct horse battery", b"salt-of-the-tests", 2**14),
}
SINGLE = {"gaps", "watch", "files", "console", "migrate-easemob"}
"""Roles of one pod."""
DOUBLE = {"ingress", "convert", "media", "deliver-yunxin", "deliver-easemob"}
STATEFUL = {"deliver-yunxin", "deliver-easemob", "files"}
VALUES: Mapping[str, Any] = {
    "image": {"repository": "example.com/im-relay", "tag": "one"},
    "secrets": {"existing": "accounts"},
    "topics": {"replication": 1},
    "gaps": {"enabled": True},
    "migrate": {"platform": "easemob"},
    "deliver": {"state": {"size": "1Gi"}},
    "files": {"volume": {"size": "1Gi"}},
}


class Release:
    """*values* go over `VALUES`, which go over the chart's example."""

    def __init__(self, cluster: Cluster, directory: Path, values: Mapping[str, Any] | None = None) -> None:
        self.directory = directory
        self.cluster, self.api, self.space = cluster, cluster.api, f"chat-{uuid4().hex[:8]}"
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        self.api.post("/api/v1/namespaces", {"metadata": {"name": self.space, "labels": labels}})
        example = yaml.safe_load((ROOT / "helm/im-relay/ci/example-values.yaml").read_text(encoding="utf-8"))
        del example["monitoring"], example["secrets"]
        for part in ("deliver", "files"):
            del example[part]["state" if part == "deliver" else "volume"]
        example["settings"]["kafka"] = {"bootstrap": "127.0.0.1:9092", "partitions": PARTITIONS}
        example["ingress"]["autoscaling"] = {"enabled": False}
        self._files = [directory / name for name in ("example.json", "values.json", "more.json")]
        for file, content in zip(self._files, (example, VALUES, values or {}), strict=True):
            file.write_text(json.dumps(content))

    # -- what is done to it

    def helm(self, verb: str, *more: str, hooks: bool = False, wait: bool = True) -> str:
        """What helm said against it; empty where it did it, and, with *wait*, everything had become ready. Without *hooks*, the job before it is left out."""
        files = [word for file in self._files for word in ("--values", str(file))]
        patience = ("--wait", "--timeout=180s") if wait else ("--timeout=180s",)
        return self._said(verb, NAME, CHART, *files, *patience, *(() if hooks else ("--no-hooks",)), *more)

    def roll_back(self, revision: int, *more: str) -> str:
        return self._said("rollback", NAME, str(revision), "--wait", "--timeout=180s", *more)

    def uninstall(self) -> str:
        return self._said("uninstall", NAME, "--wait", "--no-hooks")

    def remove(self) -> None:
        """All that is in its namespace, as far as it takes room on the nodes; nobody waits for it."""
        for kind in ("deployments", "statefulsets", "jobs"):
            for one in self.api.items(self.path(kind)):
                self.api.delete(f"{self.path(kind)}/{one['metadata']['name']}?propagationPolicy=Background")

    def _said(self, *arguments: str) -> str:
        done = self.cluster.helm(*arguments, f"--namespace={self.space}")
        assert bool(done.stderr) >= bool(done.returncode)
        return done.stderr if done.returncode else ""

    def secret(self, content: Mapping[str, str], *, change: bool = False) -> None:
        path, body = self.path("secrets"), {"metadata": {"name": "accounts"}, "stringData": dict(content)}
        if change:
            self.api.patch(f"{path}/accounts", body)
        else:
            self.api.post(path, body)

    def namespaced(self) -> None:
        """Its account of pods is there: a controller makes it."""
        self.api.until(self.path("serviceaccounts"), bool)

    # -- what there is

    def path(self, kind: str) -> str:
        group = {"deployments": "apps/v1", "statefulsets": "apps/v1", "jobs": "batch/v1", "events": "v1"}.get(kind, "v1")
        group = {"horizontalpodautoscalers": "autoscaling/v2", "poddisruptionbudgets": "policy/v1"}.get(kind, group)
        return f"/{'api' if group == 'v1' else 'apis'}/{group}/namespaces/{self.space}/{kind}"

    def workloads(self) -> dict[str, Thing]:
        """Deployments and StatefulSets by their role."""
        found = [one for kind in ("deployments", "statefulsets") for one in self.api.items(self.path(kind))]
        return {one["metadata"]["name"].removeprefix(f"{NAME}-im-relay-"): one for one in found}

    def pods(self, role: str = "") -> dict[str, Thing]:
        """By name; those that are on their way out as well."""
        return {one["metadata"]["name"]: one for one in self.api.items(self.path("pods")) if role in ("", component(one))}

    def ready(self, role: str = "") -> dict[str, Thing]:
        return {name: one for name, one in self.pods(role).items() if is_ready(one)}

    def by_role(self) -> dict[str, list[Thing]]:
        found: dict[str, list[Thing]] = {}
        for one in self.ready().values():
            found.setdefault(component(one), []).append(one)
        return found

    def claims(self) -> dict[str, Thing]:
        return {one["metadata"]["name"]: one for one in self.api.items(self.path("persistentvolumeclaims"))}
