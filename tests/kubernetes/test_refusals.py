"""The chart before a real API server: what it looks up, what it refuses, and whether what it makes is admitted under PodSecurity *restricted*.

`make test-kubernetes`. Nothing runs there: that roles roll and become ready is not seen here.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from tests.kubernetes import binaries
from tests.kubernetes.cluster import ApiError, Cluster
from tests.stack import ROOT

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow]
CHART = str(ROOT / "helm/im-relay")
SECRET = {
    "yunxin-app-secret": "a-secret-of-yunxin",
    "easemob-client-secret": "a-secret-of-easemob",
    "easemob-callback-secret": "a-secret-of-callbacks",
    "marks-secret": "0123456789abcdef0123456789abcdef",
    "files-secret": "fedcba9876543210fedcba9876543210",
}
ROLES = {"ingress", "convert", "media", "gaps", "files", "deliver-yunxin", "deliver-easemob"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if binaries.go() is None or shutil.which("helm") is None:
        pytest.skip("Go and helm are needed: the chart is NOT tried before an API server")
    with Cluster(binaries.build(), tmp_path_factory.mktemp("cluster")) as made:
        yield made


class Release:
    """The chart in a namespace of its own."""

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self.cluster, self.space = cluster, f"chat-{uuid4().hex[:8]}"
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        cluster.post("/api/v1/namespaces", {"metadata": {"name": self.space, "labels": labels}})
        cluster.post(f"/api/v1/namespaces/{self.space}/serviceaccounts", {"metadata": {"name": "default"}})  # a controller's work
        values = yaml.safe_load((ROOT / "helm/im-relay/ci/example-values.yaml").read_text())
        del values["monitoring"]
        values |= {"secrets": {"existing": "accounts"}, "gaps": {"enabled": True}}
        values["settings"]["kafka"]["partitions"] = 4
        self.values = directory / "values.yaml"
        self.values.write_text(yaml.safe_dump(values))

    def helm(self, verb: str, *more: str) -> str:
        """What helm said against it; empty where it did it. The job before a release has nobody who would run it."""
        done = self.cluster.helm(verb, "relay", CHART, "--namespace", self.space, "--values", str(self.values), "--no-hooks", *more)
        assert bool(done.stderr) >= bool(done.returncode)
        return done.stderr if done.returncode else ""

    def workloads(self) -> dict[str, dict[str, Any]]:
        found = [
            one for what in ("deployments", "statefulsets") for one in self.cluster.items(f"/apis/apps/v1/namespaces/{self.space}/{what}")
        ]
        return {one["metadata"]["name"].removeprefix("relay-im-relay-"): one for one in found}

    def secret_versions(self) -> dict[str, str]:
        return {
            name: one["spec"]["template"]["metadata"]["annotations"]["im-relay/secret-version"] for name, one in self.workloads().items()
        }

    def secret(self, content: dict[str, str], *, change: bool = False) -> None:
        path, body = f"/api/v1/namespaces/{self.space}/secrets", {"metadata": {"name": "accounts"}, "stringData": content}
        if change:
            self.cluster.patch(f"{path}/accounts", body)
        else:
            self.cluster.post(path, body)

    def admit(self, name: str, spec: dict[str, Any]) -> str:
        """What the API server has against a pod; empty where it would take it."""
        try:
            self.cluster.post(f"/api/v1/namespaces/{self.space}/pods?dryRun=All", {"metadata": {"name": name}, "spec": spec})
        except ApiError as error:
            return str(error)
        return ""


@pytest.fixture
def release(cluster: Cluster, tmp_path: Path) -> Release:
    return Release(cluster, tmp_path)


def test_a_missing_secret_and_a_missing_key_are_told_before_anything_is_there(release: Release) -> None:
    assert f'secrets.existing is "accounts", and there is no such Secret in namespace {release.space}' in release.helm("install")
    release.secret({key: value for key, value in SECRET.items() if key != "files-secret"})
    said = release.helm("install")
    assert 'has no key "files-secret", which the settings name as /etc/im-relay/secrets/files-secret' in said
    assert not any(content in said for content in SECRET.values())
    assert release.workloads() == {}
    release.secret({"files-secret": SECRET["files-secret"]}, change=True)
    assert "got number, want string" in release.helm("install", "--set", "settings.apps.new.account.org=1112")
    assert release.helm("install") == ""
    assert set(release.workloads()) == ROLES


def test_an_upgrade_after_a_secret_changed_rolls_deployments_and_statefulsets(release: Release) -> None:
    release.secret(SECRET)
    assert release.helm("install") == ""
    before = release.secret_versions()
    assert before.keys() == ROLES
    assert {one["kind"] for one in release.workloads().values() if "kind" in one} <= {"Deployment", "StatefulSet"}
    assert release.helm("upgrade") == ""
    assert release.secret_versions() == before, "nothing has changed"
    release.secret({"yunxin-app-secret": "another-secret-of-yunxin"}, change=True)
    assert release.helm("upgrade") == ""
    assert all(version != before[name] for name, version in release.secret_versions().items())


def test_volumes_of_another_size_are_refused_with_what_to_do(release: Release) -> None:
    release.secret(SECRET)
    assert release.helm("install") == ""
    said = release.helm("upgrade", "--set", "deliver.state.size=40Gi")
    assert "are 20Gi, and 40Gi is asked for" in said
    assert "Growing volumes" in said
    assert "are 100Gi, and 200Gi is asked for" in release.helm("upgrade", "--set", "files.volume.size=200Gi")
    assert release.helm("upgrade", "--set", "convert.replicas=3") == ""
    assert release.workloads()["convert"]["spec"]["replicas"] == 3


def test_every_pod_is_admitted_under_the_restricted_standard(release: Release) -> None:
    release.secret(SECRET)
    assert release.helm("install") == ""
    specs = {name: one["spec"]["template"]["spec"] for name, one in release.workloads().items()}
    done = release.cluster.helm(
        "template",
        "relay",
        CHART,
        "--kube-version",
        "1.34.4",
        "--namespace",
        release.space,
        "--values",
        str(release.values),
        "--show-only",
        "templates/topics.yaml",
    )
    (job,) = [one for one in yaml.safe_load_all(done.stdout) if one and one["kind"] == "Job"]
    specs["topics"] = job["spec"]["template"]["spec"]
    for name, spec in specs.items():
        claimed = {mount["name"] for each in spec["containers"] for mount in each.get("volumeMounts", [])} - {
            each["name"] for each in spec["volumes"]
        }
        spec["volumes"] += [{"name": volume, "emptyDir": {}} for volume in claimed]
        assert release.admit(f"try-{name}", spec) == ""
    loose = json.loads(json.dumps(specs["convert"]).replace('"runAsNonRoot": true', '"runAsNonRoot": false'))
    assert "violates PodSecurity" in release.admit("loose", loose), "or nobody looks"
