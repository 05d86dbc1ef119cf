"""Where the policies let roles go beside Kafka and the platforms, and whose numbers the pods run under."""

import json
from typing import Any

import pytest

from tests.deploy.test_chart import of, rendered
from tests.deploy.test_least import policies

PEERS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "observability"}}}]
TRACING = ("--set", "settings.tracing.enabled=true", "--set", "settings.tracing.endpoint=http://collector.observability:4318/v1/traces")
TOKENS = ("--set", "settings.kafka.security.token_url=https://login.inner:8443/token")
PROXIES = ("--set", "settings.deliver.proxy=http://proxy.inner:3128", "--set", "settings.media.proxy=http://proxy.inner:3129")


def ways(policy: dict[str, Any]) -> dict[int, Any]:
    """By port: to whom; None is anybody."""
    return {port["port"]: rule.get("to") for rule in policy["egress"] for port in rule["ports"]}


@pytest.mark.parametrize(
    ("given", "name", "port", "roles"),
    [
        (TRACING, "tracing", 4318, {"ingress", "convert", "deliver-easemob", "media"}),
        (TOKENS, "tokens", 8443, {"ingress", "convert", "deliver-easemob", "media"}),
        (PROXIES, "proxies", 3128, {"deliver-easemob", "media"}),
        (PROXIES, "proxies", 3129, {"media"}),
    ],
)
def test_there_is_a_way_to_what_the_settings_name(given: tuple[str, ...], name: str, port: int, roles: set[str]) -> None:
    every = {"ingress", "convert", "deliver-easemob", "media"}
    anybody = policies(rendered(*given))
    named = policies(rendered(*given, f"--set-json=networkPolicy.{name}.peers={json.dumps(PEERS)}"))
    without = policies(rendered())
    for role in every:
        assert port not in ways(without[role])
        assert (port in ways(anybody[role])) == (role in roles), role
        if role in roles:
            assert (ways(anybody[role])[port], ways(named[role])[port]) == (None, PEERS)
    assert named["files"]["egress"] == []


def test_whatever_else_is_needed_is_said_as_it_stands_in_a_policy() -> None:
    rule = {"ports": [{"protocol": "TCP", "port": 8500}], "to": PEERS}
    found = policies(rendered(f"--set-json=networkPolicy.extraEgress={json.dumps([rule])}"))
    assert all(rule in policy["egress"] for role, policy in found.items() if role != "files")
    assert found["files"]["egress"] == []


def test_a_cluster_may_give_users_and_groups_itself() -> None:
    none = {"runAsUser": None, "runAsGroup": None, "fsGroup": None}
    usual, given = rendered(), rendered(f"--set-json=podSecurityContext={json.dumps(none)}")
    kept = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    for kind in ("Deployment", "StatefulSet"):
        for one in of(given, kind):
            assert one["spec"]["template"]["spec"]["securityContext"] == kept
        for one in of(usual, kind):
            assert one["spec"]["template"]["spec"]["securityContext"] == kept | dict.fromkeys(none, 10001)
