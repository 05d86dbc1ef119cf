"""Descriptions of the kinds that are of other projects, from their own modules: so the API server knows what the chart writes for them."""

from pathlib import Path
from typing import Any

import yaml

from tests.kubernetes.api import Api
from tests.kubernetes.binaries import module

KINDS = (
    ("sigs.k8s.io/gateway-api", "v1.4.0", "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"),
    ("github.com/kedacore/keda/v2", "v2.18.0", "config/crd/bases/keda.sh_scaledobjects.yaml"),
    (
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
    ),
    (
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
    ("github.com/envoyproxy/gateway", "v1.4.0", "charts/gateway-helm/crds/generated/gateway.envoyproxy.io_backendtrafficpolicies.yaml"),
    ("github.com/envoyproxy/gateway", "v1.4.0", "charts/gateway-helm/crds/generated/gateway.envoyproxy.io_securitypolicies.yaml"),
)
PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def learn(api: Api) -> None:
    """Teach *api* those kinds, and wait until they are served."""
    for name, version, file in KINDS:
        for one in yaml.safe_load_all(Path(module(name, version), file).read_text(encoding="utf-8")):
            if one and one["kind"] == "CustomResourceDefinition":
                api.post(PATH, one)
    api.until(PATH, lambda kinds: len(kinds) >= len(KINDS) and all(map(_served, kinds)))


def _served(kind: dict[str, Any]) -> bool:
    conditions = {each["type"]: each["status"] for each in kind.get("status", {}).get("conditions") or []}
    return conditions.get("Established") == "True"
