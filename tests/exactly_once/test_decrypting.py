"""What a worker has fetched under keys that it does not know yet: read again once they are known, and given to nobody before."""

from typing import Any, cast

from aiokafka import TopicPartition

from streams.encryption.headers import is_lost
from streams.encryption.master_key_form import MasterKeyError
from streams.exactly_once.decrypting import Decryption
from streams.kafka.clients import KafkaConsumer
from tests.encryption.test_sealing import DELIVERIES, cipher, sealed

TP = TopicPartition(DELIVERIES, 0)
OTHER = TopicPartition(DELIVERIES, 1)


class Kafka:
    """Only where reading is moved to."""

    def __init__(self) -> None:
        self.sought: list[tuple[TopicPartition, int]] = []

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.sought.append((tp, offset))


def reader(of: Any) -> tuple[Decryption, Kafka, list[str]]:
    kafka, told = Kafka(), list[str]()
    return Decryption(cast("KafkaConsumer", kafka), of, told.append), kafka, told


async def test_it_is_read_again_until_its_key_is_known(monkeypatch: Any) -> None:
    writer, mine = cipher(), cipher()
    one, kafka, told = reader(mine)
    plain = sealed(mine)
    fetched = {TP: [sealed(writer), sealed(writer)], OTHER: [plain]}
    assert set(one.now(fetched)) == {OTHER}, "others go on"
    assert (one.waits, kafka.sought) == (True, [(TP, 7)])

    async def caught_up() -> None:
        mine.ring._known = writer.ring._known

    monkeypatch.setattr(mine.ring, "caught_up", caught_up)
    await one.learn()
    assert [record.value for record in one.now({TP: fetched[TP]})[TP]] == [b"words", b"words"]
    assert (one.waits, told) == (False, [])


async def test_what_is_unknown_after_all_keys_were_read_was_thrown_away(monkeypatch: Any) -> None:
    mine = cipher()
    one, kafka, _ = reader(mine)
    fetched: dict[TopicPartition, list[Any]] = {TP: [sealed(cipher())]}
    assert one.now(fetched) == {}

    async def caught_up() -> None:
        return

    monkeypatch.setattr(mine.ring, "caught_up", caught_up)
    await one.learn()
    (record,) = one.now(fetched)[TP]
    assert is_lost(record.headers)
    later = sealed(cipher())._replace(offset=8)
    assert one.now({TP: [later]}) == {}, "of what came later nobody knows it"
    assert kafka.sought == [(TP, 7), (TP, 8)]


def test_without_its_master_key_nothing_is_taken_for_gone(monkeypatch: Any) -> None:
    mine = cipher()
    one, kafka, told = reader(mine)

    def secrets(person: bytes, period: bytes) -> None:
        raise MasterKeyError(cast("Any", "another master key"))

    monkeypatch.setattr(mine.ring, "secrets", secrets)
    record = sealed(cipher())
    for _ in range(2):
        assert one.now({TP: [record]}) == {}
    assert one.now({}) == {}
    assert (kafka.sought, told) == ([(TP, 7), (TP, 7)], ["another master key"]), "said once"
    monkeypatch.undo()
    assert one.now({TP: [sealed(mine)]})
    assert told == ["another master key", ""]
