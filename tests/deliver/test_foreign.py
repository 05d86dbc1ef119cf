"""What others have written to the topics of a deliver worker: told apart, counted, and each costs its place and nothing else."""

import re
from collections.abc import Iterator
from zlib import crc32

import msgspec
import pytest
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from converters.core import wire
from converters.core.model import Delivery, Echo, StoredFile, conversation_key
from streams.deliver.ledger_schema import Intent, dump
from streams.deliver.uncommitted_tail import UncommittedTail, mark
from streams.kafka import foreign_records
from streams.kafka.record_kinds import VERSION, hold
from tests.convert.records import apps
from tests.deliver.target import Target
from tests.deliver.worker import PARTITIONS, Worker, delivery
from tests.waiting import until

APPS = apps()


def record(
    key: bytes | None, value: bytes = b"", *, partition: int | None = None, offset: int = 7, headers: tuple[tuple[str, bytes], ...] = ()
) -> ConsumerRecord:
    where = crc32(key or b"") % PARTITIONS if partition is None else partition
    return ConsumerRecord("deliveries.easemob", where, offset, 0, 0, key, value, 0, 0, 0, headers)


def renamed(one: Delivery, name: str) -> Delivery:
    return msgspec.structs.replace(one, event=msgspec.structs.replace(one.event, id=name))


def from_app(one: Delivery, source: str) -> Delivery:
    return msgspec.structs.replace(one, event=msgspec.structs.replace(one.event, source=source))


def seen(one: Delivery, raw: ConsumerRecord | None = None) -> str | None:
    return foreign_records.of_delivery(raw or record(conversation_key(one.event.conversation)), one, APPS, PARTITIONS)


def test_a_delivery_of_ours_is_ours() -> None:
    assert seen(delivery("bob", "hi")) is None


def test_a_delivery_is_told_apart_by_its_place_its_key_its_id_and_its_app() -> None:
    one = delivery("bob", "hi")
    key = conversation_key(one.event.conversation)
    other = conversation_key(delivery("carol", "hi").event.conversation)
    assert seen(one, record(key, partition=(crc32(key) + 1) % PARTITIONS)) == "misplaced"
    assert seen(one, record(None)) in ("misplaced", "key")
    assert seen(one, record(other)) == "key"
    assert seen(from_app(one, "nobody")) == "app"
    for name in ("", "x", "\x03row", "easemob:old:direct:1:post", "yunxin:new:direct:1:post", "yunxin:old:direct:1:", one.event.id + "\n"):
        assert seen(renamed(one, name)) == "id", name


@given(st.text())
def test_no_text_is_taken_for_an_id_that_is_none(name: str) -> None:
    if (found := seen(renamed(delivery("bob", "hi"), name))) is None:
        assert name.startswith("yunxin:old:")
        assert foreign_records.of_entry(name.encode()) is None, "or its row would be one of another kind"
    else:
        assert found == "id"


def test_an_echo_is_told_apart() -> None:
    one = delivery("bob", "hi")
    key, echo = conversation_key(one.event.conversation), Echo(event=one.event.id, target="new", remote_id="1", at=1)

    def of(echo: Echo, raw: ConsumerRecord | None = None) -> str | None:
        return foreign_records.of_echo(raw or record(key), echo, APPS, "easemob", PARTITIONS)

    assert of(echo) is None
    assert of(echo, record(key, partition=(crc32(key) + 1) % PARTITIONS)) == "misplaced"
    assert of(msgspec.structs.replace(echo, target="old")) == "app", "an app of another platform calls nothing back here"
    assert of(msgspec.structs.replace(echo, target="nobody")) == "app"
    assert of(msgspec.structs.replace(echo, event="\x03")) == "id"


@pytest.mark.parametrize("key", [b"", b"\x03latest", b"\xff\xfe", b"\x1b[2J", b"a\nb", b"\x07yunxin:old:direct:1:post\x1f0"])
def test_a_ledger_has_no_rows_of_another_kind(key: bytes) -> None:
    assert foreign_records.of_entry(key) == "key"


def test_a_mark_of_the_ledger_that_cannot_be_is_none() -> None:
    tail = UncommittedTail(2)
    for offset, headers in enumerate(
        (mark(1), [("committed", b"soon")], [("committed", b"9" * 30)], [("committed", b"\xff")], mark(10_000))
    ):
        tail.take(ConsumerRecord("ledger", 0, offset, 0, 0, b"%d" % offset, b"{}", 0, 0, 0, tuple(headers)))
    assert tail.entries().keys() == {b"2", b"3", b"4"}


@pytest.mark.parametrize("version", [b"", b"x", b"-1", b"1.5", b"\xff", b"999999"])
def test_a_version_that_is_no_number_holds_no_stage(version: bytes) -> None:
    hold("ledger.easemob", [(VERSION, version)])


def test_what_is_told_apart_is_counted_under_words_of_ours() -> None:
    foreign_records.note("deliver", "t.deliveries.easemob", 0, 0, "key")
    foreign_records.note("deliver", "\x1b[2J.elsewhere", 0, 0, "key")


# -- on the real broker


@pytest.fixture(scope="module")
def visited(kafka: str, target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with Worker(kafka, tmp_path_factory.mktemp("foreign"), target.url, deliver="echo_wait = 0.3\nlease = 1.0\n") as one:
        yield one


def outcome(worker: Worker, event: Delivery) -> str:
    """Of the last entry; what others wrote there is left out."""
    found = [one for one in worker.read("ledger.easemob") if one.key == event.event.id.encode()]
    return str(msgspec.json.decode(found[-1].value or b"null")["outcome"]["outcome"])


def counted(worker: Worker, topic: str) -> dict[str, float]:
    found = re.findall(rf'im_relay_foreign_records_total\{{stage="deliver",topic="{topic}",why="(\w+)"\}} (\S+)', worker.role.metrics())
    return {why: float(count) for why, count in found}


def test_everything_that_others_write_costs_one_record_its_place(visited: Worker, target: Target, bob: str) -> None:
    """To every topic that the worker reads, and before it starts anew as well: nothing holds it, and the honest go on."""
    first, last, again = (delivery(f"{bob}{number}", text) for number, text in ((0, "before"), (1, "after"), (3, "from the ledger alone")))
    victim = delivery(f"{bob}2", "never said")
    key, value = conversation_key(victim.event.conversation), wire.dump(victim)
    garbage = (
        b"",
        b"{",
        b"\xff\x00",
        b"[" * 5000,
        b'{"event":{}}',
        b'{"entry":"intent"',
        b'{"entry":"intent","target":1}',
        b"null",
        b'"\\ud800"',
    )
    visited.send(first)
    for number, text in enumerate(garbage):
        for topic in (
            "deliveries.easemob",
            "backfill.easemob",
            "echoes.easemob",
            "media.results.easemob",
            "ledger.easemob",
            "ledger.yunxin",
        ):
            visited.put(topic, b"%s%d" % (key, number), text)
            visited.put(topic, b"yunxin:old:direct:%d:post" % number, text)
            visited.put(topic, key, text, {VERSION: b"soon"})
    visited.put("deliveries.easemob", b"another key", value)
    visited.put("deliveries.easemob", key, wire.dump(renamed(victim, "\x03row")))
    visited.put("deliveries.easemob", key, wire.dump(from_app(victim, "nobody")))
    visited.put("echoes.easemob", key, wire.dump(Echo(event="\x1b", target="new", remote_id="1", at=1)))
    visited.put("echoes.easemob", key, wire.dump(Echo(event=victim.event.id, target="old", remote_id="1", at=1)))
    for strange in (b"\x01\xff", b"\x02x", b"\x03", b"\x04", b"\x05", b"\x06", b"\x07", b"\x08", b"\xff\xff"):
        visited.put("ledger.easemob", strange, dump(Intent(target="new", at=1)))
        visited.put("ledger.yunxin", strange, dump(Intent(target="old", at=1, does=("recall",))), {"committed": b"never"})
    brought = visited.brought
    brought(victim, carried=StoredFile("http://203.0.113.7/"))
    visited.send(last)
    visited.settled()
    assert [outcome(visited, one) for one in (first, last)] == ["delivered", "delivered"]
    assert not target.texts(victim.receiver)
    assert victim.event.id.encode() not in {one.key for one in visited.read("ledger.easemob")}
    letters = visited.letters()
    assert {letter.detail for letter in letters if letter.cause == "foreign"} == {"key", "id", "app"}
    assert all(letter.whose == "theirs" for letter in letters if letter.cause == "foreign")
    assert counted(visited, "deliveries").items() >= {"key": 1.0, "id": 1.0, "app": 1.0}.items()
    assert counted(visited, "deliveries")["unreadable"] == 3 * len(garbage)
    assert counted(visited, "echoes").items() >= {"id": 1.0, "app": 1.0}.items()
    until(lambda: counted(visited, "media.results").get("unreadable", 0) >= 3 * len(garbage))
    for _ in range(2):
        visited.stop()
        visited.forget_state()
        visited.start()
        visited.send(again)
        visited.settled()
        assert outcome(visited, again) == "delivered"
    assert counted(visited, "ledger")["key"] >= 1
    assert counted(visited, "ledger")["unreadable"] >= 1
    assert visited.role.says("foreign record")
    assert "\x1b" not in visited.role.log.read_text()
