from hypothesis import given
from hypothesis import strategies as st

from converters.identities import KINDS, Identities, record

names = st.text("abc12", min_size=1, max_size=3)


def test_an_entry_is_found_from_both_sides() -> None:
    table = Identities()
    assert table.apply(*record("yunxin", "group", "6123", "team")) is None
    assert table.canonical("yunxin", "group", "6123") == "team"
    assert table.native("yunxin", "group", "team") == "6123"
    assert table.canonical("yunxin", "room", "6123") is None
    assert table.canonical("easemob", "group", "6123") is None


def test_the_key_is_platform_kind_and_id() -> None:
    assert record("yunxin", "user", "Me", "You") == (b"yunxin\x1fuser\x1fme", b'{"canonical":"you"}')


def test_a_tombstone_deletes_both_sides() -> None:
    table = Identities()
    key, value = record("yunxin", "group", "1", "team")
    table.apply(key, value)
    assert table.apply(key, None) is None
    assert table.canonical("yunxin", "group", "1") is table.native("yunxin", "group", "team") is None
    assert len(table) == 0
    assert table.apply(key, None) is None


def test_an_entry_that_moves_leaves_nothing_behind() -> None:
    table = Identities()
    table.apply(*record("yunxin", "group", "1", "team"))
    table.apply(*record("yunxin", "group", "1", "crew"))
    assert table.native("yunxin", "group", "team") is None
    assert table.native("yunxin", "group", "crew") == "1"


def test_deleting_an_old_id_keeps_the_new_one() -> None:
    table = Identities()
    table.apply(*record("yunxin", "group", "1", "team"))
    table.apply(*record("yunxin", "group", "2", "team"))
    table.apply(record("yunxin", "group", "1", "team")[0], None)
    assert table.native("yunxin", "group", "team") == "2"


def test_bad_records_are_reported_and_change_nothing() -> None:
    table = Identities()
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
    problem = Identities().apply(key, value)
    assert problem is None or isinstance(problem, str)


@given(entries=st.lists(st.tuples(st.sampled_from(KINDS), names, names | st.none()), max_size=30))
def test_the_table_is_the_last_word_of_each_key(entries: list[tuple[str, str, str | None]]) -> None:
    table, last = Identities(), {}
    for kind, native, canonical in entries:
        key, value = record("p", kind, native, canonical or "-")
        assert table.apply(key, value if canonical else None) is None
        last[kind, native] = canonical
    for (kind, native), canonical in last.items():
        assert table.canonical("p", kind, native) == canonical
