from typing import Any, cast

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import Struct, structs

from converters import PLATFORMS
from converters.core import wire
from converters.core.bodies import Text
from converters.core.event_id import new_event_id
from converters.core.model import Delivery, Event, direct
from converters.core.operations import Post
from converters.routing.user_ids import fold
from converters.text import echo_mark
from converters.text.echo_mark import EchoMark, MarkedMessage

ids = st.text(min_size=1, max_size=20)
kinds = st.sampled_from(["direct", "group", "room"])
events = st.builds(lambda *parts: new_event_id("p", *parts), ids, kinds, ids)
places = st.builds(MarkedMessage, ids, kinds, ids, ids)
E1 = new_event_id("p", "a", "direct", "1")


class By(Struct, frozen=True):
    """What an account says of its marks."""

    mark_secret: str = "the secret of these tests"
    mark_secret_previous: str = ""
    mark_unkeyed_until: int = 0


BY = By()
HERE = MarkedMessage("new", "direct", "alice", "bob")


def old(event: str, where: MarkedMessage) -> dict[str, Any]:
    """A mark as 0.1.0 made them: anybody can."""
    made = echo_mark.make(event, where, By(mark_unkeyed_until=1), at=0)
    return {"id": event, "d": made["d"]}


def test_a_mark_is_what_it_was_in_every_release() -> None:
    """What the last release has sent comes back to this one, and the other way round while a worker of each is at work."""
    until = By(mark_unkeyed_until=1)
    assert echo_mark.make(E1, HERE, until, at=0) == {"id": E1, "k": "343557b3c7f40a718bd14c6af23faa89", "d": "9e2df6938a0be12e"}
    assert echo_mark.make(E1, HERE, until, at=0, more=True, part=3, late=True) == {
        "id": E1,
        "k": "7552ae6fbd6c7e2e01752b2eaddfadb3",
        "d": "9f7f82be87893b5e",
        "more": True,
        "part": 3,
        "late": True,
    }
    assert (echo_mark.UNFIT, echo_mark.UNKEYED, echo_mark.CLIENT) == ("unfit", "unkeyed", "client"), "metrics have these words"


SAID = Event(id=E1, source="old", remote_id="1", conversation=direct("ann", "bob"), sender="ann", at=5, operation=Post(Text("hi")))
GIVEN = Delivery(event=SAID, target="new", sender="Alice", receiver="Bob", received=9)


def test_the_mark_of_a_delivery_is_of_its_event_and_for_its_receiver() -> None:
    assert echo_mark.of(GIVEN, BY, "Alice") == echo_mark.make(E1, MarkedMessage("new", "direct", "Alice", "Bob"), BY)
    assert echo_mark.of(GIVEN, BY, "Alice", "Rob", more=True, part=2) == echo_mark.make(
        E1, MarkedMessage("new", "direct", "Alice", "Rob"), BY, more=True, part=2
    )
    assert echo_mark.of(GIVEN, BY, "Alice", "") == echo_mark.make(E1, MarkedMessage("new", "direct", "Alice", ""), BY)
    assert echo_mark.of(structs.replace(GIVEN, late=True), BY, "Alice")["late"] is True


def test_the_mark_of_a_group_that_is_made_names_its_owner_alone() -> None:
    made = echo_mark.of_group(GIVEN, By(mark_unkeyed_until=6), "Ann")
    assert made == echo_mark.make(E1, MarkedMessage("new", echo_mark.NEW_GROUP, "Ann", ""), By(mark_unkeyed_until=6), at=5)
    assert made == {"id": E1, "k": "e8ecef0a14c102291234a4909d99c59a", "d": "b1c97444d4ec276d"}


@pytest.mark.parametrize(("until", "there"), [(6, True), (5, False)])
def test_when_an_event_was_said_decides_whether_it_has_a_mark_without_a_key_too(until: int, there: bool) -> None:
    by = By(mark_unkeyed_until=until)
    assert ("d" in echo_mark.of(GIVEN, by, "Alice")) == ("d" in echo_mark.of_group(GIVEN, by, "Ann")) == there
    assert "d" not in echo_mark.make(E1, HERE, by), "of what nobody knows when it was said"


def test_what_a_users_client_has_sent_is_nobodys_but_the_users() -> None:
    assert echo_mark.by_client(EchoMark(E1, more=False, part=0)) == echo_mark.CLIENT
    assert [echo_mark.by_client(found) for found in (echo_mark.UNFIT, echo_mark.UNKEYED, None)] == [
        echo_mark.UNFIT,
        echo_mark.UNKEYED,
        None,
    ]


@given(event=events, where=places, more=st.booleans(), part=st.integers(0, 99))
def test_a_mark_is_read_on_its_own_message_after_the_wire(event: str, where: MarkedMessage, more: bool, part: int) -> None:
    made = wire.load_any(wire.dump_any(echo_mark.make(event, where, BY, more=more, part=part)))
    assert echo_mark.read(made, where, BY, 0) == EchoMark(event, more, part)


@given(where=places, other=places)
def test_a_mark_fits_no_other_message(where: MarkedMessage, other: MarkedMessage) -> None:
    assume([fold(part) for part in where] != [fold(part) for part in other] or where[:2] != other[:2])
    made = echo_mark.make(E1, where, BY)
    assert echo_mark.read(made, other, BY, 0) == echo_mark.UNFIT
    assert echo_mark.read({**made, "id": "p:a:direct:2:post"}, where, BY, 0) == echo_mark.UNFIT
    assert echo_mark.read({**made, "more": True}, where, BY, 0) == echo_mark.UNFIT
    assert echo_mark.read({**made, "part": 1}, where, BY, 0) == echo_mark.UNFIT


@pytest.mark.parametrize("field", MarkedMessage._fields)
def test_each_thing_that_tells_its_message_from_others_is_in_the_digest(field: str) -> None:
    made = echo_mark.make(E1, HERE, BY)
    assert echo_mark.read(made, HERE, BY, 0) == EchoMark(E1, more=False, part=0, keyed=True)
    assert echo_mark.read(made, HERE._replace(**{field: getattr(HERE, field) + "x"}), BY, 0) == echo_mark.UNFIT


def test_no_sign_within_an_id_moves_where_it_ends() -> None:
    made = echo_mark.make(E1, MarkedMessage("new", "direct", "a\x1fb", "c"), BY)
    assert echo_mark.read(made, MarkedMessage("new", "direct", "a", "b\x1fc"), BY, 0) == echo_mark.UNFIT


def test_people_are_told_apart_by_case_no_more_than_platforms_do() -> None:
    made = echo_mark.make(E1, HERE, BY)
    assert isinstance(echo_mark.read(made, HERE._replace(sender="ALICE", receiver="BOB"), BY, 0), EchoMark)
    until = By(mark_unkeyed_until=1)
    assert isinstance(echo_mark.read(old(E1, HERE), HERE._replace(sender="ALICE", receiver="BOB"), until, 0), EchoMark)
    kelvin = echo_mark.make(E1, HERE._replace(sender="\u212aelvin"), BY)
    assert echo_mark.read(kelvin, HERE._replace(sender="kelvin"), BY, 0) == echo_mark.UNFIT


def test_it_has_128_bits_and_shows_no_key() -> None:
    made = echo_mark.make(E1, HERE, BY)
    assert len(bytes.fromhex(made["k"])) == 16
    assert made["k"] != echo_mark.make(E1, HERE, By("another secret of these tests"))["k"]
    assert "d" not in made, "what can be made without a key"


def test_a_secret_is_changed_without_losing_a_mark() -> None:
    old_one, both, after = By("the old one"), By("the new one", "the old one"), By("the new one")
    made = echo_mark.make(E1, HERE, old_one)
    assert isinstance(echo_mark.read(made, HERE, both, 0), EchoMark)
    assert echo_mark.make(E1, HERE, both) == echo_mark.make(E1, HERE, after), "the first signs"
    assert echo_mark.read(made, HERE, after, 0) == echo_mark.UNFIT


def test_marks_without_a_key_are_believed_on_what_was_said_before_a_time_and_by_default_never() -> None:
    theirs = old(E1, HERE)
    assert echo_mark.read(theirs, HERE, BY, 999) == echo_mark.UNKEYED
    until = By(mark_unkeyed_until=1000)
    assert echo_mark.read(theirs, HERE, until, 999) == EchoMark(E1, more=False, part=0, keyed=False)
    assert echo_mark.read(theirs, HERE, until, 1000) == echo_mark.UNKEYED
    for field in ("sender", "receiver"):
        assert echo_mark.read(theirs, HERE._replace(**{field: "carol"}), until, 999) == echo_mark.UNFIT
    for other in ({"more": True}, {"part": 1}, {"id": new_event_id("p", "a", "direct", "2")}, {"d": "0" * 16}):
        assert echo_mark.read({**theirs, **other}, HERE, until, 999) == echo_mark.UNFIT


def test_until_then_workers_of_that_release_find_theirs_in_a_new_one() -> None:
    until = By(mark_unkeyed_until=1000)
    made = echo_mark.make(E1, HERE, until, at=999)
    assert made["d"] == old(E1, HERE)["d"]
    assert "d" not in echo_mark.make(E1, HERE, until, at=1000)
    assert echo_mark.read({**made, "k": "0" * 32}, HERE, until, 999) == echo_mark.UNFIT, "a key that does not fit is not made good by it"


def test_without_a_secret_none_is_made_and_none_believed() -> None:
    with pytest.raises(echo_mark.NoMarkSecretError):
        echo_mark.make(E1, HERE, By(""))
    assert echo_mark.read(echo_mark.make(E1, HERE, BY), HERE, By(""), 0) == echo_mark.UNFIT


@pytest.mark.parametrize("by", [BY, By("")])
def test_a_secret_that_is_not_set_is_nobodys_key(by: By) -> None:
    """The digest under the empty secret is one that everybody can make."""
    forged = {"id": E1, "k": echo_mark._digest(echo_mark._key(""), E1, HERE, more=False, part=0)}
    assert echo_mark.read(forged, HERE, by, 0) == echo_mark.UNFIT


def test_signs_that_are_no_characters_are_signs_like_others() -> None:
    where = HERE._replace(sender="\ud800")
    made = echo_mark.make(E1, where, By(mark_unkeyed_until=1), at=0)
    assert echo_mark.read(made, where, BY, 0) == EchoMark(E1, more=False, part=0)
    assert echo_mark.read(made, HERE._replace(sender="\ud801"), BY, 0) == echo_mark.UNFIT
    assert echo_mark.read({**made, "k": "\ud800"}, where, BY, 0) == echo_mark.UNFIT


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "",
        [],
        {},
        {"id": 1, "k": "x"},
        {"id": "e1", "k": "x"},
        {"id": "\x05p:a:direct:2:post", "k": "x"},
        {"id": E1},
        {"id": E1, "k": None},
        7,
    ],
)
def test_what_has_not_the_form_of_a_mark_is_none(odd: object) -> None:
    assert echo_mark.read(odd, HERE, BY, 0) is None


def test_more_is_said_by_true_alone() -> None:
    assert echo_mark.read({**echo_mark.make(E1, HERE, BY), "more": 1}, HERE, BY, 0) == EchoMark(E1, more=False, part=0)


def test_of_parts_there_are_ten_thousand() -> None:
    last, beyond = (echo_mark.make(E1, HERE, BY, part=part) for part in (9_999, 10_000))
    assert echo_mark.read(last, HERE, BY, 0) == EchoMark(E1, more=False, part=9_999)
    assert echo_mark.read(beyond, HERE, BY, 0) == echo_mark.UNFIT


@pytest.mark.parametrize("part", [-1, True, 1.0, "0", None, 1 << 70])
def test_a_part_that_none_can_be_does_not_fit(part: object) -> None:
    assert echo_mark.read({**echo_mark.make(E1, HERE, BY), "part": part}, HERE, BY, 0) == echo_mark.UNFIT


@given(app=st.text(max_size=200), remote=st.text(max_size=2000))
def test_a_mark_always_fits_into_the_extension(app: str, remote: str) -> None:
    event = new_event_id("rongcloud", app, "direct", remote)
    made = echo_mark.make(event, HERE, By(mark_unkeyed_until=1), more=True, late=True, part=99, at=0)
    assert len(wire.dump_any({"k" * 32: made})) < 800
    assert event == new_event_id("rongcloud", app, "direct", remote)


@given(one=st.text(max_size=100), other=st.text(max_size=100))
def test_two_messages_have_two_event_ids(one: str, other: str) -> None:
    same = new_event_id("p", "a", "direct", one) == new_event_id("p", "a", "direct", other)
    assert same == (one == other)


@pytest.mark.parametrize("name", sorted(name for name in PLATFORMS if hasattr(PLATFORMS[name].example(), "mark")))
@pytest.mark.parametrize("key", ["", "two words", "k" * 33, 'a"b', "键"])
def test_a_key_that_would_not_fit_is_no_setting(name: str, key: str) -> None:
    account = {**msgspec.to_builtins(PLATFORMS[name].example()), "mark": key}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(account, PLATFORMS[name].account)


@pytest.mark.parametrize("name", sorted(name for name in PLATFORMS if hasattr(PLATFORMS[name].example(), "mark")))
def test_a_key_that_fits_and_a_time_from_1970_on_are_settings(name: str) -> None:
    account = {**msgspec.to_builtins(PLATFORMS[name].example()), "mark": "relay_1" + "k" * 25, "mark_unkeyed_until": 0}
    assert msgspec.convert(account, PLATFORMS[name].account)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**account, "mark_unkeyed_until": -1}, PLATFORMS[name].account)


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_an_account_shows_no_secret(name: str) -> None:
    account = structs.replace(cast("Any", PLATFORMS[name].example()), mark_secret="s3cr3t")
    assert "s3cr3t" not in f"{account} {account!r}"
