"""What the cipher does without a broker: keys are put into its table by hand."""

import time
from typing import Any

import pytest
from aiokafka import TopicPartition

from converters.platforms.easemob import PLATFORM as EASEMOB
from streams.encryption import key_records
from streams.encryption.cipher import RecordCipher
from streams.encryption.headers import AUTHOR, LOST, SEALED, inherited, is_lost, owner
from streams.encryption.key_records import new_period, new_person
from streams.encryption.key_ring import DAY, KeyRing
from streams.encryption.master_key_form import MasterKeyError, parsed
from streams.encryption.master_keys import MasterKey, MasterKeys
from streams.encryption.reading import DecryptedValue, OpenRecord
from streams.ingress.record import callback_of, headers_of
from streams.kafka.cluster import Cluster
from streams.kafka.record_kinds import LostContentError, check

DELIVERIES, MIGRATION, RESULTS = "x.deliveries.easemob", "x.migration.easemob", "x.media.results.easemob"
ALICE = owner("yunxin", "alice")
NOW = time.time_ns() // 1_000_000


def cipher(*, enabled: bool = True, kept: int = 45 * DAY) -> RecordCipher:
    ring = KeyRing(Cluster("nowhere:1"), "x.keys", MasterKeys((MasterKey(b"m" * 32),)), period=DAY, kept=kept, makes=enabled)
    made = RecordCipher(ring, enabled=enabled)
    for each in (b"", ALICE):
        ring.table.put(new_person(each))
    ring.table.put(new_period(NOW + DAY // 2))
    return made


def sealed(
    by: RecordCipher, topic: str = DELIVERIES, value: bytes = b"words", headers: Any = ((AUTHOR, ALICE), ("relay-v", b"1"))
) -> OpenRecord:
    lying, names = by.seal(topic, b"key", value, list(headers))
    return OpenRecord(topic, 0, 7, NOW, 0, b"key", lying, tuple(names))


def read(by: RecordCipher, record: OpenRecord, *, last: bool = True) -> OpenRecord | None:
    tp = TopicPartition(record.topic, 0)
    opened, unknown = by.open_now({tp: [record]}, {tp: 8} if last else {})
    assert (tp in unknown) != (tp in opened)
    return opened[tp][0] if tp in opened else None


def test_the_same_again_but_for_the_headers_of_the_key() -> None:
    both = cipher()
    record = sealed(both, headers=[("app", b"old"), (AUTHOR, ALICE), ("relay-v", b"1")])
    back = read(both, record)
    assert back is not None
    assert (back.value, back.key, back.offset) == (b"words", b"key", 7)
    assert back.headers[1:] == (("relay-v", b"1"), ("app", b"old"))
    assert inherited(back.headers) == [record.headers[0]]
    assert type(back.value) is bytes, "it goes into dead letters"


def test_no_two_are_alike() -> None:
    both = cipher()
    assert len({sealed(both).value for _ in range(100)}) == 100


@pytest.mark.parametrize("change", ["value", "topic", "key", "period"])
def test_what_was_altered_has_no_content(change: str) -> None:
    both = cipher()
    record = sealed(both)
    second = new_period(NOW + DAY)
    both.ring.table.put(second)
    assert record.value is not None
    changed = {
        "value": record._replace(value=record.value[:-1] + bytes([record.value[-1] ^ 1])),
        "topic": record._replace(topic=MIGRATION),
        "key": record._replace(key=b"other"),
        "period": record._replace(headers=((SEALED, record.headers[0][1][:16] + second.id), *record.headers[1:])),
    }[change]
    back = read(both, changed)
    assert back is not None
    assert (back.value, back.headers[0]) == (b"", (LOST, b"altered"))
    with pytest.raises(LostContentError):
        check(back.topic, back.headers)


def test_a_key_that_is_not_known_yet_is_waited_for_and_then_taken_for_gone() -> None:
    both, other = cipher(), cipher()
    record = sealed(both)
    assert read(other, record, last=False) is None
    back = read(other, record)
    assert back is not None
    assert is_lost(back.headers)
    assert inherited(back.headers) == [], "what is said of it must be readable"


@pytest.mark.parametrize("which", ["person", "period"])
def test_either_key_is_enough_to_throw_it_away(which: str) -> None:
    both = cipher()
    record = sealed(both)
    assert read(both, record) is not None
    person, period = record.headers[0][1][:16], record.headers[0][1][16:]
    both.ring.table.remove(person if which == "person" else period)
    both.ring.changed()
    back = read(both, record)
    assert back is not None
    assert is_lost(back.headers)


def test_what_others_wrote_stays() -> None:
    both = cipher()
    bob = new_person(owner("yunxin", "bob"))
    both.ring.table.put(bob)
    of_bob = sealed(both, headers=[(AUTHOR, owner("yunxin", "bob")), ("relay-v", b"1")])
    both.ring.table.remove(both.ring.person(ALICE) or b"")
    both.ring.changed()
    back = read(both, of_bob)
    assert back is not None
    assert back.value == b"words"


def test_a_period_s_key_is_too_old_though_nobody_has_deleted_it() -> None:
    both = cipher(kept=DAY)
    record = sealed(both)
    (period,) = both.ring.table.periods.values()
    assert read(both, record) is not None
    both.ring.table.put(key_records.PeriodKey(period.id, period.secret, NOW - DAY - 1))
    both.ring.changed()
    back = read(both, record)
    assert back is not None
    assert is_lost(back.headers)
    endless = cipher(kept=0)
    forever = sealed(endless)
    (period,) = endless.ring.table.periods.values()
    endless.ring.table.put(key_records.PeriodKey(period.id, period.secret, 1))
    endless.ring.changed()
    back = read(endless, forever)
    assert back is not None
    assert back.value == b"words"


def test_what_is_kept_without_end_is_under_no_period_s_key() -> None:
    both = cipher()
    record = sealed(both, MIGRATION)
    both.ring.table.periods.clear()
    back = read(both, record)
    assert back is not None
    assert back.value == b"words"


def test_a_person_s_key_that_is_thrown_away_before_something_follows_leaves_it_unreadable() -> None:
    both = cipher()
    back = read(both, sealed(both))
    assert back is not None
    both.ring.table.remove(back.headers[0][1][:16])
    both.ring.changed()
    after = read(both, sealed(both, headers=[*back.headers]))
    assert after is not None
    assert is_lost(after.headers)


def test_switched_off_it_writes_in_the_clear_and_reads_all() -> None:
    on, off = cipher(), cipher(enabled=False)
    off.ring._known = on.ring._known
    assert off.seal(DELIVERIES, b"key", b"words", [(AUTHOR, ALICE), ("app", b"old")]) == (b"words", [("app", b"old")])
    back = read(off, sealed(on))
    assert back is not None
    assert back.value == b"words"


def test_local_state_is_under_the_person_s_key_too() -> None:
    both = cipher()
    back = read(both, sealed(both, RESULTS))
    assert back is not None
    assert isinstance(back.value, DecryptedValue)
    kept = both.keep(back.value, [])
    assert b"words" not in kept
    assert both.kept(kept) == b"words"
    assert both.kept(b'{"in the":"clear"}') == b'{"in the":"clear"}'
    both.ring.table.remove(both.ring.person(ALICE) or b"")
    both.ring.changed()
    assert both.kept(kept) is None
    nobody = both.keep(b"words", [])
    assert both.kept(nobody) == b"words"


def test_a_stranger_s_headers_are_none_of_ours() -> None:
    request = [(SEALED.encode(), b"x"), (AUTHOR.encode(), b"y"), (LOST.encode(), b"z"), (b"x-other", b"1")]
    headers = headers_of("old", 1, request)
    assert [name for name, _ in headers] == ["relay-v", "app", "received", "x-other"]
    assert callback_of(b"{}", [(SEALED, b"k" * 24), *headers]).headers == {"x-other": "1"}


@pytest.mark.parametrize("text", ["", "short", "not base64 at all!", "A" * 44, "é" * 44])
def test_what_is_no_master_key_is_told_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError) as told:
        parsed(text)
    assert not text or text not in str(told.value)
    assert "openssl rand -base64 32" in str(told.value)


def test_a_key_of_another_master_is_told_and_a_damaged_one_is_nobody_s() -> None:
    one, two = MasterKey(b"1" * 32), MasterKey(b"2" * 32)
    name, wrapped = key_records.dump(new_person(ALICE), one)
    assert key_records.load(name, wrapped, MasterKeys((two, one))) is not None
    with pytest.raises(MasterKeyError, match=one.fingerprint.hex()):
        key_records.load(name, wrapped, MasterKeys((two,)))
    assert key_records.load(name, wrapped[:-1] + b"\x00", MasterKeys((one,))) is None
    assert key_records.load(b"u" + b"0" * 16, wrapped, MasterKeys((one,))) is None, "of another person"
    assert key_records.load(name, b"", MasterKeys((one,))) is None
    assert EASEMOB.author(b"\xff") == ""
