"""Event ids are built and taken apart in one place; released ones stay as they were, and nothing from outside can look like another's."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from converters.core.event_id import EventId, NotAnEventIdError, also, beside, is_event_id, is_of, message_of, new_event_id

ROOT = Path(__file__).parent.parent.parent
parts = st.text(max_size=90)
RELEASED = {
    ("easemob", "new", "direct", "1390000000000000101", "post"): "easemob:new:direct:1390000000000000101:post",
    (
        "yunxin",
        "old",
        "group",
        "1b7d2c64-9a51-4f0e-a3c7-5d2e8f901a01",
        "edit-1761004800000",
    ): "yunxin:old:group:1b7d2c64-9a51-4f0e-a3c7-5d2e8f901a01:edit-1761004800000",
    ("rongcloud", "old", "room", "BH6K-R8MS", "reaction-0f"): "rongcloud:old:room:BH6K-R8MS:reaction-0f",
    ("rongcloud", "my.app_2", "direct", "alice|bob|7", "read"): "rongcloud:my.app_2:direct:~7a5aab918bc75aa79bc17924c9bfe260:read",
    ("own", "旧", "group", "", "group-created"): "own:旧:group:~cae66941d9efbd404e4d88758ea67670:group-created",
}


@given(app=parts, message=parts, word=parts)
def test_an_id_is_taken_apart_into_what_it_was_built_of(app: str, message: str, word: str) -> None:
    made = EventId.parse(new_event_id("easemob", app, "direct", message, word))
    assert EventId.parse(made.text) == made
    assert made.text.count(":") == 4
    assert is_event_id(made.text)


@given(
    text=st.lists(st.sampled_from(["own", "a", "b", ":", ":", "\n", ""]), max_size=12).map("".join),
    platform=st.sampled_from(["own", "a", ""]),
    app=st.sampled_from(["a", "a:b", "b", ""]),
)
@example("own:a:b:a:b", "own", "a")
@example("own:a:b:a:b:own", "own", "a:b")
@example("own:a:b:a:b:own", "own", "a")
@example("own:a:b:a:b\n", "own", "a")
@example("ywn:a:b:a:b", "own", "a")
@example("own:a::a:b", "own", "a")
@example("own:a:b::b", "own", "a")
@example("own:a:b:a:", "own", "a")
@example(":a:b:a:b", "", "a")
@example("own::b:a:b", "own", "")
def test_whose_id_it_is_can_be_told_without_taking_it_apart(text: str, platform: str, app: str) -> None:
    try:
        found = EventId.parse(text)
    except NotAnEventIdError:
        assert not is_of(text, platform, app)
    else:
        assert is_of(text, platform, app) == ((found.platform, found.app) == (platform, app))


def test_another_event_of_a_message_differs_by_its_last_word() -> None:
    assert beside("p:my:app:direct:1:post", "by") == "p:my:app:direct:1:by"
    assert EventId("p", "a", "direct", "1", "post").beside("by") == EventId("p", "a", "direct", "1", "by")


@given(one=st.tuples(parts, parts, parts), other=st.tuples(parts, parts, parts))
def test_two_things_never_share_an_id(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    first, second = (new_event_id("p", app, "direct", message, word) for app, message, word in (one, other))
    assert (first == second) == (one == other)


@pytest.mark.parametrize(("app", "message"), [("a:direct:1:post", "1"), ("a\nb", "1"), ("a", "1:recall"), ("a", "../x"), ("", "")])
def test_hostile_parts_are_replaced_by_their_digests(app: str, message: str) -> None:
    made = EventId.parse(new_event_id("p", app, "direct", message))
    assert made.app == app if app == "a" else made.app.startswith("~")
    assert made.message == message if message == "1" else made.message.startswith("~")


@pytest.mark.parametrize(
    "text", ["", "e1", "a:b:c:d", "::::", "p:a:direct:1:", "\x05p:a:direct:1:post", "p:a:direct:1:post\n", "dead:3:17"]
)
def test_what_is_no_event_id_is_refused(text: str) -> None:
    assert not is_event_id(text)
    with pytest.raises(NotAnEventIdError):
        EventId.parse(text)


def test_an_id_of_an_app_with_a_colon_is_still_read() -> None:
    assert EventId.parse("yunxin:my:app:direct:77:post") == EventId("yunxin", "my:app", "direct", "77", "post")


@pytest.mark.parametrize(("given", "text"), RELEASED.items(), ids=lambda one: one if isinstance(one, str) else "")
def test_released_ids_stay_as_they_were(given: tuple[str, str, str, str, str], text: str) -> None:
    assert new_event_id(*given) == text


def test_without_a_word_it_is_the_post_of_a_message() -> None:
    assert new_event_id("p", "a", "direct", "1") == "p:a:direct:1:post"


@pytest.mark.parametrize(("part", "longest"), [("app", 64), ("message", 64), ("operation", 96)])
def test_a_part_stays_up_to_its_length_and_is_a_digest_beyond(part: str, longest: int) -> None:
    """Released: with another length, what lies in Kafka would have another id."""
    for length in (longest, longest + 1):
        parts = {"app": "a", "message": "1", "operation": "post", part: "q" * length}
        made = EventId.parse(new_event_id("p", parts["app"], "direct", parts["message"], parts["operation"]))
        assert getattr(made, part).startswith("q" if length == longest else "~")


def test_the_further_bodies_of_a_message_have_ids_beside_its_own() -> None:
    assert also("p:a:direct:1:post", 2) == "p:a:direct:1:post-2"
    assert also("p:my:app:direct:1:post", 3) == "p:my:app:direct:1:post-3"


def test_half_an_emoji_has_a_digest_of_its_own() -> None:
    whole, half, other = (EventId.parse(new_event_id("p", "a", "direct", text)).message for text in ("\U0001f600", "\ud83d", "\ude00"))
    assert len({whole, half, other}) == 3


@pytest.mark.parametrize(("remote_id", "stays"), [("1", True), ("a-b", True), ("-", False), ("a_b", False), ("á", False), ("١", False)])
def test_an_id_of_letters_digits_and_hyphens_stays(remote_id: str, stays: bool) -> None:
    assert (message_of(remote_id) == remote_id) is stays


def test_nothing_else_takes_an_id_apart() -> None:
    splits = re.compile(r"\b(event|event_id|id|name|message|event\.id)\.r?(partition|split)\((\"|'):")
    found = [
        str(path.relative_to(ROOT))
        for package in ("converters", "streams")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "event_id.py" and splits.search(path.read_text())
    ]
    assert not found
