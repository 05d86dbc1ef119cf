"""Where a replay is kept so that it can be resumed: in the topic `replays`, or in a directory of the person's own.

The topic outlives the pod in which the command ran, and needs no place to write.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec
from aiokafka import TopicPartition

from converters.core.localized import localized
from streams.exactly_once.producers import FencedError, Outputs, Producers, ProducerSettings, UnknownResultError
from streams.kafka import permissions, record_kinds, topics
from streams.kafka.acls import AclGrant
from streams.kafka.cluster import cluster_of
from streams.kafka.record_kinds import TooNewError
from streams.operate.replay_spec import VERSION, ReplaySpec
from streams.operate.topic_reader import OperateError, TopicReader

SHOWN = 20
"""Replays that are named where another is not found: the newest."""


class TopicStore:
    """The topic of this *prefix*; *link* is only used to write."""

    def __init__(self, link: ProducerSettings, prefix: str) -> None:
        self._link, self._prefix = link, prefix
        self._topic = topics.REPLAYS.name(prefix=prefix)

    async def require(self, reader: TopicReader) -> None:
        """Raises OperateError where `save` could not write."""
        reader.partitions(self._topic)
        grants = [AclGrant("topic", self._topic, "Write"), AclGrant("transactional-id", f"{self._prefix}operate.replays", "Write")]
        if lacking := await reader.lacking(grants):
            raise OperateError(permissions.told(cluster_of(self._link.bootstrap), lacking))

    async def save(self, spec: ReplaySpec) -> None:
        """Raises OperateError."""
        producers = Producers(self._link, f"{self._prefix}operate.replays", "")
        try:
            await producers.start()
            outputs = Outputs()
            outputs.add(self._topic, 0, spec.id.encode(), dump(spec))
            await producers.commit(outputs, {})
        except (UnknownResultError, FencedError) as error:
            raise OperateError(
                localized(
                    "the replay may not have been kept in {topic} ({error}), and was not begun: say it again",
                    topic=self._topic,
                    error=error,
                )
            ) from None
        finally:
            await producers.close()

    async def saved(self, reader: TopicReader, name: str) -> ReplaySpec:
        """Raises OperateError."""
        known: dict[str, bytes] = {}
        tps = [tp for tp in reader.partitions(self._topic) if tp == TopicPartition(self._topic, 0)]
        async for record in reader.records(await reader.spans(tps)):
            with suppress(UnicodeDecodeError, TooNewError):
                record_kinds.check(self._topic, record.headers)
                known[(record.key or b"").decode()] = record.value or b""
        if name not in known:
            raise _unknown(name, self._topic, list(known)[-SHOWN:])
        return _read(known[name], f"replay {name} in {self._topic}")


class DirectoryStore:
    """Files in *directory*."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def require(self, reader: TopicReader) -> None:
        """Raises OperateError where `save` could not write."""
        del reader
        at = self._directory.absolute()
        while not at.exists() and at != at.parent:
            at = at.parent
        # Whether a file system is mounted read-only is known to access(2), too.
        if not at.is_dir() or not os.access(at, os.W_OK | os.X_OK):
            raise OperateError(
                localized(
                    "--state is {directory}, and {at} cannot be written to: name another directory, or leave --state out: replays are then kept in Kafka",
                    directory=self._directory,
                    at=at,
                )
            )

    async def save(self, spec: ReplaySpec) -> None:
        """Raises OperateError."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            (self._directory / f"{spec.id}.json").write_bytes(msgspec.json.format(dump(spec), indent=2))
        except OSError as error:
            raise OperateError(
                localized(
                    "--state is {directory}: {strerror}; the replay was not begun", directory=self._directory, strerror=error.strerror
                )
            ) from None

    async def saved(self, reader: TopicReader, name: str) -> ReplaySpec:
        """Raises OperateError."""
        del reader
        try:
            raw = (self._directory / f"{name}.json").read_bytes()
        except OSError:
            known: list[str] = []
            with suppress(OSError):
                known = sorted(path.stem for path in self._directory.glob("*.json"))
            raise _unknown(name, str(self._directory), known[-SHOWN:]) from None
        return _read(raw, f"{self._directory / name}.json")


def store(link: ProducerSettings, prefix: str, directory: Path | None) -> TopicStore | DirectoryStore:
    """That of *directory*, where one is named."""
    return DirectoryStore(directory) if directory else TopicStore(link, prefix)


def dump(spec: ReplaySpec) -> bytes:
    return msgspec.json.encode(spec)


def load(raw: bytes) -> ReplaySpec:
    """Raises msgspec.DecodeError."""
    return msgspec.json.decode(raw, type=ReplaySpec)


def _unknown(name: str, where: str, known: list[str]) -> OperateError:
    return OperateError(
        localized("no replay {name} in {where}; there are: {known}", name=name, where=where, known=", ".join(known) or localized("none"))
    )


def _read(raw: bytes, where: str) -> ReplaySpec:
    try:
        spec = load(raw)
    except msgspec.DecodeError as error:
        raise OperateError(localized("{where} is not a replay: {error}", where=where, error=error)) from None
    if spec.version > VERSION:
        raise OperateError(
            localized(
                "{where} has version {version}; this release reads up to {known}: upgrade it",
                where=where,
                version=spec.version,
                known=VERSION,
            )
        )
    return spec
