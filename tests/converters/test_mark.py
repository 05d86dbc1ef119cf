import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import PLATFORMS, mark, wire
from converters.event_ids import EventId

ids = st.text(min_size=1, max_size=20)
events = st.builds(lambda *parts: EventId.of("p", *parts).text, ids, st.sampled_from(["direct", "group", "room"]), ids)
E1 = EventId.of("p", "a", "direct", "1").text


@given(event=events, sender=ids, receiver=ids, more=st.booleans())
def test_a_mark_is_read_on_its_own_message_after_the_wire(
    event: str, sender: str, receiver: str, more: bool
) -> None:
    made = wire.load_any(wire.dump_any(mark.make(event, sender, receiver, more=more)))
    assert mark.read(made, sender, receiver) == (event, more, 0)


@given(sender=ids, receiver=ids, other=ids)
def test_a_mark_fits_no_other_message(sender: str, receiver: str, other: str) -> None:
    made = mark.make(E1, sender, receiver)
    if other.lower() != sender.lower():
        assert mark.read(made, other, receiver) is None
    if other.lower() != receiver.lower():
        assert mark.read(made, sender, other) is None
    if sender.lower() != receiver.lower():
        assert mark.read(made, receiver, sender) is None
    assert mark.read({**made, "id": "p:a:direct:2:post"}, sender, receiver) is None
    assert mark.read({**made, "more": True}, sender, receiver) is None


@pytest.mark.parametrize(
    "odd", [mark.make("e1", "alice", "bob"), mark.make("\x05p:a:direct:2:post", "alice", "bob"), None, "", [], {}, {"id": 1, "d": "x"}, {"id": "e1"}, {"id": "e1", "d": None}, 7]
)
def test_what_is_no_mark_is_none(odd: object) -> None:
    assert mark.read(odd, "alice", "bob") is None


@given(app=st.text(max_size=200), remote=st.text(max_size=2000))
def test_a_mark_always_fits_into_the_extension(app: str, remote: str) -> None:
    event = EventId.of("rongcloud", app, "direct", remote).text
    assert len(wire.dump_any({"k" * 32: mark.make(event, "a", "b", more=True)})) < 800
    assert event == EventId.of("rongcloud", app, "direct", remote).text


@given(one=st.text(max_size=100), other=st.text(max_size=100))
def test_two_messages_have_two_event_ids(one: str, other: str) -> None:
    same = EventId.of("p", "a", "direct", one).text == EventId.of("p", "a", "direct", other).text
    assert same == (one == other)


@pytest.mark.parametrize("name", sorted(name for name in PLATFORMS if hasattr(PLATFORMS[name].example(), "mark")))
@pytest.mark.parametrize("key", ["", "two words", "k" * 33, 'a"b', "键"])
def test_a_key_that_would_not_fit_is_no_setting(name: str, key: str) -> None:
    account = {**msgspec.to_builtins(PLATFORMS[name].example()), "mark": key}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(account, PLATFORMS[name].account)
