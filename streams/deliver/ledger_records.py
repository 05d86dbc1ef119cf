"""What a cycle writes: the ends of events for the ledger, and dead letters."""

import time
from collections.abc import Callable
from typing import Final

from aiokafka import TopicPartition
from msgspec import structs

from converters.core.causes import Cause
from converters.core.model import Delivery, Echo, Group, conversation_key
from converters.core.operations import GroupCreated, Post, Recall, Ref
from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.routing.identity_table import account_record, record
from converters.routing.user_ids import fold
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import DeadLetter, Whose
from streams.dead_letters.dead_letter_limit import DeadLetterLimit
from streams.deliver.context import DeliverTopics
from streams.deliver.conversations import OpenEvent
from streams.deliver.ledger_schema import Intent, MessageIds, Settled
from streams.encryption.headers import inherited
from streams.exactly_once.producers import OutputRecord, Outputs
from streams.exactly_once.shutdown import clock
from streams.kafka.topics import partition_of
from streams.observe import metrics

STAGE = "deliver"
UNMAPPED: Final = "group-unmapped"
Verdict = tuple[Cause, str, Whose]
"""(cause, detail, whose) of a dead letter."""
MOST_TAKEN = 32
"""Of those who say that a message which has not come is theirs."""
Pair = tuple[bytes, Settled | Intent]


def ended(event: OpenEvent) -> tuple[bytes, Settled]:
    """The ledger's entry of an event that has ended."""
    assert event.outcome is not None
    delivery, outcome = event.delivery, event.outcome
    operation = delivery.event.operation
    whole = event.whole
    if isinstance(outcome, Delivered) and outcome.at is None and whole and outcome.remote_id in ("", whole.remote_id):
        # The callback came before the answer, or was all there was: it says what the answer does not.
        outcome = Delivered(whole.remote_id, whole.at)
    there, held = isinstance(outcome, Delivered), isinstance(outcome, Unsure)
    arrived = event.arrived if not there or len(event.arrived) > 1 else ()
    entry = Settled(
        outcome=outcome,
        target=delivery.target,
        at=_now(),
        attempts=event.attempts,
        by=event.by,
        names=names(delivery) if (there or held) and isinstance(operation, Post) else None,
        arrived=arrived,
        does=event.does,
        made=_made(delivery, outcome),
        late=event.late,
        spent=event.spent,
        held=dead_letter.place(event.lane.tp.topic, event.lane.tp.partition, event.offset) if held else "",
        keyed=not there,
        bare=event.bare and not there,
    )
    return delivery.event.id.encode(), entry


def accept_echo(event: OpenEvent) -> None:
    """Evidence that came after the end of *event*, and before that is written down, goes before it."""
    if isinstance(event.outcome, Delivered):
        return
    if event.whole is not None:
        there = Delivered(event.whole.remote_id, event.whole.at)
        event.outcome, event.by, event.arrived = there, "echo", (*event.arrived, there)
    elif (part := event.there(len(event.arrived))) is not None:
        event.arrived += (part,)


def apply_followup(
    event: OpenEvent,
    entries: list[Pair],
    outputs: Outputs,
    names: DeliverTopics,
    platform: str,
    known: Callable[[str], Settled | Intent | None],
) -> None:
    """What else is to be written because *event* has ended; *known* is what the ledger says of another event."""
    delivery, operation = event.delivery, event.delivery.event.operation
    ended_well = isinstance(event.outcome, Delivered) or event.by == "denied"
    if event.in_vain and isinstance(operation, Recall) and operation.message.event and ended_well:
        before = known(operation.message.event)
        taken = before.taken if isinstance(before, Settled) else ()
        # Whoever claims to be a message's author changes nothing of what is known of it.
        if not operation.message.own or before is None or taken:
            for one in (delivery, *event.rivals):
                claimed = one.event.operation
                name, entry = recalled(one, claimed.message if isinstance(claimed, Recall) else operation.message, taken)
                taken = entry.taken
            entries.append((name, entry))
    introduce(delivery, event.outcome, outputs, names, platform)


def introduce(delivery: Delivery, outcome: Outcome | None, outputs: Outputs, names: DeliverTopics, platform: str) -> None:
    """Add the account or the group that was made with *delivery* to the identities."""
    if delivery.newcomer and isinstance(outcome, Delivered):
        key, value = account_record(platform, delivery.event.sender, "made")
        outputs.add(names.identities, partition_of(key, names.partitions), key, value)
    if (made := _made(delivery, outcome)) is not None:
        group = delivery.event.conversation
        assert isinstance(group, Group), "only a group can be made"
        key, value = record(platform, "group", made[1], group.id, group.origin)
        outputs.add(names.identities, partition_of(key, names.partitions), key, value)


def names(delivery: Delivery) -> MessageIds:
    """How both sides call a message that arrived."""
    said = delivery.event
    return MessageIds(
        source=said.source,
        id=said.remote_id,
        client_id=said.client_id,
        author=delivery.author,
        sender=delivery.sender,
        at=said.at,
        conversation=conversation_key(said.conversation).decode(),
    )


def _made(delivery: Delivery, outcome: Outcome | None) -> tuple[str, str] | None:
    if isinstance(outcome, Delivered) and outcome.remote_id and isinstance(delivery.event.operation, GroupCreated):
        return conversation_key(delivery.event.conversation).decode(), outcome.remote_id
    return None


def intent(event: OpenEvent, part: int) -> tuple[bytes, Intent]:
    """The ledger's entry of a request that may leave once the brokers have it."""
    at = _now()
    began = at - int((clock() - event.began) * 1000) if event.unsure else 0
    entry = Intent(
        target=event.delivery.target,
        at=at,
        part=part,
        attempt=event.attempts + 1,
        arrived=event.arrived,
        does=event.does,
        began=began,
        keyed=True,
        bare=event.bare,
    )
    return event.delivery.event.id.encode(), entry


def echoed(echo: Echo) -> tuple[bytes, Settled]:
    """The ledger's entry of an event of which only the target's callback is known to this worker."""
    entry = Settled(outcome=Delivered(echo.remote_id, echo.at), target=echo.target, at=_now(), by="echo")
    return echo.event.encode(), entry


def part_echoed(echo: Echo, before: Intent | Settled) -> Pair:
    """The entry of an event of which a part that was in doubt has arrived: the next one can go, or is what a person decides about."""
    arrived = (*before.arrived, Delivered(echo.remote_id, echo.at))
    if isinstance(before, Settled):
        return echo.event.encode(), structs.replace(before, arrived=arrived)
    return echo.event.encode(), structs.replace(before, part=echo.part + 1, arrived=arrived, left=False)


def completed(echo: Echo, before: Settled) -> Pair:
    """The entry of an event whose answer named no id or time, now with those of the target's callback."""
    return echo.event.encode(), structs.replace(before, outcome=Delivered(echo.remote_id, echo.at))


def resolved(echo: Echo, before: Settled) -> Pair:
    """The entry of an event that had not arrived, as far as was known, now that the target has called back the whole of it."""
    there = Delivered(echo.remote_id, echo.at)
    arrived = (*before.arrived, there) if before.arrived else ()
    return echo.event.encode(), structs.replace(before, outcome=there, by="echo", arrived=arrived, held="", keyed=False, bare=False)


def named(delivery: Delivery, before: Settled) -> Pair:
    """The entry of a message of which only the target's callback was known, now with how both sides call it."""
    return delivery.event.id.encode(), structs.replace(before, names=names(delivery))


def recalled(delivery: Delivery, message: Ref, before: tuple[tuple[str, str], ...]) -> tuple[bytes, Settled]:
    """The entry of a message that *delivery* recalls before it has come: it is as good as delivered, and will not be sent.

    Not so another one under that id, which is somebody else's or was said elsewhere.
    """
    meant = (fold(delivery.author) if message.own else "", conversation_key(delivery.event.conversation).decode())
    # Each once, and the last place each names: one person's claims push nobody else's out.
    kept = tuple(one for one in before if one[0] != meant[0] or not meant[0])
    taken = tuple(dict.fromkeys((*kept, meant)))[-MOST_TAKEN:]
    entry = Settled(outcome=Delivered(""), target=delivery.target, at=_now(), by="recalled", taken=taken)
    return message.event.encode(), entry


def note(event: OpenEvent, dead_letter_limit: DeadLetterLimit) -> None:
    """What became of it, as far as that tells of us."""
    app = event.delivery.target
    if isinstance(event.outcome, Delivered):
        dead_letter_limit.passed(app)
    elif (found := verdict(event)) is not None:
        dead_letter_limit.died(app, event.delivery.event.sender.encode(), found[0])


def verdict(event: OpenEvent) -> Verdict | None:
    """Where *event* ended as a dead letter."""
    if event.by == "denied":
        return None  # it is counted, and nobody has to look at what anybody can cause
    match event.outcome:
        case Refused(reason=reason) if reason == UNMAPPED:
            return UNMAPPED, "a group that was to be made at the target is not there: im-relay identities set", "ours"
        case Refused(reason=reason) if reason.startswith("defect:"):
            return "defect", reason, "ours"
        case Refused(reason=reason):
            return "refused", reason, "theirs"
        case NotSent(reason=reason, ours=True):
            return "account-refused", reason, "ours"
        case NotSent(reason=reason):
            return "gave-up", reason, "theirs"
        case Unsure():
            return in_doubt(event.outcome)
        case _:
            return None


def in_doubt(outcome: Unsure) -> Verdict:
    return "in-doubt", outcome.reason, "theirs"


def dead_lettered(
    outputs: Outputs,
    names: DeliverTopics,
    source: TopicPartition,
    offset: int,
    raw: OutputRecord,
    event: bytes,
    verdict: Verdict,
    attempts: int,
) -> None:
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
    outputs.add(names.dead, partition_of(key, names.partitions), key, dead_letter.dump(letter), inherited(raw.headers))
    metrics.DEAD_LETTERS.labels(STAGE, cause, whose).inc()


def _now() -> int:
    return int(time.time() * 1000)
