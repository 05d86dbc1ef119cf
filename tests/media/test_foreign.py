"""Jobs that convert did not write: an answer to a partition that there is not would end the worker, again and again."""

from zlib import crc32

import msgspec
import pytest
from aiokafka import ConsumerRecord

from converters.core.bodies import File
from converters.files.media import MediaJob
from streams.kafka import foreign_records

PARTITIONS = 4
EVENT = "yunxin:old:direct:1:post"
CONVERSATION = b"direct\x1falice\x1fbob"


def job(**more: object) -> MediaJob:
    good = MediaJob(
        event=EVENT,
        place=0,
        role="image",
        file=File("http://203.0.113.7/a.jpg"),
        source="old",
        target="new",
        conversation=CONVERSATION,
        partition=crc32(CONVERSATION) % PARTITIONS,
        received=1,
    )
    return msgspec.structs.replace(good, **more)


def seen(one: MediaJob, *, key: bytes = b"same", partition: int | None = None) -> str | None:
    where = crc32(key) % PARTITIONS if partition is None else partition
    return foreign_records.of_job(ConsumerRecord("media.jobs", where, 1, 0, 0, key, b"", 0, 0, 0, ()), one, PARTITIONS)


def test_a_job_of_ours_is_ours() -> None:
    assert seen(job()) is None


@pytest.mark.parametrize("partition", [-1, 10_000, (crc32(CONVERSATION) + 1) % PARTITIONS])
def test_an_answer_goes_where_its_conversation_lies(partition: int) -> None:
    assert seen(job(partition=partition)) == "misplaced"


def test_a_job_lies_where_its_key_says_and_is_of_an_event() -> None:
    assert seen(job(), partition=(crc32(b"same") + 1) % PARTITIONS) == "misplaced"
    assert seen(job(event="\x07row")) == "id"
