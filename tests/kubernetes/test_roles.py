"""Each role's pod, as controllers made it and the scheduler placed it, run for real (`tests.kubernetes.pod`) against a real Kafka: it becomes ready by its
own probes, with its own part of the Secret, as a user without rights on a file system that cannot be written to, and ends when it is told.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from streams.cli.exit_codes import NOTHING
from streams.kafka.local.ports import free_port
from tests.kubernetes import pod
from tests.kubernetes.api import Thing, component
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.hook_runner import HookRunner
from tests.kubernetes.pod import Pod
from tests.kubernetes.release import DOUBLE, SECRET, SINGLE, Release
from tests.waiting import until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.kafka]
ADDRESS = "https://desk.example.com"


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {section: free_port() for section in ("ingress", "files", "console", "observe")}


@pytest.fixture(scope="module")
def release(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, kafka: str, ports: dict[str, int]) -> Iterator[Release]:
    """Installed with its job; the platforms' addresses are of nobody."""
    if not pod.can():
        pytest.skip("root and util-linux are needed: no role of the chart is run")
    folder = tmp_path_factory.mktemp("release")
    nobody = {"account": {"base_url": "http://127.0.0.1:9"}}
    settings = {"kafka": {"bootstrap": kafka, "prefix": f"{uuid4().hex[:8]}."}, "apps": {"old": nobody, "new": nobody}}
    settings |= {section: {"port": port} for section, port in ports.items()}
    made = Release(cluster, folder, {"settings": settings, "networkPolicy": {"enabled": False}})
    made.namespaced()
    made.secret(SECRET)
    cluster.offer_volumes("1Gi", 5)
    (folder / "job").mkdir()
    with HookRunner(made.api, made.space, folder / "job"):
        assert made.helm("install", hooks=True) == ""
    yield made
    made.remove()


class Running:
    """A container that runs; *log* is what it has written so far."""

    def __init__(self, release: Release, role: str, directory: Path) -> None:
        self.given: Thing = next(one for one in release.ready().values() if component(one) == role)
        self._pod, self.log = Pod(release.api, self.given, directory), directory / "log"
        (self.container,) = self.given["spec"]["containers"]
        self._process = self._pod.start(self.container, self.log)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def answers(self, probe: str) -> bool:
        """As the kubelet asks. AssertionError where the process has ended."""
        assert self._process.poll() is None, self.said()[-3000:]
        about = self.container[probe]["httpGet"]
        (port,) = [one["containerPort"] for one in self.container["ports"] if one["name"] == about["port"]]
        try:
            return httpx.get(f"http://127.0.0.1:{port}{about['path']}", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> int:
        return self._pod.stop(self._process, self.given["spec"]["terminationGracePeriodSeconds"])

    def kill(self) -> None:
        self._pod.kill(self._process)

    def run(self, *arguments: str, ends: int = 0) -> str:
        """What another command in the same container says, as `kubectl exec` starts it; it has to end with that code."""
        out = self.log.with_name(f"command-{time.monotonic_ns()}")
        process = self._pod.start(self.container | {"args": list(arguments)}, out)
        assert process.wait(60) == ends, out.read_text()
        return out.read_text()


@pytest.mark.parametrize("role", sorted(SINGLE | DOUBLE))
def test_it_becomes_ready_by_its_own_probes_and_ends_when_it_is_told(release: Release, tmp_path: Path, role: str) -> None:
    running = Running(release, role, tmp_path)
    try:
        until(lambda: running.answers("startupProbe"), 90, running.said)
        until(lambda: running.answers("readinessProbe"), 90, running.said)
        assert running.answers("livenessProbe")
        assert not any(content in running.said() for content in SECRET.values())
        assert running.stop() == 0, running.said()[-3000:]
    finally:
        running.kill()


def test_the_commands_that_the_notes_name_work_in_a_pod(release: Release, tmp_path: Path) -> None:
    running = Running(release, "convert", tmp_path)
    try:
        until(lambda: running.answers("readinessProbe"), 90, running.said)
        running.run("identities", "set", "group", "yunxin=6123456789", "easemob=270000000000001")
        assert "270000000000001" in running.run("identities", "list")
        assert "no letter matches" in running.run("dead", "list", "--json", ends=NOTHING)
    finally:
        running.kill()


def test_people_log_in_to_the_page_and_see_the_stages(release: Release, tmp_path: Path, ports: dict[str, int]) -> None:
    running = Running(release, "console", tmp_path)
    try:
        until(lambda: running.answers("readinessProbe"), 90, running.said)
        with httpx.Client(base_url=f"http://127.0.0.1:{ports['console']}", headers={"origin": ADDRESS, "accept-language": "en"}) as page:
            assert page.get("/").status_code == 401
            answer = page.post("/login", data={"name": "ann", "password": "correct horse battery"}, timeout=30)
            assert answer.status_code == 303
            cookie = answer.headers["set-cookie"].partition(";")[0]
            seen = page.get("/", headers={"cookie": cookie}, timeout=60)
            assert seen.status_code == 200
            assert "relay-im-relay-metrics" in seen.text, "whom it asks for metrics; nobody resolves that name here"
    finally:
        running.kill()


def test_a_pod_without_its_secret_would_not_run(release: Release, tmp_path: Path) -> None:
    """Or the runs above would show nothing of what is mounted."""
    given = next(one for one in release.ready().values() if component(one) == "convert")
    bare = {"name": "secrets", "emptyDir": {}}
    volumes = [bare if one["name"] == "secrets" else one for one in given["spec"]["volumes"]]
    (container,) = given["spec"]["containers"]
    log = tmp_path / "log"
    process: subprocess.Popen[bytes] = Pod(release.api, given | {"spec": given["spec"] | {"volumes": volumes}}, tmp_path).start(
        container, log
    )
    assert process.wait(60) == 2
    assert "/etc/im-relay/secrets/" in log.read_text()
