"""The directory of a local node: what lies in it, and whether it may be used."""

import base64
import uuid
from pathlib import Path

import msgspec

from converters.core.localized import localized
from streams.kafka.local.errors import DataUnusableError

NODE_ID = 1


class DataDirectory(msgspec.Struct, frozen=True):
    root: Path

    @property
    def records(self) -> Path:
        return self.root / "kafka"

    @property
    def log(self) -> Path:
        return self.root / "logs" / "broker.log"

    @property
    def settings(self) -> Path:
        return self.root / "server.properties"

    @property
    def pid(self) -> Path:
        return self.root / "broker.pid"

    @property
    def cluster(self) -> Path:
        """Our mark: the id of the cluster that this directory was made for."""
        return self.root / "cluster-id"

    @property
    def formatted(self) -> bool:
        return (self.records / "meta.properties").is_file()


def prepare(data: DataDirectory) -> str:
    """Make the directory if it is new, and give its cluster id. Raises DataUnusableError."""
    try:
        if not data.cluster.is_file():
            _claim(data)
        cluster_id = data.cluster.read_text().strip()
        data.log.parent.mkdir(exist_ok=True)
        if data.formatted:
            _compare(data, cluster_id)
    except (OSError, UnicodeDecodeError) as error:
        raise DataUnusableError(
            seen=localized(
                "{root} cannot be used ({error})", root=data.root, error=getattr(error, "strerror", None) or type(error).__name__
            ),
            expected=localized("a directory that this user may read and write"),
            change=localized("--data, or its owner and rights"),
        ) from error
    return cluster_id


def _claim(data: DataDirectory) -> None:
    data.root.mkdir(parents=True, exist_ok=True)
    if others := sorted(path.name for path in data.root.iterdir()):
        raise DataUnusableError(
            seen=localized("{root} holds files of something else ({others})", root=data.root, others=", ".join(others[:3])),
            expected=localized("an empty directory, or one that im-relay kafka has made"),
            change=localized("--data"),
        )
    # As Kafka writes its ids: URL-safe base64 without padding, and no dash in front.
    fresh = next(text for text in iter(_random_id, "") if not text.startswith("-"))
    data.cluster.write_text(fresh + "\n")


def _random_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _compare(data: DataDirectory, cluster_id: str) -> None:
    meta = data.records / "meta.properties"
    lines = (line.partition("=") for line in meta.read_text().splitlines() if not line.startswith("#"))
    seen = {name.strip(): value.strip() for name, _, value in lines}
    for name, expected in {"cluster.id": cluster_id, "node.id": str(NODE_ID)}.items():
        if seen.get(name) != expected:
            raise DataUnusableError(
                seen=localized("{meta} was written for {name} {seen}", meta=meta, name=name, seen=seen.get(name, "unknown")),
                expected=localized("{name} {expected}, as {cluster} says", name=name, expected=expected, cluster=data.cluster),
                change=localized("--data; or put back the directory that belongs there"),
            )
