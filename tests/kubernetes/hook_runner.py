"""Runs the job before a release: kwok leaves its pods alone, and this runs their containers (`tests.kubernetes.pod`) and tells the API server how it went."""

import subprocess
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.kubernetes.api import Api, Thing
from tests.kubernetes.pod import NotStartedError, Pod

TOLD = 2048
"""Bytes of a log that become the message of a container that failed, with `FallbackToLogsOnError`. Source: Kubernetes, "Determine the Reason for
Pod Failure"."""
LONGEST = 120


class HookRunner:
    """A context manager for one namespace. *directory* gets a log for each container."""

    def __init__(self, api: Api, space: str, directory: Path) -> None:
        self._api, self._directory = api, directory
        self._path = f"/api/v1/namespaces/{space}/pods"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hook-runner")
        self.ran: list[tuple[str, int]] = []
        """(container, exit code), in order."""
        self.failed: list[BaseException] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(LONGEST)
        if self.failed and value is None:
            raise self.failed[0]

    def log(self, container: str) -> str:
        """Of the last one that ran."""
        (*_, last) = sorted(self._directory.glob(f"*-{container}.log"))
        return last.read_text(encoding="utf-8")

    def _work(self) -> None:
        done: set[str] = set()
        try:
            while not self._ended.is_set():
                for pod in self._next():
                    if self._ended.is_set():
                        return
                    if pod["metadata"]["uid"] not in done:
                        done.add(pod["metadata"]["uid"])
                        self._run(pod)
        except BaseException as error:
            self.failed.append(error)

    def _next(self) -> list[Thing]:
        """Pods that have a node and are not begun; waits up to a second for them."""
        found = self._api.get(f"{self._path}?labelSelector=app.kubernetes.io/component=topics")
        waiting = [one for one in found["items"] if one["spec"].get("nodeName") and one["status"].get("phase") == "Pending"]
        if not waiting:
            for _ in self._api.changes(self._path, found["metadata"]["resourceVersion"], 1):
                break
        return waiting

    def _run(self, given: Thing) -> None:
        pod, spec = Pod(self._api, given, self._directory), given["spec"]
        seen: dict[str, list[Thing]] = {"initContainerStatuses": [], "containerStatuses": []}
        phase = "Succeeded"
        for kind, containers in (("initContainerStatuses", spec.get("initContainers", [])), ("containerStatuses", spec["containers"])):
            for container in containers:
                if phase == "Failed":
                    break
                status = self._ended_as(pod, container)
                seen[kind].append(status)
                if status["state"]["terminated"]["exitCode"]:
                    phase = "Failed"
        body = {"status": {"phase": phase, "startTime": given["metadata"]["creationTimestamp"], **seen}}
        self._api.patch(f"{self._path}/{pod.name}/status", body)

    def _ended_as(self, pod: Pod, container: dict[str, Any]) -> Thing:
        begun, log = _now(), self._directory / f"{time.monotonic_ns()}-{container['name']}.log"
        try:
            code = pod.start(container, log).wait(LONGEST)
        except NotStartedError as error:
            log.write_text(str(error), encoding="utf-8")
            code = 128
        except subprocess.TimeoutExpired:
            code = 137
        self.ran.append((container["name"], code))
        told = {"exitCode": code, "reason": "Error" if code else "Completed", "startedAt": begun, "finishedAt": _now()}
        if code and container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            told["message"] = log.read_bytes()[-TOLD:].decode(errors="replace")
        about = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False, "restartCount": 0}
        return about | {"state": {"terminated": told}}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
