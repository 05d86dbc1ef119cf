"""Three KRaft nodes on this machine, each broker and controller, with three copies of everything."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from streams.kafka.local.data import DataDirectory, prepare
from streams.kafka.local.jars import classpath, java
from streams.kafka.local.node import HOST, command, settings
from streams.kafka.local.ports import free_port
from streams.kafka.local.process import spawn

NODES = 3
HEAP_MB = 256
PATIENCE = 90.0
COPIES = {
    "default.replication.factor": 3,
    "min.insync.replicas": 2,
    "offsets.topic.replication.factor": 3,
    "transaction.state.log.replication.factor": 3,
    "transaction.state.log.min.isr": 2,
    "unclean.leader.election.enable": "false",
    "replica.lag.time.max.ms": 5000,
    "broker.session.timeout.ms": 6000,
}


class Node:
    def __init__(self, number: int, root: Path, port: int, controller_port: int) -> None:
        self.name = f"broker-{number}"
        self.address = f"{HOST}:{port}"
        self.voter = f"{number}@{HOST}:{controller_port}"
        self._number, self._ports = number, (port, controller_port)
        self.data = DataDirectory(root / self.name)
        self._process: subprocess.Popen[bytes] | None = None

    def format(self, cluster_id: str, voters: str) -> None:
        self.data.records.mkdir(parents=True)
        self.data.log.parent.mkdir()
        given = dict(line.split("=", 1) for line in settings(self.data, *self._ports).splitlines())
        given |= {"node.id": str(self._number), "controller.quorum.voters": voters} | {name: str(value) for name, value in COPIES.items()}
        self.data.settings.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
        formatting = command(
            java(), classpath(), "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self.data.settings), brief=True
        )
        subprocess.run(formatting, check=True, capture_output=True)

    def start(self) -> None:
        with self.data.log.open("ab") as log:
            self._process = spawn(
                command(java(), classpath(), "kafka.Kafka", str(self.data.settings), heap_mb=HEAP_MB, brief=True), log, outlive=False
            )

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        if number == signal.SIGKILL:
            self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)


class Cluster:
    def __init__(self, root: Path) -> None:
        made = [Node(number, root, free_port(), free_port()) for number in range(1, NODES + 1)]
        self.nodes = made
        self.bootstrap = ",".join(node.address for node in made)
        voters = ",".join(node.voter for node in made)
        cluster_id = prepare(DataDirectory(root / "identity"))
        with ThreadPoolExecutor(NODES) as pool:
            list(pool.map(lambda node: node.format(cluster_id, voters), made))

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})  # that a broker is away is no news here

    def whole(self) -> bool:
        """Whether every partition has all its copies in step."""
        try:
            found = self._admin().list_topics(timeout=5)
        except KafkaException:
            return False
        parts = [part for topic in found.topics.values() for part in topic.partitions.values()]
        return len(found.brokers) == NODES and all(len(part.isrs) == len(part.replicas) for part in parts)

    def unclean(self, prefix: str) -> list[str]:
        """Topics of *prefix* whose partitions a broker may lead that lacks their last records."""
        return self._where(prefix, "unclean.leader.election.enable", lambda value: value != "false")

    def thin(self, prefix: str) -> list[str]:
        """Those that take a write which fewer than two brokers have."""
        return self._where(prefix, "min.insync.replicas", lambda value: int(value) < 2)

    def _where(self, prefix: str, setting: str, wrong: Callable[[str], bool]) -> list[str]:
        admin = self._admin()
        names = [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)]
        answers = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in names])
        return [asked.name for asked, answer in answers.items() if wrong(answer.result(10)[setting].value)]


@contextmanager
def three_brokers(root: Path) -> Iterator[Cluster]:
    root.mkdir(parents=True)
    cluster = Cluster(root)
    try:
        for node in cluster.nodes:
            node.start()
        end = time.monotonic() + PATIENCE
        while not cluster.whole():
            if time.monotonic() > end:
                raise TimeoutError(f"three brokers are not there after {PATIENCE:g} s; logs in {root}")
            time.sleep(0.2)
        yield cluster
    finally:
        for node in cluster.nodes:
            node.stop()
