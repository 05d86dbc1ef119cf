"""What a cycle writes: the ends of events for the ledger, and dead letters."""

import time
from zlib import crc32

from aiokafka import TopicPartition

from converters.model import Echo
from converters.outcome import Delivered, NotSent, Refused, Unsure
from streams import dead, metrics
from streams.dead import DeadLetter, Whose
from streams.deliver import ledger
from streams.deliver.conversations import Open
from streams.deliver.surroundings import Names
from streams.exact.producers import Outputs, Record

STAGE = "deliver"
Pair = tuple[bytes, bytes]


def ended(event: Open) -> Pair:
    """The ledger's entry of an event that has ended."""
    assert event.outcome is not None
    entry = ledger.Ended(
        outcome=event.outcome, target=event.delivery.target, at=_now(), attempts=event.attempts, by=event.by
    )
    return event.delivery.event.id.encode(), ledger.dump(entry)


def intent(event: Open, part: int) -> Pair:
    """The ledger's entry of a request that may leave once it is committed."""
    entry = ledger.Intent(target=event.delivery.target, at=_now(), part=part, attempt=event.attempts + 1)
    return event.delivery.event.id.encode(), ledger.dump(entry)


def echoed(echo: Echo) -> Pair:
    """The ledger's entry of an event of which only the target's callback is known to this worker."""
    entry = ledger.Ended(outcome=Delivered(echo.remote_id, echo.at), target=echo.target, at=_now(), by="echo")
    return echo.event.encode(), ledger.dump(entry)


def verdict(event: Open) -> tuple[str, str, Whose] | None:
    """(cause, detail, whose) where *event* ended as a dead letter."""
    match event.outcome:
        case Refused(reason=reason) if reason.startswith("defect:"):
            return "defect", reason, "ours"
        case Refused(reason=reason):
            return "refused", reason, "theirs"
        case NotSent(reason=reason):
            return "gave-up", reason, "theirs"
        case Unsure(reason=reason):
            return "in-doubt", reason, "theirs"
        case _:
            return None


def bury(
    outputs: Outputs, names: Names, source: TopicPartition, offset: int, raw: Record, event: bytes, verdict: tuple[str, str, Whose],
    attempts: int,
) -> None:  # fmt: skip
    """Add the dead letter of the record at *offset*; *event* is its id where one could be read."""
    cause, detail, whose = verdict
    letter = DeadLetter(
        stage=STAGE,
        cause=cause,
        detail=detail,
        whose=whose,
        attempts=attempts,
        at=_now(),
        topic=source.topic,
        partition=source.partition,
        offset=offset,
        key=raw.key or b"",
        value=raw.value or b"",
        headers=dict(raw.headers),
    )
    key = event or f"{letter.topic}:{letter.partition}:{offset}".encode()
    outputs.add(names.dead, crc32(key) % names.partitions, key, dead.dump(letter))
    metrics.DEAD_LETTERS.labels(STAGE, cause, whose).inc()


def _now() -> int:
    return int(time.time() * 1000)
