"""The life of a release: installed, changed, rolled back, another secret, larger volumes, gone; by what real controllers make of the chart."""

import pytest

from tests.kubernetes.api import Thing, component, is_ready
from tests.kubernetes.release import DOUBLE, NAME, SINGLE, STATEFUL, Release

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow]
ROLES = SINGLE | DOUBLE
CLAIMS = {f"state-{NAME}-im-relay-{role}-{number}" for role in STATEFUL - {"files"} for number in (0, 1)} | {
    f"files-{NAME}-im-relay-files-0"
}


@pytest.fixture
def installed(release: Release) -> Release:
    release.cluster.offer_volumes("1Gi", len(CLAIMS))
    assert release.helm("install") == ""
    return release


def versions(release: Release) -> dict[str, str]:
    """Which template the ready pods of each role are of."""
    found = {}
    for role, pods in release.by_role().items():
        (found[role],) = {one["metadata"]["annotations"].get("im-relay/secret-version", "") for one in pods}
    return found


def images(release: Release) -> set[str]:
    return {one["spec"]["containers"][0]["image"].rpartition(":")[2] for one in release.ready().values()}


def test_every_pod_is_admitted_placed_and_given_its_volume(installed: Release) -> None:
    pods = installed.by_role()
    assert {role: len(found) for role, found in pods.items()} == dict.fromkeys(SINGLE, 1) | dict.fromkeys(DOUBLE, 2)
    for role in DOUBLE:
        assert len({one["spec"]["nodeName"] for one in pods[role]}) == 2, f"{role}: one node less would take all of them"
    claims = installed.claims()
    assert set(claims) == CLAIMS
    assert {one["status"]["phase"] for one in claims.values()} == {"Bound"}
    for one in installed.ready().values():
        assert {each["name"] for each in one["spec"]["containers"][0]["volumeMounts"]} == {
            each["name"] for each in one["spec"]["volumes"]
        }, "and no token of Kubernetes beside them"
    budgets = installed.api.until(
        installed.path("poddisruptionbudgets"), lambda all_: all_ if all(one["status"].get("currentHealthy") for one in all_) else []
    )
    assert {one["metadata"]["name"].removeprefix(f"{NAME}-im-relay-"): one["status"]["expectedPods"] for one in budgets} == dict.fromkeys(
        DOUBLE, 2
    ) | {"files": 1}


def test_services_lead_to_the_pods_of_their_role_and_every_pod_is_measured(installed: Release) -> None:
    def led(service: str) -> set[str]:
        slices = installed.api.items(
            f"/apis/discovery.k8s.io/v1/namespaces/{installed.space}/endpointslices",
            {"kubernetes.io/service-name": f"{NAME}-im-relay-{service}"},
        )
        return {each["targetRef"]["name"] for one in slices for each in one["endpoints"] or ()}

    for service in ("ingress", "files", "console"):
        assert led(service) == set(installed.ready(service))
    assert led("metrics") == set(installed.ready())


def test_an_upgrade_rolls_each_role_and_keeps_the_ingress_whole(installed: Release) -> None:
    before = installed.ready()
    rolled = Watched(installed)
    assert installed.helm("upgrade", "--set", "image.tag=two") == ""
    assert images(installed) == {"two"}
    assert not {one["metadata"]["uid"] for one in installed.ready().values()} & {one["metadata"]["uid"] for one in before.values()}
    least, most = rolled.extremes()
    assert least["ingress"] == 2, "callbacks are taken by as many as before at every moment"
    assert {role: (least[role], most[role]) for role in DOUBLE - {"ingress"}} == dict.fromkeys(DOUBLE - {"ingress"}, (1, 2)), (
        "partitions move once for each worker: one is away at a time, and none beyond comes"
    )
    assert {name: one["spec"]["volumeName"] for name, one in installed.claims().items()} == {
        name: one["spec"]["volumeName"] for name, one in rolled.claims.items()
    }, "with the volumes that they had"


def test_an_upgrade_that_never_becomes_ready_takes_one_worker_of_each_role_and_is_rolled_back(installed: Release) -> None:
    said = installed.helm("upgrade", "--set", "image.tag=broken", "--timeout=20s")
    assert "context deadline exceeded" in said
    left = {role: len(pods) for role, pods in installed.by_role().items()}
    assert left["ingress"] == 2
    assert {role: left[role] for role in DOUBLE - {"ingress"}} == dict.fromkeys(DOUBLE - {"ingress"}, 1)
    assert images(installed) == {"one"}
    assert installed.roll_back(1) == ""
    assert {role: len(pods) for role, pods in installed.by_role().items()} == dict.fromkeys(SINGLE, 1) | dict.fromkeys(DOUBLE, 2)
    assert images(installed) == {"one"}


def test_a_changed_secret_rolls_deployments_and_statefulsets_at_the_next_upgrade(installed: Release) -> None:
    before, uids = versions(installed), {one["metadata"]["uid"] for one in installed.ready().values()}
    assert set(before) == ROLES
    assert installed.helm("upgrade") == ""
    assert {one["metadata"]["uid"] for one in installed.ready().values()} == uids, "nothing has changed"
    installed.secret({"yunxin-app-secret": "another-secret-of-yunxin"}, change=True)
    assert installed.helm("upgrade") == ""
    after = versions(installed)
    assert set(after) == ROLES
    assert all(after[role] != before[role] for role in ROLES)
    assert not {one["metadata"]["uid"] for one in installed.ready().values()} & uids
    known = installed.api.get(f"{installed.path('secrets')}/accounts")["metadata"]["resourceVersion"]
    assert set(after.values()) == {known}


def test_volumes_stay_when_the_release_goes_and_are_found_again(installed: Release) -> None:
    before = installed.claims()
    assert installed.uninstall() == ""
    installed.api.until(installed.path("pods"), lambda pods: not pods)
    assert {name: one["metadata"]["uid"] for name, one in installed.claims().items()} == {
        name: one["metadata"]["uid"] for name, one in before.items()
    }
    assert installed.helm("install") == ""
    assert {name: one["spec"]["volumeName"] for name, one in installed.claims().items()} == {
        name: one["spec"]["volumeName"] for name, one in before.items()
    }


def test_volumes_are_grown_as_the_readme_says_while_the_pods_go_on(installed: Release) -> None:
    said = installed.helm("upgrade", "--set", "deliver.state.size=2Gi")
    assert "are 1Gi, and 2Gi is asked for" in said
    assert "Growing volumes" in said
    uids = {name: one["metadata"]["uid"] for name, one in installed.ready().items()}
    for role in sorted(STATEFUL - {"files"}):
        for claim in [name for name in installed.claims() if name.startswith(f"state-{NAME}-im-relay-{role}-")]:
            installed.api.patch(
                f"{installed.path('persistentvolumeclaims')}/{claim}", {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
            )
        installed.api.delete(f"{installed.path('statefulsets')}/{NAME}-im-relay-{role}?propagationPolicy=Orphan")
    installed.api.until(
        installed.path("statefulsets"), lambda sets: {one["metadata"]["name"] for one in sets} == {f"{NAME}-im-relay-files"}
    )
    assert installed.helm("upgrade", "--set", "deliver.state.size=2Gi") == ""
    assert {name: one["metadata"]["uid"] for name, one in installed.ready().items()} == uids, "its pods went on"
    sets = {name: one["metadata"]["uid"] for name, one in installed.workloads().items()}
    for name, one in installed.ready().items():
        if component(one) in STATEFUL:
            (owner,) = one["metadata"]["ownerReferences"]
            assert owner["uid"] == sets[component(one)], name


class Watched:
    """How many pods of each role were ready, at the least and at the most, from when this was made until `extremes`."""

    def __init__(self, release: Release) -> None:
        self._release = release
        seen = release.api.get(release.path("pods"))
        self._version = seen["metadata"]["resourceVersion"]
        self._pods: dict[str, Thing] = {one["metadata"]["name"]: one for one in seen["items"]}
        self.claims = release.claims()

    def extremes(self) -> tuple[dict[str, int], dict[str, int]]:
        least = most = self._count()
        for event in self._release.api.changes(self._release.path("pods"), self._version, 2):
            one = event["object"]
            if event["type"] == "DELETED":
                self._pods.pop(one["metadata"]["name"], None)
            else:
                self._pods[one["metadata"]["name"]] = one
            now = self._count()
            least = {role: min(count, now.get(role, 0)) for role, count in least.items()}
            most = {role: max(count, now.get(role, 0)) for role, count in most.items()}
        return least, most

    def _count(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in self._pods.values():
            if is_ready(one):
                found[component(one)] = found.get(component(one), 0) + 1
        return found
