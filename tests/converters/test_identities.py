import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.routing.identity_table import (
    COUNT,
    KINDS,
    IdentityEntry,
    IdentityTable,
    Kind,
    MemoryRows,
    account_record,
    cohort_record,
    forgotten_record,
    record,
)

names = st.text("abc12", min_size=1, max_size=3)


def test_an_entry_is_found_from_both_sides() -> None:
    table = IdentityTable()
    assert table.apply(*record("yunxin", "group", "6123", "team")) is None
    assert table.canonical("yunxin", "group", "6123") == "team"
    assert table.native("yunxin", "group", "team") == "6123"
    assert table.canonical("yunxin", "room", "6123") is None
    assert table.canonical("easemob", "group", "6123") is None


def test_the_key_is_platform_kind_and_id() -> None:
    assert record("yunxin", "user", "me", "You") == (b"yunxin\x1fuser\x1fme", b'{"canonical":"you"}')
    assert record("yunxin", "user", "Me", "You") == (b"yunxin\x1fuser\x1fme", b'{"canonical":"you","spelled":"Me"}')


def test_a_tombstone_deletes_both_sides() -> None:
    table = IdentityTable()
    key, value = record("yunxin", "group", "1", "team")
    table.apply(key, value)
    assert table.apply(key, None) is None
    assert table.canonical("yunxin", "group", "1") is table.native("yunxin", "group", "team") is None
    assert len(table) == 0
    assert table.apply(key, None) is None


def test_an_entry_that_moves_leaves_nothing_behind() -> None:
    table = IdentityTable()
    table.apply(*record("yunxin", "group", "1", "team"))
    table.apply(*record("yunxin", "group", "1", "crew"))
    assert table.native("yunxin", "group", "team") is None
    assert table.native("yunxin", "group", "crew") == "1"


def test_deleting_an_old_id_keeps_the_new_one() -> None:
    table = IdentityTable()
    table.apply(*record("yunxin", "group", "1", "team"))
    table.apply(*record("yunxin", "group", "2", "team"))
    table.apply(record("yunxin", "group", "1", "team")[0], None)
    assert table.native("yunxin", "group", "team") == "2"


def test_bad_records_are_reported_and_change_nothing() -> None:
    table = IdentityTable()
    good = record("yunxin", "group", "1", "team")[1]
    for key, value in [
        (b"", good),
        (b"yunxin\x1fgroup", good),
        (b"yunxin\x1fplanet\x1f1", good),
        (b"yunxin\x1fgroup\x1f", good),
        (b"\xff\x1fgroup\x1f1", good),
        (b"yunxin\x1fgroup\x1f1", b"{"),
        (b"yunxin\x1fgroup\x1f1", b"{}"),
        (b"yunxin\x1fgroup\x1f1", b'{"canonical":""}'),
        (b"yunxin\x1fgroup\x1f1", b'{"canonical":"a\\u001fb"}'),
    ]:
        assert table.apply(key, value), (key, value)
    assert len(table) == 0


@given(key=st.binary(max_size=40), value=st.none() | st.binary(max_size=40))
def test_no_record_raises(key: bytes, value: bytes | None) -> None:
    problem = IdentityTable().apply(key, value)
    assert problem is None or isinstance(problem, str)


@given(entries=st.lists(st.tuples(st.sampled_from(KINDS), names, names | st.none()), max_size=30))
def test_the_table_is_the_last_word_of_each_key(entries: list[tuple[Kind, str, str | None]]) -> None:
    table = IdentityTable()
    last: dict[tuple[Kind, str], str | None] = {}
    for kind, native, canonical in entries:
        key, value = record("p", kind, native, canonical or "-")
        assert table.apply(key, value if canonical else None) is None
        last[kind, native] = canonical
    for (kind, native), canonical in last.items():
        assert table.canonical("p", kind, native) == canonical


def test_accounts_and_cohorts_are_known_by_the_canonical_id() -> None:
    table = IdentityTable()
    for key, value in (account_record("easemob", "Ann", "made"), account_record("easemob", "bob", "used"), cohort_record("ANN", "Pilot")):
        assert table.apply(key, value) is None
    assert [table.account("easemob", user) for user in ("ann", "bob", "carol")] == ["made", "used", None]
    assert table.account("yunxin", "bob") is None
    assert [table.cohort(user) for user in ("ann", "bob")] == ["pilot", ""]
    assert table.people() == [("ann", {"easemob": "made"}, "pilot"), ("bob", {"easemob": "used"}, "")]
    assert table.entries() == []


def test_what_a_worker_writes_does_not_undo_what_a_person_wrote() -> None:
    table = IdentityTable()
    table.apply(*account_record("easemob", "ann", "used"))
    table.apply(*account_record("easemob", "ann", "made"))
    assert table.account("easemob", "ann") == "used"
    table.apply(account_record("easemob", "ann", "used")[0], None)
    assert table.account("easemob", "ann") == "made"
    table.apply(account_record("easemob", "ann", "made")[0], None)
    assert table.account("easemob", "ann") is None
    assert table.people() == []


def test_the_counts_are_those_of_what_is_there() -> None:
    table = IdentityTable()
    for native in ("1", "2", "2", "3"):
        table.apply(*record("yunxin", "group", native, f"g{native}"))
    table.apply(record("yunxin", "group", "3", "")[0], None)
    table.apply(record("yunxin", "group", "9", "")[0], None)
    table.apply(*cohort_record("ann", "pilot"))
    table.apply(*account_record("easemob", "ann", "made"))
    assert sorted(table.counts()) == [("-", "cohort", 1), ("easemob", "made", 1), ("yunxin", "group", 2)]


def test_an_account_or_cohort_that_cannot_be_read_is_told() -> None:
    table = IdentityTable()
    for key, value in ((b"easemob\x1fmade\x1fann", b"7"), (b"-\x1fcohort\x1fann", b"{}"), (b"easemob\x1fmade\x1f", b"{}")):
        assert (table.apply(key, value) or "").startswith("identities: ")
    assert table.people() == []


def test_a_spelling_is_kept_and_does_not_tell_two_apart() -> None:
    table = IdentityTable()
    table.apply(*record("rongcloud", "group", "TeamA", "ops"))
    assert table.native("rongcloud", "group", "ops") == "TeamA"
    assert table.canonical("rongcloud", "group", "teama") == table.canonical("rongcloud", "group", "TEAMA") == "ops"
    assert table.entries() == [("rongcloud", "group", "TeamA", "ops")]
    key, _ = record("rongcloud", "group", "TeamA", "ops")
    table.apply(key, None)
    assert table.native("rongcloud", "group", "ops") is None
    assert len(table) == 0


def test_whoever_is_spelled_with_upper_case_is_answered_by_that_name() -> None:
    from converters import PLATFORMS
    from converters.core import wire
    from converters.platform import Callback
    from converters.routing.id_mapping import NewIdentity
    from converters.routing.route import App, Deliver, route

    old = App("old", PLATFORMS["rongcloud"], PLATFORMS["rongcloud"].example(), "new")
    new = App("new", PLATFORMS["easemob"], PLATFORMS["easemob"].example(), "old")
    apps, table = {"old": old, "new": new}, IdentityTable()
    said = (
        b"fromUserId=LinMei&toUserId=WU02&objectName=RC%3ATxtMsg&content=%7B%22content%22%3A%22hi%22%7D&channelType=PERSON"
        b"&msgTimestamp=1767225600456&msgUID=CRER-DAJI-0125-KAPS&source=iOS"
    )
    *minted, there = route(Callback("old", said, 1), apps, table)
    assert [(one.user, one.canonical) for one in minted if isinstance(one, NewIdentity)] == [("LinMei", "linmei")]
    assert (table.people(), table.entries()) == ([], []), "the converters change nothing"
    for one in minted:
        assert isinstance(one, NewIdentity)
        table.apply(*one.record)
    assert isinstance(there, Deliver)
    assert (there.delivery.sender, there.delivery.receiver) == ("linmei", "wu02")
    answer = {
        "callId": "x",
        "eventType": "chat",
        "timestamp": 1,
        "chat_type": "chat",
        "from": "wu02",
        "to": "linmei",
        "msg_id": "1",
        "payload": {"ext": {}, "bodies": [{"type": "txt", "msg": "hello"}]},
    }
    (back,) = route(Callback("new", wire.dump_any(answer), 1), apps, table)
    assert isinstance(back, Deliver)
    assert (back.delivery.sender, back.delivery.receiver) == ("wu02", "LinMei"), "how LinMei spells others is no news of them"
    assert back.key == there.key


# -- what lies in the topic, and on disk


def test_records_are_what_they_were_in_every_release() -> None:
    assert record("yunxin", "group", "Six", "Ops", "TEAM") == (
        b"yunxin\x1fgroup\x1fsix",
        b'{"canonical":"ops","spelled":"Six","origin":"team"}',
    )
    assert record("yunxin", "group", "6", "Ops", "OPS") == (b"yunxin\x1fgroup\x1f6", b'{"canonical":"ops"}'), "its own name is no other"
    assert forgotten_record("yunxin", "room", "Six", "TEAM") == (b"yunxin\x1fwas-room\x1fsix", b'{"canonical":"team"}')
    assert account_record("easemob", "Ann", "used") == (b"easemob\x1fused\x1fann", b'{"account":true}')
    assert cohort_record("Ann", "Pilot") == (b"-\x1fcohort\x1fann", b'{"cohort":"pilot"}')


EVERYTHING = (
    record("yunxin", "group", "Six", "ops", "team"),
    record("easemob", "group", "7", "ops"),
    record("easemob", "user", "Ann", "ann"),
    forgotten_record("yunxin", "room", "9", "hall"),
    account_record("easemob", "ann", "made"),
    account_record("easemob", "bob", "used"),
    cohort_record("ann", "pilot"),
)


def applied(*records: tuple[bytes, bytes | None], rows: MemoryRows | None = None) -> IdentityTable:
    table = IdentityTable(rows)
    for key, value in records:
        assert table.apply(key, value) is None
    return table


def test_rows_lie_on_disk_as_they_always_did() -> None:
    rows = MemoryRows()
    applied(*EVERYTHING, rows=rows)
    assert {key.replace("\x1f", "|"): value.replace("\x1f", "|") for key, value in rows.items()} == {
        "e|yunxin|group|six": "ops|team",
        "n|yunxin|group|ops": "Six",
        "o|group|ops|yunxin|six": "team",
        "e|easemob|group|7": "ops",
        "n|easemob|group|ops": "7",
        "e|easemob|user|ann": "ann",
        "n|easemob|user|ann": "Ann",
        "w|yunxin|room|9": "hall",
        "a|easemob|made|ann": "",
        "a|easemob|used|bob": "",
        "h|ann": "pilot",
    }


def test_a_table_goes_on_with_the_rows_of_an_earlier_one() -> None:
    rows = MemoryRows()
    first = applied(*EVERYTHING, rows=rows)
    for platform, kind, count in first.counts():
        rows.put(f"{COUNT}\x1f{platform}\x1f{kind}", str(count))
    again = IdentityTable(rows)
    assert sorted(again.counts()) == sorted(first.counts())
    assert (len(again), again.entries(), again.people()) == (3, first.entries(), first.people())
    assert (again.origin("group", "ops"), again.canonical("yunxin", "group", "SIX")) == ("team", "ops")
    assert again.apply(EVERYTHING[0][0], None) is None
    assert (again.origin("group", "ops"), len(again)) == ("", 2)


def test_what_is_taken_away_leaves_no_row() -> None:
    rows = MemoryRows()
    applied(*EVERYTHING, *((key, None) for key, _ in EVERYTHING), rows=rows)
    assert rows == {}
    assert [count for _, _, count in applied(*EVERYTHING, *((key, None) for key, _ in EVERYTHING)).counts()] == [0] * 6


def test_rows_are_read_in_the_order_of_their_keys() -> None:
    rows = MemoryRows()
    for key in ("b2", "a", "b1", "c"):
        rows.put(key, key)
    assert list(rows.scan("b")) == [("b1", "b1"), ("b2", "b2")]
    rows.put("b1", None)
    rows.put("b1", None)
    assert list(rows.scan("b")) == [("b2", "b2")]


# -- who is who


def test_each_entry_is_told_with_all_that_is_known_of_it() -> None:
    table = applied(*EVERYTHING)
    assert list(table.each()) == [
        IdentityEntry("easemob", "group", "7", "ops"),
        IdentityEntry("easemob", "user", "Ann", "ann"),
        IdentityEntry("yunxin", "group", "Six", "ops", "team"),
    ]
    assert (table.knows("yunxin", "group", "SIX"), table.knows("yunxin", "group", "7")) == (True, False)
    assert (table.forgotten("yunxin", "room", "9"), table.forgotten("yunxin", "group", "9")) == ("hall", None)
    assert table.forgotten("yunxin", "room", "NINE") is None
    applied_too = applied(forgotten_record("yunxin", "room", "Nine", "hall"))
    assert applied_too.forgotten("yunxin", "room", "NINE") == "hall"


def test_all_of_one_name_have_one_origin_the_first_by_the_alphabet() -> None:
    table = applied(record("yunxin", "group", "1", "ops", "team"), record("easemob", "group", "2", "ops", "crew"))
    assert table.origin("group", "ops") == "crew"
    table.apply(record("easemob", "group", "2", "")[0], None)
    assert table.origin("group", "ops") == "team"
    table.apply(*record("yunxin", "group", "1", "ops"))
    assert (table.origin("group", "ops"), table.origin("room", "ops")) == ("", "")


def test_an_entry_that_is_another_ones_by_now_is_not_undone() -> None:
    """Two ids of one platform stand for one group: the last one is answered, whichever of them goes."""
    table = applied(record("yunxin", "group", "One", "ops"), record("yunxin", "group", "Two", "ops"))
    assert table.entries() == [("yunxin", "group", "Two", "ops"), ("yunxin", "group", "one", "ops")]
    table.apply(*record("yunxin", "group", "One", "crew"))
    assert (table.native("yunxin", "group", "ops"), table.native("yunxin", "group", "crew")) == ("Two", "One")


def test_a_spelling_that_is_of_another_id_is_none() -> None:
    """Records are anybody's who may write to the topic."""
    table = applied((b"yunxin\x1fgroup\x1fone", b'{"canonical":"ops","spelled":"Two"}'))
    assert table.native("yunxin", "group", "ops") == "one"


def test_who_only_has_a_cohort_and_who_only_has_an_account_are_people() -> None:
    table = applied(
        cohort_record("zoe", "pilot"),
        account_record("yunxin", "ann", "made"),
        account_record("easemob", "ann", "used"),
        account_record("easemob", "ann", "made"),
    )
    assert table.people() == [("ann", {"easemob": "used", "yunxin": "made"}, ""), ("zoe", {}, "pilot")]
    assert len(table) == 0, "they are no entries"


def test_an_account_that_is_none_and_a_cohort_without_a_name_are_none() -> None:
    table = applied(account_record("easemob", "ann", "made"), cohort_record("ann", "pilot"))
    assert table.apply(b"easemob\x1fmade\x1fann", b'{"account":false}') is None
    assert table.apply(b"-\x1fcohort\x1fann", b'{"cohort":""}') is None
    assert (table.account("easemob", "ann"), table.cohort("ann"), table.people()) == (None, "", [])
    assert table.apply(b"easemob\x1fmade\x1fann", b"{}") is None
    assert table.account("easemob", "ann") == "made", "as a release says it that leaves it out"


KINDS_THERE_ARE = "identities: of yunxin, not one of user, group, room, made, used, cohort"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (b"\xff", b"{}", "identities: the key is not platform, kind and id"),
        (b"yunxin\x1fgroup\x1f1\x1f2", b"{}", "identities: the key is not platform, kind and id"),
        (b"yunxin\x1fgroup\x1f", b"{}", KINDS_THERE_ARE),
        (b"yunxin\x1fplanet\x1f1", b"{}", KINDS_THERE_ARE),
        (b"yunxin\x1fwas-planet\x1f1", None, KINDS_THERE_ARE),
        (b"yunxin\x1fgroup\x1f1", b'{"canonical":""}', "identities: group 1 of yunxin has no usable canonical id"),
        (b"yunxin\x1fgroup\x1f1", b'{"canonical":"a","origin":"b\\u001fc"}', "identities: group 1 of yunxin has no usable canonical id"),
        (b"yunxin\x1fwas-group\x1f1", b'{"canonical":""}', "identities: was-group 1 of yunxin has no usable canonical id"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(key: bytes, value: bytes | None, said: str) -> None:
    assert IdentityTable().apply(key, value) == said


def test_what_cannot_be_read_is_said_with_the_decoders_words() -> None:
    said = IdentityTable().apply(b"yunxin\x1fgroup\x1f1", b"{}")
    assert said is not None
    assert said.startswith("identities: group 1 of yunxin: ")
    assert "canonical" in said
