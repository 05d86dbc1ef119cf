"""The settings and the command lines of a single KRaft node."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from streams.kafka.local.data import NODE_ID, DataDirectory

HOST = "127.0.0.1"


def settings(
    data: DataDirectory, port: int, controller_port: int, behind: Mapping[int, int] | None = None, more: Mapping[str, object] | None = None
) -> str:
    """Broker and controller in one, for this machine only; *behind* and *more* as in `LocalKafka`. Source: Apache Kafka, "Broker Configs"."""
    known = [(f"BEHIND{listens}", listens, at) for listens, at in (behind or {}).items()]
    values = {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        # Static voters: the port may change between two starts on the same data.
        "controller.quorum.voters": f"{NODE_ID}@{HOST}:{controller_port}",
        "listeners": ",".join(
            [f"PLAINTEXT://{HOST}:{port}", *(f"{name}://{HOST}:{at}" for name, at, _ in known), f"CONTROLLER://{HOST}:{controller_port}"]
        ),
        "advertised.listeners": ",".join([f"PLAINTEXT://{HOST}:{port}", *(f"{name}://{HOST}:{at}" for name, _, at in known)]),
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": ",".join(
            f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *(name for name, _, _ in known))
        ),
        "log.dirs": data.records.resolve(),
        "auto.create.topics.enable": "false",
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 8,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "log.retention.hours": 168,
    }
    return "".join(f"{name}={value}\n" for name, value in (values | dict(more or {})).items())


# Java compiles well what runs long, for the first minutes at the cost of a core. Source: Java HotSpot VM options.
_BRIEF = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def command(java: Path, jars: Iterable[Path], main: str, *arguments: str, heap_mb: int = 256, brief: bool = False) -> list[str]:
    """*brief*: for a process that lives for minutes; it is soon as fast as it will be, and later slower than without."""
    return [
        str(java),
        *(_BRIEF if brief else ()),
        f"-Xmx{heap_mb}m",
        f"-Xms{min(heap_mb, 256)}m",
        "-Djava.awt.headless=true",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        "-Dorg.slf4j.simpleLogger.log.state.change.logger=warn",
        "-cp",
        ":".join(map(str, jars)),
        main,
        *arguments,
    ]
