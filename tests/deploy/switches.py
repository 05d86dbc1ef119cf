"""Every value of the chart beside the settings, given another one than its default: in sets of those that need one another.

A test holds it against values.schema.json, so that a switch without a place here is seen.
"""

import json
from typing import Any

ROLES = ("ingress", "convert", "deliver", "media", "files", "gaps", "watch", "console", "migrate")
ALL = {"gaps.enabled": True, "migrate.platform": "easemob"}
"""Beside the chart's example, which has everything else switched on."""
RESOURCES = {"requests": {"cpu": "300m", "memory": "300Mi"}, "limits": {"memory": "900Mi"}}
PEERS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}}}]
SPREAD = {
    "maxSkew": 2,
    "topologyKey": "example.com/rack",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": {"app": "x"}},
}
AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["fast"]}]}]
        }
    }
}


def _placed(prefix: str) -> dict[str, Any]:
    given = {
        "nodeSelector": {"pool": "relay"},
        "tolerations": [{"key": "relay", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": AFFINITY,
        "topologySpreadConstraints": [SPREAD],
        "priorityClassName": "important",
        "env": [{"name": "EXTRA", "value": "there"}],
        "envFrom": [{"configMapRef": {"name": "more"}}, {"secretRef": {"name": "more"}}],
        "extraVolumes": [{"name": "more", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    }
    return {f"{prefix}{name}": value for name, value in given.items()}


def _ways_in(role: str, host: str) -> dict[str, dict[str, Any]]:
    service = {f"{role}.service.{key}": value for key, value in {"type": "NodePort", "port": 8888, "annotations": {"a": "b"}}.items()}
    route = {"enabled": True, "className": "other", "tlsSecret": "another", "annotations": {"c": "d"}, "maxBody": "2m", "host": host}
    gateway = {"enabled": True, "parentRefs": [{"name": "public", "namespace": "gateways"}], "host": host, "annotations": {"e": "f"}}
    gateway |= {"envoy": True, "maxBody": "2Mi", "sourceRanges": ["203.0.113.0/24"]}
    return {
        f"{role}: its Service": service,
        f"{role}: its Ingress": {f"{role}.route.{key}": value for key, value in (route | {"sourceRanges": ["203.0.113.0/24"]}).items()},
        f"{role}: its HTTPRoute": {f"{role}.gateway.{key}": value for key, value in gateway.items()},
    }


def _scaled(role: str, **more: Any) -> dict[str, Any]:
    return {f"{role}.autoscaling.{key}": value for key, value in ({"enabled": True, "min": 3, "max": 5} | more).items()}


SWITCHES: dict[str, dict[str, Any]] = {
    "image": {
        "image.repository": "example.com/relay",
        "image.tag": "2",
        "image.digest": f"sha256:{'0a' * 32}",
        "image.pullPolicy": "Always",
        "imagePullSecrets": [{"name": "pull"}],
    },
    "a Secret of ours": {"secrets.existing": "mine", "secrets.revision": "again", "secrets.lookup": False},
    "a Secret of the chart": {"secrets.values": {"yunxin-app-secret": "changed"}},
    "no job": {"check.enabled": False, "topics.create": False},
    "topics": {"topics.replication": 2, "topics.fix": False},
    "replicas": {
        "ingress.replicas": 4,
        "convert.replicas": 3,
        "deliver.replicas": 3,
        "media.replicas": 3,
        "migrate.replicas": 2,
        "ingress.autoscaling.enabled": False,
    },
    "ingress scales": _scaled("ingress", cpu=50),
    "convert scales": _scaled("convert", cpu=50),
    "media scales": _scaled("media", records=9, failing=0.25, prometheus="http://prometheus:9090"),
    "sizes": {
        "ingress.state.size": "2Gi",
        "convert.state.size": "2Gi",
        "media.state.size": "2Gi",
        "media.temporary.size": "5Gi",
        "gaps.state.size": "2Gi",
        "migrate.state.size": "9Gi",
        "deliver.state.size": "30Gi",
        "deliver.state.storageClass": "slow",
        "files.volume.size": "30Gi",
        "files.volume.storageClass": "slow",
    },
    "state in memory of nobody": {"deliver.state.persistent": False},
    "roles": {f"{role}.enabled": role == "gaps" for role in ("files", "gaps", "watch", "console")} | {"settings.media.carry": False},
    "another platform migrates": {"migrate.platform": "yunxin"},
    "time to end": {"terminationGracePeriodSeconds": 90},
    "policies": {
        "networkPolicy.callers": PEERS,
        "networkPolicy.readers": PEERS,
        "networkPolicy.visitors": PEERS,
        "networkPolicy.scrapers": PEERS,
        "networkPolicy.kafka.peers": PEERS,
        "networkPolicy.kafka.ports": [9094],
        "networkPolicy.dns.peers": PEERS,
        "networkPolicy.platforms.peers": PEERS,
        "networkPolicy.platforms.ports": [8443],
        "networkPolicy.media.peers": PEERS,
        "settings.tracing.enabled": True,
        "settings.tracing.endpoint": "http://collector.observability:4318/v1/traces",
        "settings.kafka.security.token_url": "https://login.example.com:8443/token",
        "settings.deliver.proxy": "http://proxy.inner:3129",
        "networkPolicy.tracing.peers": PEERS,
        "networkPolicy.tokens.peers": PEERS,
        "networkPolicy.proxies.peers": PEERS,
        "networkPolicy.proxies.ports": [3128],
        "networkPolicy.extraEgress": [{"ports": [{"protocol": "TCP", "port": 8500}]}],
        "networkPolicy.privateNetworks.ipv4": ["10.0.0.0/8"],
        "networkPolicy.privateNetworks.ipv6": ["fd00::/8"],
    },
    "no policies": {"networkPolicy.enabled": False},
    "monitoring": {
        "monitoring.serviceMonitor.interval": "30s",
        "monitoring.serviceMonitor.labels": {"watched": "by-this"},
        "monitoring.rules.runbooks": "https://wiki.example.com/relay",
        "monitoring.rules.labels": {"watched": "by-this"},
        "monitoring.dashboard.labels": {"folder": "chat"},
    },
    "no monitoring": {f"monitoring.{part}.enabled": False for part in ("serviceMonitor", "rules", "dashboard")},
    "an account of ours": {"serviceAccountName": "mine"},
    "an account of the chart": {"serviceAccount.create": True, "serviceAccount.annotations": {"role": "arn"}},
    "authorities": {"caBundle.configMap": "company", "caBundle.key": "all.pem"},
    "pods": {"podAnnotations": {"g": "h"}, "podLabels": {"team": "chat"}, "podSecurityContext": {"runAsUser": 1000650000}},
    "every role is placed": _placed(""),
    **{f"{role} is placed": _placed(f"{role}.") | {f"{role}.resources": RESOURCES} for role in ROLES},
    **_ways_in("ingress", "other.example.com"),
    **_ways_in("files", "other.example.com"),
    **_ways_in("console", "desk.example.com"),
}


def arguments(given: dict[str, Any]) -> list[str]:
    return [f"--set-json={key}={json.dumps(value)}" for key, value in given.items()]


def keys() -> set[str]:
    return {key for given in SWITCHES.values() for key in given}
