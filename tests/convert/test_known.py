"""What a worker knows of who is who: only what is committed."""

import json
from pathlib import Path
from zlib import crc32

from aiokafka import TopicPartition

from converters.routing.identity_table import IdentityTable, record
from streams.convert.known import KnownIdentities
from streams.convert.stage import ConvertStage
from streams.exactly_once.batch import Batch
from streams.exactly_once.outputs import Outputs
from tests.convert.records import PARTITIONS, PREFIX, apps, callback
from tests.converters.shapes import message

CASES = Path(__file__).parents[1] / "cases"
TOPIC = f"{PREFIX}identities"
PAIR = record("yunxin", "group", "1", "~yunxin-1")
PARTITION = crc32(PAIR[0]) % PARTITIONS


def known() -> tuple[IdentityTable, KnownIdentities]:
    table = IdentityTable()
    return table, KnownIdentities(table, TOPIC, PARTITIONS)


def named(one: object) -> str | None:
    return one.canonical("yunxin", "group", "1")  # type: ignore[attr-defined, no-any-return]


def commit(outputs: Outputs, end: int) -> None:
    for committed in outputs.committed:
        committed({(TOPIC, PARTITION): end})


def test_a_transaction_knows_what_it_mints_and_no_other_one_does() -> None:
    table, of = known()
    mine, other = Outputs(), Outputs()
    of.of(mine).add(*PAIR)
    assert named(of.of(mine)) == "~yunxin-1"
    assert named(of.of(other)) is named(table) is None


def test_what_was_aborted_is_gone() -> None:
    _, of = known()
    of.of(Outputs()).add(*PAIR)
    assert named(of.of(Outputs())) is None


def test_what_was_committed_is_known_to_all_and_the_table_stays_the_topics() -> None:
    table, of = known()
    mine, other = Outputs(), Outputs()
    of.of(other)
    of.of(mine).add(*PAIR)
    commit(mine, 8)
    assert named(of.of(other)) == named(of.of(Outputs())) == "~yunxin-1"
    assert named(table) is None
    of.read({PARTITION: 7})
    assert named(of.of(other)) == "~yunxin-1", "not read back yet"
    of.read({PARTITION: 8})
    assert named(of.of(other)) is None, "it was read back: from here on the table says what is"


def test_what_the_topic_says_counts_before_what_was_committed_here() -> None:
    """Two workers minted for the same id, and a person has named it since: all end with the topic's last word."""
    table, of = known()
    mine = Outputs()
    of.of(mine).add(*PAIR)
    commit(mine, 8)
    table.apply(*record("yunxin", "group", "1", "ops"))
    assert named(of.of(Outputs())) == "ops"


def test_tasks_that_mint_the_same_write_the_same() -> None:
    """Whoever is first: what is minted follows from what it is minted for."""
    long = f"{'very-long-' * 4}name_of.somebody"
    converter = ConvertStage(apps(), IdentityTable(), partitions=PARTITIONS, prefix=PREFIX)
    written = []
    for number in (1, 2):
        said = callback("easemob", message("easemob", sender=long, to=f"bob{number}", number=number))
        converter(Batch(TopicPartition(f"{PREFIX}callbacks.easemob", number), [said], 0), outputs := Outputs())
        written.append([one for (topic, _), all_ in outputs.records.items() for one in all_ if topic == TOPIC])
    assert written[0] == written[1] != []


def test_an_aborted_group_is_minted_by_the_next_try_and_what_follows_is_carried() -> None:
    made = json.loads((CASES / "easemob" / "gop-create.json").read_bytes())["given"]["callback"]
    group = str(made["id"])
    follows = message("easemob", "first words", to=group, kind="group")
    table = IdentityTable()
    converter = ConvertStage(apps(), table, partitions=PARTITIONS, prefix=PREFIX)
    batch = Batch(TopicPartition(f"{PREFIX}callbacks.easemob", 0), [callback("easemob", made), callback("easemob", follows, offset=1)], 0)
    converter(batch, Outputs())  # aborted
    converter(batch, again := Outputs())
    written = {topic.removeprefix(PREFIX): all_ for (topic, _), all_ in again.records.items()}
    assert written.keys() == {"identities", "deliveries.yunxin"}
    ((key, value, _),) = written["identities"]
    table.apply(key or b"", value)  # what another worker reads after the commit
    assert table.canonical("easemob", "group", group) == f"~easemob-{group}"
    elsewhere = ConvertStage(apps(), table, partitions=PARTITIONS, prefix=PREFIX)
    elsewhere(Batch(batch.tp, batch.records[1:], 0), later := Outputs())
    assert [topic for topic, _ in later.records] == [f"{PREFIX}deliveries.yunxin"]
