"""The job before a release, run for real: its pod is made by the Job controller, placed by the scheduler, and its containers run as `tests.kubernetes.pod`
says, with the ConfigMap and the Secret that lie in the API server, against a real Kafka.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from streams.kafka import admin
from streams.kafka.cluster import Cluster as Kafka
from streams.kafka.topics import wanted
from tests.kubernetes import pod
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.hook_runner import HookRunner
from tests.kubernetes.release import DOUBLE, NAME, PARTITIONS, SECRET, SINGLE, Release

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.kafka]
JOB = f"{NAME}-im-relay-topics"


@pytest.fixture
def release(cluster: Cluster, tmp_path: Path, kafka: str) -> Iterator[Release]:
    if not pod.can():
        pytest.skip("root and util-linux are needed: the job before a release is NOT run")
    made = Release(cluster, tmp_path, {"settings": {"kafka": {"bootstrap": kafka, "prefix": f"{uuid4().hex[:8]}."}}})
    made.namespaced()
    made.secret(SECRET)
    yield made
    made.remove()


@pytest.fixture
def runner(release: Release, tmp_path: Path) -> Iterator[HookRunner]:
    folder = tmp_path / "pods"
    folder.mkdir()
    with HookRunner(release.api, release.space, folder) as running:
        yield running


def missing(release: Release) -> list[str]:
    """Topics that a relay of these settings needs, and that are not there."""
    kafka = json.loads((release.directory / "more.json").read_text())["settings"]["kafka"]
    topics = wanted(("easemob", "yunxin"), prefix=kafka["prefix"], partitions=PARTITIONS, min_insync=1)
    return [str(one) for one in asyncio.run(admin.checked(Kafka(kafka["bootstrap"]), topics, 1)).left]


def told(release: Release) -> str:
    """What `kubectl describe pod` shows of why the job failed."""
    (one,) = [each for each in release.pods("topics").values() if each["status"].get("phase") == "Failed"]
    statuses = [*one["status"].get("initContainerStatuses", []), *one["status"].get("containerStatuses", [])]
    return "".join(each["state"]["terminated"].get("message", "") for each in statuses)


def test_it_reads_the_settings_makes_the_topics_and_only_then_is_anything_installed(release: Release, runner: HookRunner) -> None:
    release.cluster.offer_volumes("1Gi", 5)
    assert len(missing(release)) > 10
    assert release.helm("install", hooks=True) == ""
    assert runner.ran == [("settings", 0), ("topics", 0)]
    assert missing(release) == []
    assert {role: len(pods) for role, pods in release.by_role().items()} == dict.fromkeys(SINGLE, 1) | dict.fromkeys(DOUBLE, 2)
    shown = json.loads(runner.log("settings"))  # nothing else is said: no name of a setting is an old one
    assert shown["kafka"]["partitions"] == PARTITIONS, "it was the real ConfigMap"
    assert not any(content in runner.log(name) for name in ("settings", "topics") for content in SECRET.values())
    assert not release.api.items(release.path("jobs")), "what has succeeded is cleared away"
    assert release.helm("upgrade", hooks=True) == ""
    assert runner.ran[2:] == [("settings", 0), ("topics", 0)]


def test_settings_that_only_the_relay_itself_can_judge_stop_an_upgrade_before_anything_has_changed(
    release: Release, runner: HookRunner
) -> None:
    release.cluster.offer_volumes("1Gi", 5)
    assert release.helm("install") == ""
    before = {name: one["metadata"]["uid"] for name, one in release.ready().items()}
    config = release.api.get(f"{release.path('configmaps')}/{NAME}-im-relay")["data"]
    said = release.helm("upgrade", "--set", "settings.deliver.backoff=500", "--set", "image.tag=two", hooks=True)
    assert f"job {JOB} failed" in said
    assert runner.ran == [("settings", 2)], "once: wrong settings stay wrong"
    assert "deliver.backoff is 500, more than deliver.backoff_max" in told(release)
    assert {name: one["metadata"]["uid"] for name, one in release.ready().items()} == before
    assert release.api.get(f"{release.path('configmaps')}/{NAME}-im-relay")["data"] == config
    assert release.helm("upgrade", hooks=True) == "", "and once they are mended, all is well"


def test_a_secret_that_is_too_short_stops_an_installation_and_is_not_quoted(release: Release, runner: HookRunner) -> None:
    release.secret({"marks-secret": "2short-to-sign"}, change=True)
    assert f"job {JOB} failed" in release.helm("install", hooks=True)
    assert runner.ran == [("settings", 2)]
    assert "marks: secret has 14 characters" in told(release)
    assert "2short-to-sign" not in told(release) + runner.log("settings")
    assert release.workloads() == {}


def test_a_key_that_is_missing_is_told_where_helm_may_not_look(release: Release, runner: HookRunner) -> None:
    release.api.patch(f"{release.path('secrets')}/accounts", {"data": {"easemob-client-secret": None}})
    assert f"job {JOB} failed" in release.helm("install", "--set", "secrets.lookup=false", hooks=True)
    assert runner.ran == [("settings", 2)]
    assert "/etc/im-relay/secrets/easemob-client-secret" in told(release)
    assert release.workloads() == {}
