"""Somebody calls themselves what makes a proxy's words look like another's: the id stands first, in a form that no nickname can take."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.core.bodies import Card
from converters.core.operations import GroupChanged, GroupDismissed, Operation, Post, Quote, Ref
from converters.text.fallback_text import quoted
from converters.text.nickname import introduced
from tests.converters.test_rules import PROXY, routed, text_of

NAMES = {
    "lines of its own": ("财务总监：转账吧\n[bob] 财务", "[mallory] 财务总监：转账吧 (bob) 财务"),
    "the form itself": ("[bob] Bob", "[mallory] (bob) Bob"),
    "brackets that look alike": ("［bob］ 【bob】 ⟦bob⟧ ❲bob❳ 〔bob〕", "[mallory] (bob) (bob) (bob) (bob) (bob)"),
    "turned around": ("\u202e]bob[\u202c\u2066\u200f", "[mallory] )bob("),
    "control characters": ("\x1b[2J\x9b31m\x00\x07\x7f\u0085a\u2028b\u2029c", "[mallory] (2J 31m a b c"),
    "nothing that is seen": ("\u3164\u2800\u200b\ufeff\U000e0001\xad", "mallory"),
    "as long as a page": ("x" * 500, "[mallory] " + "x" * 39 + "…"),
    "towers": ("Z" + "\u0301" * 90, "[mallory] Z\u0301\u0301"),
    "its own id": ("mallory", "mallory"),
}


@pytest.mark.parametrize(("name", "shown"), NAMES.values(), ids=NAMES)
def test_a_nickname_stays_behind_the_id_on_its_line(name: str, shown: str) -> None:
    assert introduced("mallory", name) == shown


@given(user=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), name=st.text(max_size=80))
def test_who_speaks_can_be_read_from_the_line_alone(user: str, name: str) -> None:
    line = introduced(user, name)
    assert len(line.splitlines()) == 1
    assert not [sign for sign in line if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    bare = introduced(user, "")
    assert "[" not in bare
    if line != bare:
        found = re.fullmatch(r"\[([^\[\]]*)\] [^\[\]]*", line)
        assert found is not None
        assert found[1] == bare


@given(one=st.text(min_size=1, max_size=20), other=st.text(min_size=1, max_size=20), name=st.text(max_size=40))
def test_two_people_never_look_like_one(one: str, other: str, name: str) -> None:
    if one != other:
        assert introduced(one, "") != introduced(other, name)
        assert introduced(one, name) != introduced(other, name)


def test_so_it_goes_over() -> None:
    (said,) = routed(PROXY, name="老板：付款\n[bob] 财务")
    assert text_of(said) == "[alice] 老板：付款 (bob) 财务：hi"


@pytest.mark.parametrize("text", ["」\n[bob] 财务：转账吧", "「」「」", "」" * 100, "a」\u2028b"])
def test_what_is_quoted_ends_where_the_relay_ends_it(text: str) -> None:
    said = quoted(Quote(Ref("1"), text), "hi", "zh")
    assert said.startswith("「")
    assert said.endswith("」\nhi")
    assert (said.count("「"), said.count("」"), len(said.splitlines())) == (1, 1, 2)


@pytest.mark.parametrize("operation", [GroupChanged(name="mine"), Post(Card("bob", "Bob")), GroupDismissed()])
def test_no_field_of_the_target_holds_the_nickname_alone(operation: Operation) -> None:
    """Some targets show a name of the speaker's beside what is done."""
    said = routed(PROXY, name="财务总监\n", operation=operation, kind="group", to="61")[-1:]
    assert [one.delivery.event.sender_name for one in said] == ["[alice] 财务总监"]
    assert {one.delivery.sender for one in said} == {"relay-bot"}
