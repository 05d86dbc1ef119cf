"""The laws of ids: what is written can be read, nothing is written alike, everything fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import PLATFORMS
from converters.routing.user_ids import IdRule, NativeId, canonical_id, fold, problems

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
    assert accid.write("a" * 33).native == "h--pgrcz2aln5wdxaa4xzanxp7e5i"
    assert accid.write("a" * 32).native == "a" * 32
    assert accid.write("A.b_9!").native == "x--a.b-5f9-21", "a sign that the platform takes is escaped all the same, but for a point"
    assert IdRule("abcdefghijklmnopqrstuvwxyz0123456789-_", 32).write("a.b!").native == "x--a-2eb-21", "and that where it takes points"


def test_ids_are_compared_without_regard_to_the_case_of_latin_letters_alone() -> None:
    assert fold("AZaz09-É\u212a") == "azaz09-É\u212a"
    assert fold("\u212aELVIN") == "\u212aelvin"
    assert canonical_id("Ann") == "ann"


def test_what_a_platform_could_have_is_measured_as_it_measures() -> None:
    in_bytes, in_characters = (IdRule("abcé", 32, unit) for unit in ("bytes", "characters"))
    assert [in_bytes.possible(native) for native in ("", "a", "é" * 16, "é" * 16 + "a", "d")] == [False, True, True, False, False]
    assert [in_characters.possible(native) for native in ("é" * 32, "é" * 33)] == [True, False]
    assert not IdRule("abcé", 32).possible("é" * 17), "in bytes, where nothing is said"


def test_an_id_that_is_too_long_once_it_is_escaped_is_hashed() -> None:
    rule = IdRule("abcdefghijklmnopqrstuvwxyz0123456789-", 32)
    assert rule.write("!" * 9 + "aa") == NativeId("x--" + "-21" * 9 + "aa")
    assert rule.write("!" * 9 + "aaa") == NativeId("h--ufhhawq25fs4ezgoxkj5yfhj2y", hashed=True)
    assert not rule.write("ann").hashed


def test_what_has_been_asked_for_is_not_computed_again() -> None:
    rule = IdRule("ab", 32, cached=2)
    for _ in range(3):
        rule.write("a")
        rule.to_canonical("a")
    assert (rule.write.cache_info()[:3], rule.to_canonical.cache_info()[:3]) == ((2, 1, 2), (2, 1, 2))


@pytest.mark.parametrize(
    "native",
    [
        "x--",
        "X--ME-40HOMe-",
        "x--me-40home\u200b",
        "h--",
        "x--me-4",
        "x--me-zz",
        "x--plain",
        "x---61",
        "x---ff",
        "h--abc",
        "",
        "a\x1fb",
        "x--+1",
    ],
)
def test_what_the_rule_would_not_have_written_is_not_guessed_at(native: str) -> None:
    assert RULES["easemob"].to_canonical(native) is None


def test_problems_are_found_before_a_move() -> None:
    ids = ["Anna", "anna", "me@home", "b" * 60, "ok", "汉字"]
    assert [(one.id, one.what) for one in problems(ids, RULES["yunxin"])] == [("anna", "case"), ("b" * 60, "hashed"), ("汉字", "changed")]
    found = problems(ids, RULES["yunxin"], RULES["easemob"])
    assert [one.detail for one in found] == [
        "the same as Anna, but for upper and lower case",
        "the platform it comes from takes no such id",
        RULES["yunxin"].write("b" * 60).native,
        "the platform it comes from takes no such id",
        "x---e6-b1-89-e5-ad-97",
    ]
    assert [(problem.id, problem.what) for problem in found] == [
        ("anna", "case"),
        ("me@home", "impossible"),
        ("b" * 60, "hashed"),
        ("汉字", "impossible"),
        ("汉字", "changed"),
    ]
