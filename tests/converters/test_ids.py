"""The laws of ids: what is written can be read, nothing is written alike, everything fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import PLATFORMS
from converters.routing.user_ids import IdRule, problems

RULES = {name: platform.user_ids for name, platform in PLATFORMS.items()}
RULES["narrow"] = IdRule("abcdefghijklmnopqrstuvwxyz0123456789-", 32)
EVERY = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())

awkward = st.sampled_from(["x--", "h--", "x--a", "x---40", "x--a-2d", "h--" + "a" * 26, "-", "--", ".", "@", "_", "x-", "İ"])
ids = (
    st.one_of(
        st.text("abcxh0123-_.@", min_size=1, max_size=70),
        st.text(min_size=1, max_size=12),
        st.builds(str.__add__, awkward, st.text("abh-0x_", max_size=30)),
    )
    .map(str.lower)
    .filter(lambda own: own.isprintable() and own == own.lower())
)


@EVERY
@given(own=ids)
def test_what_is_written_fits_and_reads_back_unless_it_was_hashed(rule: IdRule, own: str) -> None:
    written = rule.write(own)
    assert rule.possible(written.native)
    assert rule.to_canonical(written.native) == (None if written.hashed else own)


@EVERY
@given(one=ids, other=ids)
def test_no_two_ids_are_written_alike(rule: IdRule, one: str, other: str) -> None:
    assert (rule.write(one).native == rule.write(other).native) == (one == other)


@EVERY
@given(native=ids)
def test_what_is_read_is_what_would_have_been_written(rule: IdRule, native: str) -> None:
    canonical = rule.to_canonical(native)
    if rule.possible(native) and canonical is not None:
        assert rule.write(canonical).native == native


@EVERY
@given(own=st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=32))
def test_an_id_that_fits_is_used_as_it_is(rule: IdRule, own: str) -> None:
    assert rule.write(own).native == own
    assert rule.write(own.upper()).native == own


def test_ids_are_written_as_documented() -> None:
    accid, username = RULES["yunxin"], RULES["easemob"]
    assert accid.write("me@home").native == "me@home"
    assert username.write("me@home").native == "x--me-40home"
    assert username.write("x--me").native == "x--x-2d-2dme"
    assert username.write("张三").native == "x---e5-bc-a0-e4-b8-89"
    assert accid.write("a" * 33).native.startswith("h--")
    assert accid.write("a" * 32).native == "a" * 32


@pytest.mark.parametrize("native", ["x--me-4", "x--me-zz", "x--plain", "x---61", "x---ff", "h--abc", "", "a\x1fb", "x--+1"])
def test_what_the_rule_would_not_have_written_is_not_guessed_at(native: str) -> None:
    assert RULES["easemob"].to_canonical(native) is None


def test_problems_are_found_before_a_move() -> None:
    found = problems(["Anna", "anna", "me@home", "b" * 60, "ok", "汉字"], RULES["yunxin"], RULES["easemob"])
    assert [(problem.id, problem.what) for problem in found] == [
        ("anna", "case"),
        ("me@home", "impossible"),
        ("b" * 60, "hashed"),
        ("汉字", "impossible"),
        ("汉字", "changed"),
    ]
