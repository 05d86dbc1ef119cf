"""The chart on a real control plane: installed, refused, upgraded, scaled, grown, rolled back, under PodSecurity *restricted*.

`make test-kubernetes`. What is not seen here: the roles at work (kwok plays their pods), and whether a network plug-in enforces the policies.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from tests.kubernetes import binaries
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.hook import HookPlayer
from tests.stack import ROOT
from tests.waiting import until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow]
SPACE = "chat"
CHART = str(ROOT / "helm/im-relay")
SECRET = {
    "yunxin-app-secret": "a-secret-of-yunxin", "easemob-client-secret": "a-secret-of-easemob", "easemob-callback-secret": "a-secret-of-callbacks",
    "marks-secret": "0123456789abcdef0123456789abcdef", "files-secret": "fedcba9876543210fedcba9876543210",
}  # fmt: skip
WORKLOADS = ("deployments", "statefulsets")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if binaries.go() is None or shutil.which("helm") is None:
        pytest.skip("Go and helm are needed: the chart is NOT tried on a control plane")
    with Cluster(binaries.build(), tmp_path_factory.mktemp("cluster")) as made:
        yield made


class Release:
    """The chart in a namespace of its own, with values of the tests."""

    def __init__(self, cluster: Cluster, kafka: str, directory: Path) -> None:
        self.cluster, self.directory = cluster, directory
        self.prefix = f"t{uuid4().hex[:8]}."
        values = yaml.safe_load((ROOT / "helm/im-relay/ci/example-values.yaml").read_text())
        del values["secrets"], values["monitoring"]
        values |= {"secrets": {"existing": "accounts"}, "topics": {"replication": 1}, "gaps": {"enabled": True}}
        values["settings"]["kafka"] |= {"bootstrap": kafka, "prefix": self.prefix, "partitions": 4}
        values["ingress"] = {"autoscaling": {"enabled": False}}
        self.values = directory / "values.yaml"
        self.values.write_text(yaml.safe_dump(values))

    def helm(self, verb: str, *more: str, wait: bool = True) -> str:
        """What helm said; raises AssertionError where it failed."""
        done = self.try_helm(verb, *more, *(["--wait", "--timeout", "120s"] if wait else []))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def try_helm(self, verb: str, *more: str) -> Any:
        return self.cluster.helm(verb, "relay", CHART, "--namespace", SPACE, "--values", str(self.values), *more)

    def refused(self, verb: str, *more: str) -> str:
        done = self.try_helm(verb, *more, "--timeout", "60s")
        assert done.returncode != 0, done.stdout
        return str(done.stderr)

    def api(self, what: str, name: str = "") -> str:
        group = "apis/apps/v1" if what in WORKLOADS else "apis/batch/v1" if what == "jobs" else "api/v1"
        return f"/{group}/namespaces/{SPACE}/{what}{f'/{name}' if name else ''}"

    def workloads(self) -> dict[str, dict[str, Any]]:
        return {one["metadata"]["name"]: one for what in WORKLOADS for one in self.cluster.items(self.api(what))}

    def ready(self) -> bool:
        """Every workload has all of its pods, of its newest template."""
        return all(
            one["status"].get("readyReplicas", 0) == one["spec"]["replicas"] == one["status"].get("updatedReplicas", 0)
            and one["status"]["observedGeneration"] == one["metadata"]["generation"]
            for one in self.workloads().values()
        )

    def pods(self) -> dict[str, dict[str, str]]:
        """Annotations of each pod that runs, by its name."""
        found = self.cluster.items(self.api("pods"), **{"app.kubernetes.io__name": "im-relay"})
        return {one["metadata"]["name"]: one["metadata"]["annotations"] for one in found if one["status"].get("phase") == "Running"}

    def secret(self, content: dict[str, str], verb: str = "post") -> None:
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "accounts"}, "stringData": content}
        if verb == "post":
            self.cluster.post(self.api("secrets"), body)
        else:
            self.cluster.patch(self.api("secrets", "accounts"), body)


def make_volumes(cluster: Cluster, count: int) -> None:
    """Disks, and a class of them that may grow."""
    cluster.post(
        "/apis/storage.k8s.io/v1/storageclasses",
        {"metadata": {"name": "fast"}, "provisioner": "kubernetes.io/no-provisioner", "allowVolumeExpansion": True},
    )
    for number in range(count):
        spec = {
            "capacity": {"storage": "500Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "hostPath": {"path": f"/disk/{number}"},
        }  # fmt: skip
        cluster.post("/api/v1/persistentvolumes", {"metadata": {"name": f"disk-{number}"}, "spec": spec})


def test_a_release_from_its_first_refusal_to_its_end(cluster: Cluster, kafka: str, tmp_path: Path) -> None:
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    cluster.post("/api/v1/namespaces", {"metadata": {"name": SPACE, "labels": labels}})
    until(lambda: cluster.items(f"/api/v1/namespaces/{SPACE}/serviceaccounts"))
    make_volumes(cluster, 16)
    release = Release(cluster, kafka, tmp_path)
    with HookPlayer(cluster, SPACE, tmp_path / "hook") as hook:
        (tmp_path / "hook").mkdir()
        refusals(release, hook)
        first = installed(release, hook)
        upgraded(release, hook, first)
        secret_changed(release)
        scaled_and_grown(release)
        release.cluster.helm("rollback", "relay", "1", "--namespace", SPACE, "--wait", "--timeout", "120s")
        until(release.ready, 120)
        after = {name: one["spec"]["template"]["metadata"]["annotations"]["checksum/settings"] for name, one in release.workloads().items()}
        assert after == first
        done = cluster.helm("uninstall", "relay", "--namespace", SPACE, "--wait")
        assert done.returncode == 0, done.stderr
        assert release.workloads() == {}
        assert cluster.items(release.api("persistentvolumeclaims")), "what is kept outlives the release"


def refusals(release: Release, hook: HookPlayer) -> None:
    """What is missing or wrong is told before anything is there."""
    assert 'secrets.existing is "accounts", and there is no such Secret in namespace chat' in release.refused("install")
    release.secret({key: value for key, value in SECRET.items() if key != "files-secret"})
    assert 'the Secret accounts in namespace chat has no key "files-secret"' in release.refused("install")
    assert "settings.apps.old.target" in release.refused("install", "--set", "settings.apps.old.target=nowhere")
    release.secret({"files-secret": SECRET["files-secret"], "marks-secret": "short"}, "patch")
    release.refused("install")
    assert "marks.secret" in hook.said[-1]
    (pod, *_) = release.cluster.items(release.api("pods"))
    (settings,) = pod["status"]["initContainerStatuses"]
    assert "marks.secret" in settings["state"]["terminated"]["message"], "kubectl describe pod shows it"
    assert release.workloads() == {}
    release.cluster.helm("uninstall", "relay", "--namespace", SPACE, "--wait")
    release.secret(SECRET, "patch")


def installed(release: Release, hook: HookPlayer) -> dict[str, str]:
    """Everything is ready, and no pod was refused; the digest of the settings beside each role."""
    release.helm("install")
    until(release.ready, 120)
    assert {name.removeprefix("relay-im-relay-") for name in release.workloads()} == {
        "ingress", "convert", "media", "gaps", "files", "deliver-yunxin", "deliver-easemob"
    }
    refused = [one["message"] for one in release.cluster.items(release.api("events")) if "violates PodSecurity" in one["message"]]
    assert refused == []
    assert "topics are as they should be" in hook.said[-1] or "created" in "".join(hook.said[-2:]) or "will make" in hook.said[-1]
    assert release.cluster.items(release.api("jobs")) == [], "what has succeeded is cleared away"
    return {name: one["spec"]["template"]["metadata"]["annotations"]["checksum/settings"] for name, one in release.workloads().items()}


def upgraded(release: Release, hook: HookPlayer, first: dict[str, str]) -> None:
    """Settings that cannot work change nothing; those that can roll every pod."""
    before = {name: one["metadata"]["generation"] for name, one in release.workloads().items()}
    release.refused("upgrade", "--set", "settings.deliver.backoff=20,settings.deliver.backoff_max=10")
    assert "deliver.backoff is 20, more than deliver.backoff_max, 10" in hook.said[-1]
    assert {name: one["metadata"]["generation"] for name, one in release.workloads().items()} == before
    old = release.pods()
    release.helm("upgrade", "--set", "settings.deliver.in_doubt=resend")
    until(release.ready, 120)
    now = {name: one["spec"]["template"]["metadata"]["annotations"]["checksum/settings"] for name, one in release.workloads().items()}
    assert not set(now.values()) & set(first.values())
    assert all(release.pods()[name] != notes for name, notes in old.items() if name in release.pods())


def secret_changed(release: Release) -> None:
    """Pods of Deployments and of StatefulSets are others afterwards."""
    def versions() -> set[str]:
        return {notes["im-relay/secret-version"] for notes in release.pods().values()}

    (before,) = versions()
    release.secret({"yunxin-app-secret": "another-secret-of-yunxin"}, "patch")
    release.helm("upgrade")
    until(release.ready, 120)
    (after,) = until(lambda: (found := versions()) and len(found) == 1 and found, 60)
    assert after != before
    kinds = {name.removeprefix("relay-im-relay-").split("-")[0] for name in release.pods()}
    assert {"deliver", "files", "ingress", "convert", "media"} <= kinds


def scaled_and_grown(release: Release) -> None:
    release.helm("upgrade", "--set", "convert.replicas=3,deliver.replicas=3")
    until(release.ready, 120)
    assert [release.workloads()[f"relay-im-relay-{name}"]["status"]["readyReplicas"] for name in ("convert", "deliver-yunxin")] == [3, 3]
    assert "convert.replicas is 5, more than the 4" in release.refused("upgrade", "--set", "convert.replicas=5")
    said = release.refused("upgrade", "--set", "deliver.state.size=40Gi")
    assert "are 20Gi, and 40Gi is asked for" in said
    grow(release, ["relay-im-relay-deliver-yunxin", "relay-im-relay-deliver-easemob"], "40Gi")
    release.helm("upgrade", "--set", "deliver.replicas=3,deliver.state.size=40Gi")
    until(release.ready, 120)
    sizes = {
        one["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] for name, one in release.workloads().items() if "deliver" in name
    }
    assert sizes == {"40Gi"}
    grow(release, ["relay-im-relay-deliver-yunxin", "relay-im-relay-deliver-easemob"], "40Gi")  # so that the first release fits again


def grow(release: Release, names: Sequence[str], size: str) -> None:
    """As README.md says it: the claims, then the set without its pods."""
    for claim in release.cluster.items(release.api("persistentvolumeclaims")):
        if any(f"state-{name}-" in claim["metadata"]["name"] for name in names):
            path = release.api("persistentvolumeclaims", claim["metadata"]["name"])
            release.cluster.patch(path, {"spec": {"resources": {"requests": {"storage": size}}}})
    for name in names:
        release.cluster.delete(release.api("statefulsets", name), orphan=True)
    until(lambda: not set(names) & release.workloads().keys())
