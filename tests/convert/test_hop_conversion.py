"""What the benchmark of the conversion measures is the conversion: none of its callbacks is set aside."""

from aiokafka import TopicPartition

from streams.exactly_once.batch import Batch
from streams.exactly_once.outputs import Outputs
from tests.benchmarks.hop_conversion import HEADERS, callback, conversion, source, target
from tests.convert.records import record_of


def test_each_callback_becomes_a_delivery() -> None:
    tp, outputs = TopicPartition(source("p."), 0), Outputs()
    conversion("p.")(Batch(tp, [record_of(tp.topic, callback(number), HEADERS, number) for number in range(20)], 1), outputs)
    assert {topic for topic, _ in outputs.records} == {target("p.")}
    assert len(outputs) == 20
