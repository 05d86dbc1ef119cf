"""Faults of a cluster of three brokers, which none but two watchers look at: one where each topic has three copies, one where it has one."""

import signal

from streams.kafka.local.jars import classpath, java
from streams.kafka.local.node import command
from tests import succeeding
from tests.chaos.alerts.fault import Fault, fires
from tests.chaos.alerts.prometheus import Prometheus
from tests.chaos.alerts.scene import SECRET, Scene
from tests.chaos.cluster import Cluster, Node, three_brokers

COPIES = {"three-copies": 3, "one-copy": 1}
"""By namespace of its watcher."""


def faults(scene: Scene, prometheus: Prometheus) -> list[Fault]:
    there = ThreeBrokers(scene, prometheus)
    nobody_works = tuple(fires("ImRelayPartitionsUnowned", namespace=name) for name in COPIES)
    return [
        Fault(
            "one-of-three",
            "one of three brokers is killed; of some topics it had the only copy",
            (fires("ImRelayKafkaUnderReplicated", namespace="three-copies"), fires("ImRelayKafkaPartitionsOffline", namespace="one-copy")),
            there.kill,
            there.bring_back,
            ready=there.start,
            beside=nobody_works,
        ),
        Fault(
            "broker-quota",
            "the brokers give their clients a hundredth of a percent of a thread",
            (fires("ImRelayBrokersThrottle", namespace="three-copies"),),
            lambda: there.quota("--add-config", "request_percentage=0.01"),
            lambda: there.quota("--delete-config", "request_percentage"),
            ready=there.start,
            after=("one-of-three",),
            beside=(*nobody_works, *(fires("ImRelayBrokersThrottle", namespace=name) for name in COPIES)),
        ),
    ]


class ThreeBrokers:
    def __init__(self, scene: Scene, prometheus: Prometheus) -> None:
        self._scene = scene
        self._prometheus = prometheus
        self._cluster: Cluster | None = None
        self._killed: Node | None = None

    @property
    def cluster(self) -> Cluster:
        assert self._cluster is not None
        return self._cluster

    def start(self) -> None:
        """The first time; they stay until the scene ends."""
        if self._cluster is not None:
            return
        self._cluster = self._scene.enter(three_brokers(self._scene.directory / "three"))
        for name, copies in COPIES.items():
            settings = self._scene.directory / f"{name}.toml"
            settings.write_text(self._toml(name), encoding="utf-8")
            self._scene.command("topics", "create", "--replication", str(copies), settings=settings)
            role = self._scene.add(f"watch-{name}", ["watch"], settings)
            self._scene.wait_ready(role)
        self._prometheus.listed(self._scene)

    def kill(self) -> None:
        self._killed = self.cluster.nodes[0]
        self._killed.send(signal.SIGKILL)

    def bring_back(self) -> None:
        if self._killed is not None:
            self._killed.start()

    def _toml(self, name: str) -> str:
        account = f'account = {{secret = "{SECRET}", base_url = "http://127.0.0.1:9", path = '
        apps = "".join(f'[apps.{one}]\nplatform = "own"\ntarget = "{other}"\n{account}"/{one}"}}\n' for one, other in ("ab", "ba"))
        kafka = f'bootstrap = "{self.cluster.bootstrap}"\nprefix = "{name}."\npartitions = 3\n'
        return f'[kafka]\n{kafka}[observe]\nhost = "127.0.0.1"\n[media]\ncarry = false\n{apps}'

    def quota(self, *words: str) -> None:
        """Of all clients together that have no name of their own."""
        asked = ("--bootstrap-server", self.cluster.bootstrap, "--alter", *words, "--entity-type", "clients", "--entity-default")
        succeeding.run(command(java(), classpath(), "kafka.admin.ConfigCommand", *asked, brief=True), "no quota was set", patience=90)
