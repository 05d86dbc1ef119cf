"""What makes `convert` hold an app, seen from its batches: how much it takes, and what it makes of what waits behind."""

import dataclasses
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord, TopicPartition

from converters import PLATFORMS
from converters.platform import Callback, Decoded
from converters.routing.identity_table import IdentityTable
from streams.convert.stage import ConvertStage
from streams.dead_letters.dead_letter_limit import DeadLetterLimit
from streams.exactly_once.batch import Batch
from streams.exactly_once.outputs import Outputs
from streams.settings.root import HoldSettings
from tests.convert.records import PARTITIONS, PREFIX, apps, callback, table
from tests.converters.shapes import message

RECORDS = 20
BAD = b"breaks it"


def decode(given: Callback, account: Any) -> tuple[Decoded, ...]:
    if BAD in given.body:
        raise RuntimeError
    return PLATFORMS["yunxin"].decode(given, account)


def converter(known: IdentityTable | None = None) -> ConvertStage:
    broken = msgspec.structs.replace(PLATFORMS["yunxin"], decode=decode)
    dead_letter_limit = DeadLetterLimit("convert", HoldSettings(records=RECORDS, sources=5))
    return ConvertStage(apps(yunxin=broken), known or table(), partitions=PARTITIONS, prefix=PREFIX, dead_letter_limit=dead_letter_limit)


def keyed(record: ConsumerRecord, key: str) -> ConsumerRecord:
    return dataclasses.replace(record, key=key.encode())


def batch(*records: ConsumerRecord) -> Batch:
    return Batch(TopicPartition(f"{PREFIX}callbacks.yunxin", 0), [dataclasses.replace(one, offset=n) for n, one in enumerate(records)], 1)


GOOD = callback("yunxin", message("yunxin", "good"))
STRANGE: dict[str, Callable[[int], ConsumerRecord]] = {
    "malformed": lambda number: keyed(callback("yunxin", b"{"), f"k{number}"),
    "unmapped": lambda number: keyed(
        callback("yunxin", message("yunxin", "x", to=f"7{number}", kind="group", sender=f"u{number}")), f"k{number}"
    ),
}


@pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)
def test_any_number_of_what_people_write_is_taken_and_buried(make: Callable[[int], ConsumerRecord]) -> None:
    stage, outputs = converter(), Outputs()
    records = [make(number) for number in range(50 * RECORDS)]
    assert stage(batch(*records, GOOD), outputs) == len(records) + 1
    assert not stage.dead_letter_limit.held


def test_an_app_that_is_in_no_settings_is_held_after_so_many() -> None:
    stage = converter()
    gone = [callback("yunxin", message("yunxin", "x"), app=b"gone") for _ in range(3 * RECORDS)]
    assert stage(batch(GOOD, *gone), Outputs()) == 1 + RECORDS
    assert [*stage.dead_letter_limit.held] == ["gone"]
    assert stage.pause(batch(*gone)) > 0
    assert stage(batch(GOOD), Outputs()) == 1, "another app goes on"
    stage.dead_letter_limit.release(["gone"], by="command")
    assert stage.pause(batch(*gone)) == 0


def test_one_person_who_breaks_the_code_holds_nobody() -> None:
    stage = converter()
    bad = [keyed(callback("yunxin", BAD), "mallory") for _ in range(10 * RECORDS)]
    assert stage(batch(*bad, GOOD), Outputs()) == len(bad) + 1


def test_made_up_people_who_break_it_are_found_out_by_the_first_honest_one_behind() -> None:
    stage = converter()
    bad = [keyed(callback("yunxin", BAD), f"mallory{number % 10}") for number in range(10 * RECORDS)]
    taken = stage(batch(*bad), Outputs())
    assert taken == RECORDS
    assert stage.dead_letter_limit.held
    stage.look(batch(*bad[taken:]))
    assert stage.dead_letter_limit.held, "those tell nothing new"
    stage.look(batch(*bad[taken:], GOOD))
    assert not stage.dead_letter_limit.held
    assert stage(batch(*bad[taken : taken + RECORDS - 1], GOOD), Outputs()) == RECORDS


def test_code_that_is_broken_for_all_is_held() -> None:
    stage = converter()
    all_ = [keyed(callback("yunxin", BAD), f"person{number % 10}") for number in range(10 * RECORDS)]
    assert stage(batch(*all_), Outputs()) == RECORDS
    assert stage.dead_letter_limit.held["old"].cause == "defect"
