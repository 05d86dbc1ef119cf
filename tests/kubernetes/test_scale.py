"""More and fewer workers, and a node that is emptied: by the autoscaler, the budgets and the eviction of a real control plane."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.kubernetes.api import ApiError, Thing, component, is_ready
from tests.kubernetes.cluster import NODES
from tests.kubernetes.metrics import Metrics
from tests.kubernetes.release import DOUBLE, NAME, PARTITIONS, Release

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow]
SCALED = ("--set", f"convert.autoscaling.enabled=true,convert.autoscaling.min=2,convert.autoscaling.max={PARTITIONS}")


@pytest.fixture
def installed(release: Release) -> Iterator[Release]:
    release.cluster.offer_volumes("1Gi", 9)
    assert release.helm("install") == ""
    yield release
    for node in NODES:
        release.api.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})


def test_more_workers_come_with_volumes_of_their_own_and_go_without_losing_them(installed: Release) -> None:
    before = {name: one["metadata"]["uid"] for name, one in installed.ready().items()}
    assert installed.helm("upgrade", "--set", f"deliver.replicas={PARTITIONS},convert.replicas={PARTITIONS},ingress.replicas=3") == ""
    counts = {role: len(pods) for role, pods in installed.by_role().items()}
    assert (counts["deliver-yunxin"], counts["deliver-easemob"], counts["convert"], counts["ingress"]) == (
        PARTITIONS,
        PARTITIONS,
        PARTITIONS,
        3,
    )
    assert before.items() <= {name: one["metadata"]["uid"] for name, one in installed.ready().items()}.items(), "none of them was moved"
    claims = {name: one["spec"]["volumeName"] for name, one in installed.claims().items() if "deliver" in name}
    assert len(set(claims.values())) == 2 * PARTITIONS
    assert installed.helm("upgrade") == ""
    installed.api.until(installed.path("pods"), lambda pods: sum(component(one) == "deliver-yunxin" for one in pods) == 2)
    assert {name: one["spec"]["volumeName"] for name, one in installed.claims().items() if "deliver" in name} == claims


def test_more_than_partitions_are_refused_and_nothing_has_changed(installed: Release) -> None:
    before = set(installed.ready())
    assert f"deliver.replicas is {PARTITIONS + 1}, more than the {PARTITIONS}" in installed.helm(
        "upgrade", "--set", f"deliver.replicas={PARTITIONS + 1}"
    )
    assert set(installed.ready()) == before


def test_the_autoscaler_takes_over_without_a_jump_and_adds_one_worker_at_a_time(installed: Release) -> None:
    assert installed.helm("upgrade", "--set", "convert.replicas=3") == ""
    three = set(installed.ready("convert"))
    assert len(three) == 3
    with Metrics(installed.api, installed.space) as metrics:
        metrics.used = lambda pod: 175 if component(pod) == "convert" else 0  # of 250: 70 %, as it should be
        assert installed.helm("upgrade", *SCALED) == ""
        installed.api.until(installed.path("horizontalpodautoscalers"), lambda seen: any(map(_active, seen)))
        assert set(installed.ready("convert")) == three, "each change of the number moves partitions"
        assert _rescaled(installed) == []
        metrics.used = lambda pod: 2000 if component(pod) == "convert" else 0
        installed.api.until(installed.path("events"), lambda events: [one for one in events if one["reason"] == "SuccessfulRescale"])
        assert _rescaled(installed)[0].startswith(f"New size: {PARTITIONS};")
        assert installed.helm("upgrade", *SCALED) == ""
        installed.api.until(
            installed.path("pods"), lambda pods: sum(component(one) == "convert" and is_ready(one) for one in pods) == PARTITIONS
        )
        assert len(_rescaled(installed)) == 1, "an upgrade leaves the number to the autoscaler, which goes no further than partitions"


def test_a_node_is_emptied_with_one_worker_of_a_role_away_at_a_time(installed: Release) -> None:
    emptied = NODES[0]
    installed.api.patch(f"/api/v1/nodes/{emptied}", {"spec": {"unschedulable": True}})
    there = {name: component(one) for name, one in installed.ready().items() if one["spec"]["nodeName"] == emptied}
    assert len(DOUBLE & set(there.values())) >= 3
    for name, role in there.items():
        evict(installed, name)
        others = [each for each in installed.ready(role) if each != name]
        if role in DOUBLE:
            assert others, f"{role}: all of them were away"
            with pytest.raises(ApiError) as refused:
                evict(installed, others[0])
            assert refused.value.code == 429, "its budget is used up until the other one is back"
        installed.api.until(installed.path("pods"), partial(_back, role=role, emptied=emptied, gone=name))
        _budget(installed, role)
    assert not [one for one in installed.ready().values() if one["spec"]["nodeName"] == emptied]


def evict(release: Release, name: str) -> None:
    """As `kubectl drain` does. Raises ApiError."""
    release.api.post(
        f"{release.path('pods')}/{name}/eviction",
        {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": release.space}},
    )


def _back(pods: list[Thing], role: str, emptied: str, gone: str) -> bool:
    mine = [one for one in pods if component(one) == role]
    return len(mine) == (2 if role in DOUBLE else 1) and all(
        is_ready(one) and (one["metadata"]["name"] != gone or one["spec"]["nodeName"] != emptied) for one in mine
    )


def _budget(release: Release, role: str) -> None:
    """Waits until the controller of budgets has seen it."""
    if role in DOUBLE:
        release.api.until(
            release.path("poddisruptionbudgets"),
            lambda budgets: any(one["metadata"]["name"].endswith(role) and one["status"]["disruptionsAllowed"] == 1 for one in budgets),
        )


def _active(scaler: Thing) -> bool:
    return any(each["type"] == "ScalingActive" and each["status"] == "True" for each in scaler.get("status", {}).get("conditions", []))


def _rescaled(release: Release) -> list[str]:
    events = release.api.items(release.path("events"))
    return [
        one["message"]
        for one in events
        if one["reason"] == "SuccessfulRescale" and one["involvedObject"]["name"] == f"{NAME}-im-relay-convert"
    ]
