"""Plays the pod that the chart starts before a release: its commands run here, with what the API server has of its volumes."""

import base64
import os
import threading
from pathlib import Path
from typing import Any, Self

from tests.kubernetes.cluster import ApiError, Cluster, python
from tests.stack import ROOT

MOUNTED = "/etc/im-relay"


class HookPlayer:
    """A context manager; *said* has what each command of each pod printed."""

    def __init__(self, cluster: Cluster, namespace: str, directory: Path) -> None:
        self._cluster, self._namespace, self._directory = cluster, namespace, directory
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self.said: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)

    def _follow(self) -> None:
        while not self._over.wait(0.2):
            for pod in self._cluster.items(f"/api/v1/namespaces/{self._namespace}/pods", **{"app.kubernetes.io__component": "topics"}):
                status = pod.get("status", {})
                if pod["spec"].get("nodeName") and status.get("phase") == "Pending" and not pod["metadata"].get("deletionTimestamp"):
                    self._play(pod)

    def _play(self, pod: dict[str, Any]) -> None:
        spec, ended = pod["spec"], {}
        code = 0
        for kind in ("initContainers", "containers"):
            for container in spec.get(kind, []) if not code else ():
                code, said = self._command(pod, container)
                self.said.append(said)
                state = {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed", "message": said[-2000:]}}
                told = {"name": container["name"], "image": container["image"], "imageID": "", "ready": not code, "restartCount": 0, "state": state}
                ended.setdefault("initContainerStatuses" if kind == "initContainers" else "containerStatuses", []).append(told)
        path = f"/api/v1/namespaces/{self._namespace}/pods/{pod['metadata']['name']}/status"
        self._cluster.patch(path, {"status": {"phase": "Failed" if code else "Succeeded", **ended}})

    def _command(self, pod: dict[str, Any], container: dict[str, Any]) -> tuple[int, str]:
        root = self._directory / pod["metadata"]["name"] / container["name"]
        volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
        for mount in container["volumeMounts"]:
            folder = root / mount["mountPath"].removeprefix(f"{MOUNTED}/")
            folder.mkdir(parents=True)
            for name, content in self._content(volumes[mount["name"]]).items():
                (folder / name).write_bytes(content.replace(MOUNTED.encode(), str(root).encode()))
        environment = {each["name"]: each.get("value", "").replace(MOUNTED, str(root)) for each in container.get("env", [])}
        nowhere = root / "nowhere"
        nowhere.mkdir()
        done = python(container["args"], {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}, nowhere)
        assert not list(nowhere.iterdir()), "in a pod there is nowhere to write"
        return done.returncode, done.stderr or done.stdout

    def _content(self, volume: dict[str, Any]) -> dict[str, bytes]:
        base = f"/api/v1/namespaces/{self._namespace}"
        if "configMap" in volume:
            return {name: text.encode() for name, text in self._cluster.get(f"{base}/configmaps/{volume['configMap']['name']}")["data"].items()}
        about = volume["secret"]
        try:
            data = self._cluster.get(f"{base}/secrets/{about['secretName']}").get("data", {})
        except ApiError:
            assert about.get("optional")
            data = {}
        keys = {item["key"]: item["path"] for item in about["items"]}
        return {path: base64.b64decode(data[key]) for key, path in keys.items() if key in data}
