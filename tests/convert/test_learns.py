"""An id that a worker does not know, while another role has just named it: nothing about it is buried before all that was committed is read."""

import dataclasses

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaConnectionError

from converters.routing.identity_table import IdentityTable, record
from streams.convert.stage import ConvertStage
from streams.exactly_once.batch import Batch, rest_of
from streams.exactly_once.outputs import Outputs, UnknownResultError
from tests.convert.records import PARTITIONS, PREFIX, apps, callback
from tests.converters.shapes import message

TP = TopicPartition(f"{PREFIX}callbacks.easemob", 0)


class Learning:
    """A stage, and a topic that says *named* once it is read to its end."""

    def __init__(self, *named: str) -> None:
        self.table = IdentityTable()
        self.named = named
        self.asked = 0
        self.stage = ConvertStage(apps(), self.table, partitions=PARTITIONS, prefix=PREFIX, learn=self.learn)

    async def learn(self) -> None:
        self.asked += 1
        for group in self.named:
            for platform in ("easemob", "yunxin"):
                self.table.apply(*record(platform, "group", group, f"~yunxin-{group}"))

    def take(self, batch: Batch) -> tuple[int, list[str]]:
        """How many were taken, and where what they cause goes."""
        taken = self.stage(batch, outputs := Outputs())
        return taken, [topic.removeprefix(PREFIX) for (topic, _), records in outputs.records.items() for _ in records]


def said(*groups: str) -> Batch:
    records: list[ConsumerRecord] = []
    for number, group in enumerate(groups):
        one = callback("easemob", message("easemob", "hello", to=group, kind="group", number=number))
        records.append(dataclasses.replace(one, offset=number))
    return Batch(TP, records, 1)


async def test_what_a_role_has_named_before_is_known_when_it_is_called_back() -> None:
    learning, batch = Learning("880"), said("880", "880")
    assert learning.take(batch) == (0, []), "it waits"
    assert learning.stage.pause(batch) == 0
    await learning.stage.learn(batch)
    assert learning.take(batch) == (2, ["deliveries.yunxin"] * 2)
    assert learning.asked == 1


async def test_what_nobody_has_named_is_buried_and_no_further_message_of_it_waits() -> None:
    learning, batch = Learning(), said("880", "881")
    assert learning.take(batch) == (0, [])
    await learning.stage.learn(batch)
    assert learning.take(batch) == (2, ["dead-letters"] * 2)
    later = Batch(TP, [dataclasses.replace(one, offset=one.offset + 50) for one in said("881", "880", "882").records], 1)
    assert learning.take(later) == (2, ["dead-letters"] * 2)
    assert learning.take(rest_of(later, 2)) == (0, []), "of this one it is not known yet"
    assert learning.asked == 1


async def test_what_is_held_for_another_reason_asks_for_nothing() -> None:
    learning = Learning()
    await learning.stage.learn(said("880"))
    assert learning.asked == 0


async def test_a_topic_that_cannot_be_read_is_no_answer() -> None:
    async def broken() -> None:
        raise KafkaConnectionError

    stage, batch = ConvertStage(apps(), IdentityTable(), partitions=PARTITIONS, prefix=PREFIX, learn=broken), said("880")
    assert stage(batch, Outputs()) == 0
    with pytest.raises(UnknownResultError, match="identities cannot be read: KafkaConnectionError"):
        await stage.learn(batch)
    assert stage(batch, Outputs()) == 0
