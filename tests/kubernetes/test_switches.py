"""Every switch of the chart before the API server: it takes each object as it is (strictly: no field that it does not know), warns of nothing, and so
would admit its pods under PodSecurity *restricted*. Kinds of other projects are judged by their own descriptions.
"""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests import quick_yaml
from tests.deploy.switches import ALL, SWITCHES, arguments
from tests.deploy.test_chart import template
from tests.kubernetes.api import ApiError, Thing
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.kinds import learn

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow]
PLURALS = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses", "BackendTrafficPolicy": "backendtrafficpolicies"} | {
    "SecurityPolicy": "securitypolicies"
}


class Judge:
    """What the API server has against objects; nothing of them stays."""

    def __init__(self, cluster: Cluster) -> None:
        self._api, self._space = cluster.api, f"judged-{uuid4().hex[:8]}"
        learn(self._api)
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        self._api.post("/api/v1/namespaces", {"metadata": {"name": self._space, "labels": labels}})
        self._api.until(f"/api/v1/namespaces/{self._space}/serviceaccounts", bool)

    def complaints(self, one: Thing) -> list[str]:
        group, kind = one["apiVersion"], one["kind"]
        plural = PLURALS.get(kind, f"{kind.lower()}s")
        where = f"/{'api' if group == 'v1' else 'apis'}/{group}/namespaces/{self._space}/{plural}"
        try:
            return self._api.judged(f"{where}?dryRun=All&fieldValidation=Strict", one)
        except ApiError as error:
            return [f"{kind} {one['metadata']['name']}: {error}"]


@pytest.fixture(scope="module")
def judge(cluster: Cluster) -> Judge:
    return Judge(cluster)


def rendered(given: dict[str, Any]) -> list[Thing]:
    done = template(*arguments(given), "--kube-version", "1.34.4")
    assert done.returncode == 0, done.stderr
    return [one for one in quick_yaml.load_all(done.stdout) if one]


@pytest.mark.parametrize("name", SWITCHES)
def test_the_api_server_takes_all_that_it_makes(judge: Judge, name: str) -> None:
    objects = rendered(ALL | SWITCHES[name])
    assert len(objects) > 15
    assert [each for one in objects for each in judge.complaints(one)] == []


def test_a_judge_who_takes_everything_would_be_none(judge: Judge) -> None:
    (convert,) = [one for one in rendered(ALL) if one["kind"] == "Deployment" and one["metadata"]["name"].endswith("-convert")]
    assert judge.complaints(convert) == []
    for wrong, said in (
        (json.dumps(convert).replace("containerPort", "containersPort"), "unknown field"),
        (json.dumps(convert).replace('"runAsNonRoot": true', '"runAsNonRoot": false'), "would violate PodSecurity"),
        (json.dumps(convert).replace('"maxSurge": 0', '"maxSurge": "some"'), "maxSurge"),
    ):
        (complaint, *_) = judge.complaints(json.loads(wrong))
        assert said in complaint
    for one in rendered(ALL | SWITCHES["ingress: its HTTPRoute"] | SWITCHES["media scales"]):
        if one["kind"] in ("HTTPRoute", "SecurityPolicy", "BackendTrafficPolicy", "ScaledObject", "ServiceMonitor", "PrometheusRule"):
            assert judge.complaints(one | {"spec": one["spec"] | {"nonsense": 1}}), f"{one['kind']} is judged by nobody"
