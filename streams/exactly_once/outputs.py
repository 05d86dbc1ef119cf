"""What a transaction writes, how the cluster is reached for it, and how it can fail."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from aiokafka.errors import KafkaError

from streams.kafka.cluster import Where


class ProducerSettings(NamedTuple):
    """How producers reach the cluster."""

    bootstrap: Where
    transaction_timeout: float = 15.0
    """Seconds until the broker aborts what was left open."""
    request_timeout: float = 10.0
    """Seconds to wait for one answer of the broker."""
    max_batch: int = 900_000
    """Bytes of one record batch; under the broker's `max.message.bytes` of 1 MiB."""
    headers: Callable[[str], Iterable[tuple[str, bytes]]] = lambda _: ()
    """What every record of a topic carries, beside its own; a record that has such a header keeps it."""
    lean: bool = True
    """Whether brokers are asked for what they may not have; False: the way of brokers before Kafka 4, whatever they are."""


Headers = list[tuple[str, bytes]]
_NONE: Headers = []
Plain = tuple[bytes | None, bytes | None, Headers]


class OutputRecord(NamedTuple):
    """One record as a stage keeps it. `Outputs` holds plain tuples: they are made faster, and a million of them are made."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class Outputs:
    """What one transaction writes, by topic and partition, in order."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, int], list[Plain]] = defaultdict(list)
        self.committed: list[Callable[[Mapping[tuple[str, int], int]], None]] = []
        """Called with what `commit` answers, once it is: what was aborted leaves nothing behind."""

    def add(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers = _NONE) -> None:
        self.records[topic, partition].append((key, value, headers))

    def __len__(self) -> int:
        return sum(map(len, self.records.values()))


def stamped(outputs: Outputs, headers: Callable[[str], Iterable[tuple[str, bytes]]]) -> Outputs:
    """*outputs*, each record with the *headers* of its topic."""
    made = Outputs()
    for (topic, partition), records in outputs.records.items():
        stamp = list(headers(topic))
        made.records[topic, partition] = [(key, value, _joined(own, stamp)) for key, value, own in records] if stamp else records
    return made


def _joined(own: Headers, stamp: Headers) -> Headers:
    if not own:
        return stamp
    named = {name for name, _ in own}
    return [*own, *(one for one in stamp if one[0] not in named)]


class CoordinatorRefusesError(KafkaError):  # type: ignore[misc, unused-ignore]
    """Brokers answer, and the coordinator of a transactional id refuses to begin anything with it, again and again."""

    def __init__(self, name: str, seconds: float, refusal: str) -> None:
        super().__init__(f"brokers answer, and begin no transaction of {name} within {seconds:g} s: {refusal}")

    def __str__(self) -> str:
        return str(self.args[0])


class UnknownResultError(Exception):
    """A transaction ended without an answer that says how: it may have been committed."""


class WaitingError(UnknownResultError):
    """A task cannot work at present, and whoever has to know was told: it is tried again, and nothing is counted as a fault of the cluster."""


class FencedError(Exception):
    """Somebody else owns this task now: this worker was taken for dead."""


def first(error: BaseException) -> BaseException:
    """What went wrong, of an error or a group of them: Fenced before all others."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    found = [first(each) for each in error.exceptions]
    return next((each for each in found if isinstance(each, FencedError)), found[0])
