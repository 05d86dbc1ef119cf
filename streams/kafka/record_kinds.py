"""Every kind of record that lies in Kafka, and its version.

A record names its version in a header, whatever its value is. What was written without one is of version 1, as 0.1.0 wrote it.
A new field that a reader may leave out and a writer may omit keeps the version: readers ignore fields they do not know. Anything else is a
new version, and a reader that meets a newer one than it knows says so and never guesses: `docs/decisions/0015-versions-of-records.md`.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from converters.core.causes import KEY_DISCARDED, TOO_NEW, Cause
from converters.core.model import Delivery, Echo
from converters.core.wire import Malformed
from converters.files.media import MediaJob, MediaResult
from converters.routing.identity_table import VALUES
from streams.audit.act import Act
from streams.dead_letters.dead_letter import DeadLetter
from streams.dead_letters.release import Release
from streams.deliver.ledger_schema import Entry
from streams.encryption.headers import SEALED_VERSION, is_lost
from streams.exactly_once.watch import StageHeldError
from streams.kafka import topics
from streams.kafka.topics import PLATFORM, Topic
from streams.media.dedupe import DedupeEntry
from streams.migrate import records as migration
from streams.operate.replay_spec import ReplaySpec

VERSION = "relay-v"
"""The header. Readers of 0.1.0 ignore it."""


class TooNewError(Malformed):
    """The record is of a version that this release does not know; the text says which, and what to do."""


class LostContentError(Malformed):
    """The record was encrypted, and its content is gone: its key was thrown away, or the record was altered."""


class RecordKind(Struct, frozen=True):
    """*of* are the structs of its value; none where the value is not ours."""

    topic: Topic
    of: tuple[Any, ...]
    version: int = 1
    """What is written, and the newest that is read."""

    @property
    def name(self) -> str:
        return self.topic.template.replace(f".{PLATFORM}", "")


KINDS = (
    RecordKind(topics.CALLBACKS, ()),
    RecordKind(topics.DELIVERIES, (Delivery,)),
    RecordKind(topics.BACKFILL, (Delivery,)),
    RecordKind(topics.MEDIA_JOBS, (MediaJob,)),
    RecordKind(topics.MEDIA_DONE, (DedupeEntry,)),
    RecordKind(topics.MEDIA_RESULTS, (MediaResult,)),
    RecordKind(topics.ECHOES, (Echo,)),
    RecordKind(topics.LEDGER, (Entry,)),
    RecordKind(topics.IDENTITIES, VALUES),
    RecordKind(topics.DEAD_LETTERS, (DeadLetter,)),
    RecordKind(topics.CONTROL, (Release,)),
    RecordKind(topics.REPLAYS, (ReplaySpec,)),
    RecordKind(topics.AUDIT, (Act,)),
    RecordKind(topics.KEYS, ()),
    RecordKind(topics.MIGRATION, (migration.Task,)),
    RecordKind(topics.MIGRATED, (migration.Done,)),
    RecordKind(topics.IMPORTED, (Entry,)),
    RecordKind(topics.RUNS, (migration.Order,)),
)
"""One a topic. A dead letter's end lies beside it, and is of the same version."""

_FORMS = [(re.compile(re.escape(kind.topic.template).replace(re.escape(PLATFORM), "[^.]+") + "$"), kind) for kind in KINDS]


@lru_cache(4096)
def kind_of(topic: str) -> RecordKind | None:
    """The kind of what lies in *topic*, with whatever prefix; None where it is not one of ours."""
    found = [(match.start(), kind) for form, kind in _FORMS if (match := form.search(topic))]
    # A prefix may look like a topic itself: what stands last is the topic's own name.
    return max(found, key=lambda one: one[0])[1] if found else None


def version_of(headers: Iterable[tuple[str, bytes]]) -> int:
    """1 where none is named; 0 where it is no number, which no release has written."""
    for name, value in headers:
        if name == VERSION:
            return int(value) if value.isdigit() and len(value) < 6 else 0
    return 1


def check(topic: str, headers: Sequence[tuple[str, bytes]]) -> None:
    """Raises TooNewError unless what lies there can be read by this release, and LostContentError where nothing is left of it."""
    if not headers:
        return  # of the first version, which every release reads
    if is_lost(headers):
        raise LostContentError("its key was thrown away" if headers[0][1] == b"discarded" else "it was altered after it was encrypted")
    kind, version = kind_of(topic), version_of(headers)
    known = kind.version if kind is not None else 1
    if version > SEALED_VERSION:
        raise TooNewError(
            "the record is encrypted, and this process has no encryption.master_key_file: set it to the file of the master key"
        )
    if not 0 < version <= known:
        name = kind.name if kind is not None else topic
        raise TooNewError(f"a record of {name} has version {version or 'unknown'}; this release reads up to {known}: upgrade this worker")


def cause_of(error: Malformed) -> Cause:
    """Under which word a record that cannot be read is set aside."""
    match error:
        case TooNewError():
            return TOO_NEW
        case LostContentError():
            return KEY_DISCARDED
        case _:
            return "malformed"


def hold(topic: str, headers: Sequence[tuple[str, bytes]]) -> None:
    """As `check`, of what cannot be set aside: it raises HoldError, and the stage stands still until it is upgraded.

    What is no number was written by no release: nothing is waited for because of it.
    """
    try:
        check(topic, headers)
    except TooNewError as error:
        if version_of(headers):
            raise StageHeldError(str(error)) from None
    except LostContentError:
        return


@lru_cache(4096)
def headers_of(topic: str) -> tuple[tuple[str, bytes], ...]:
    """What a record of *topic* carries beside its other headers."""
    kind = kind_of(topic)
    return ((VERSION, b"%d" % kind.version),) if kind is not None else ()
