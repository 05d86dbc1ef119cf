"""Live or replayed, once or once more: what a callback causes is the same."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from msgspec import structs

from converters import PLATFORMS
from converters.routing.identity_table import IdentityTable, Kind
from converters.routing.route import App
from streams.convert.stage import ConvertStage
from streams.dead_letters import dead_letter
from streams.exactly_once.batch import Batch
from streams.exactly_once.outputs import Outputs, ProducerSettings
from streams.operate.filters import Filter
from streams.operate.pace import RateCap
from streams.operate.replay import REPLAY, ReplayFilter, ReplayWriter
from streams.operate.replay_spec import ReplaySpec
from tests.converters.examples import account_of
from tests.converters.shapes import NOW, body

CASES = Path(__file__).parents[1] / "cases"
PARTITIONS = 7
DIRECTIONS = [(source, target) for source in sorted(PLATFORMS) for target in sorted(PLATFORMS) if source != target]
SPEC = ReplaySpec(id="again", platform="any", since=0, until=1, filter=Filter(), starts={}, ends={})

Written = dict[tuple[str, int], list[Any]]


class Everywhere(IdentityTable):
    """Groups and rooms are called the same everywhere; those that were just made are not known yet."""

    def canonical(self, platform: str, kind: Kind, native: str) -> str | None:
        return super().canonical(platform, kind, native) if kind == "user" else native

    def native(self, platform: str, kind: Kind, canonical: str) -> str | None:
        return super().native(platform, kind, canonical) if kind == "user" else canonical


def callbacks(platform: str) -> Iterator[ConsumerRecord]:
    """Those of all case files, as they lie in Kafka."""
    for number, path in enumerate(sorted((CASES / platform).glob("*.json"))):
        given = json.loads(path.read_bytes())["given"]
        if (said := given.get("callback")) is not None:
            headers = [("app", b"here"), ("received", b"%d" % NOW), *((k, v.encode()) for k, v in given.get("headers", {}).items())]
            value = body(platform, said)
            yield ConsumerRecord(
                topic=f"callbacks.{platform}",
                partition=0,
                offset=number,
                timestamp=0,
                timestamp_type=0,
                key=b"k",
                value=value,
                checksum=None,
                serialized_key_size=1,
                serialized_value_size=len(value),
                headers=tuple(headers),
            )


def apps(source: str, target: str) -> dict[str, App]:
    return {
        "here": App("here", PLATFORMS[source], account_of(source), "there"),
        "there": App("there", PLATFORMS[target], account_of(target), "here"),
    }


def live(given: dict[str, App], table: IdentityTable, records: list[ConsumerRecord], *, carry: bool = True) -> Written:
    converter, outputs = ConvertStage(given, table, partitions=PARTITIONS, prefix="", carry=carry), Outputs()
    for one in records:
        converter(Batch(TopicPartition(one.topic, 0), [one], 0), outputs)
    return dict(outputs.records)


def replayed(given: dict[str, App], table: IdentityTable, records: list[ConsumerRecord], *, carry: bool = True) -> Written:
    outputs = Outputs()
    copier = ReplayWriter(ProducerSettings(""), "", PARTITIONS, SPEC, ReplayFilter(SPEC, given, table), RateCap(0), carry=carry)
    for one in records:
        copier.add(one, outputs)
    return dict(outputs.records)


def comparable(written: Written) -> Written:
    """Without what only one of the two writes, and under one name what each calls its own."""
    found: Written = {}
    for (topic, partition), records in written.items():
        if topic.startswith(("echoes", "dead-letters")):
            continue  # a replay counts these: they lie in Kafka already
        plain = [(key, value, [header for header in headers if header[0] != REPLAY]) for key, value, headers in records]
        found[topic.replace("backfill.", "deliveries."), partition] = plain
    return found


def timeless(written: Written) -> Written:
    """Without the times of dead letters, which are those of the clock."""
    letters = {
        place: [(key, structs.replace(dead_letter.load(value), at=0), headers) for key, value, headers in all_]
        for place, all_ in written.items()
        if place[0] == "dead-letters"
    }
    return written | letters


@pytest.mark.parametrize("carry", [True, False])
@pytest.mark.parametrize("table", [IdentityTable, Everywhere])
@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_a_replay_writes_what_convert_writes(source: str, target: str, table: type[IdentityTable], carry: bool) -> None:
    given, records = apps(source, target), list(callbacks(source))
    first, again = (way(given, table(), records, carry=carry) for way in (live, replayed))
    assert comparable(first) == comparable(again)
    assert any(topic.startswith("backfill.") for topic, _ in again)
    if not carry:
        assert not any(topic == "media.jobs" for topic, _ in first | again)
    for one in records:  # and one alone
        alone = [comparable(way(given, table(), [one], carry=carry)) for way in (live, replayed)]
        assert alone[0] == alone[1], one.offset


@pytest.mark.parametrize("table", [IdentityTable, Everywhere])
@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_what_was_thrown_away_leaves_nothing_behind(source: str, target: str, table: type[IdentityTable]) -> None:
    given, records, known = apps(source, target), list(callbacks(source)), table()
    converter = ConvertStage(given, known, partitions=PARTITIONS, prefix="")
    batch = Batch(TopicPartition(records[0].topic, 0), records, 0)
    before = copy.deepcopy(known.entries())
    converter(batch, aborted := Outputs())
    converter(batch, again := Outputs())
    assert timeless(again.records) == timeless(aborted.records)
    assert known.entries() == before
    if source != "yunxin" and table is IdentityTable:
        assert any(topic == "identities" for topic, _ in again.records), "something is minted, or nothing is shown by this"
