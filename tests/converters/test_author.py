"""Who has written a callback, as the ingress reads it: the same person as the decoder says, and nothing raised whatever the body is."""

from pathlib import Path

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from msgspec import UNSET

from converters import PLATFORMS
from converters.core.operations import Edit, Post
from converters.core.wire import Malformed
from converters.platform import Callback, DecodedEvent
from converters.routing.user_ids import fold
from tests.converters.shapes import NOW
from tests.converters.shapes import body as body_of
from tests.converters.test_cases import CASES, read

BY_SERVERS = {"group-other", "ev-edit-server"}
"""What the platform or the app's server says in somebody's name: it is under the server's own key."""


def said(path: Path) -> tuple[bytes, set[str]] | None:
    """A callback of one sender that posts, edits or recalls, and that sender; None for any other case."""
    case, platform, account = read(path)
    if case.given.callback is UNSET and case.given.raw is UNSET:
        return None
    body = body_of(platform.name, case.given.callback) if case.given.raw is UNSET else case.given.raw.encode("latin-1")
    try:
        events = [
            one.event for one in platform.decode(Callback("app", body, NOW, case.given.headers), account) if isinstance(one, DecodedEvent)
        ]
    except Malformed:
        return None
    if not events or not all(isinstance(each.operation, Post | Edit) and each.sender for each in events):
        return None
    return body, {fold(each.sender) for each in events}


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_the_author_is_the_sender(platform: str) -> None:
    compared, differing = 0, []
    for path in CASES:
        if path.parent.name == platform and path.stem not in BY_SERVERS and (found := said(path)) is not None:
            body, senders = found
            compared += 1
            author = fold(PLATFORMS[platform].author(body))
            if {author} != senders and (len(senders) == 1 or author):
                differing.append((path.stem, author, senders))
    assert compared >= 5, "there is something to compare"
    assert differing == []


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
@drawn(
    st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode), st.from_regex(rb'[\[{]["a-zA-Z:,\[\]{}0-9]*', fullmatch=True))
)
def test_whatever_the_body_is_nothing_is_raised(platform: str, body: bytes) -> None:
    assert isinstance(PLATFORMS[platform].author(body), str)


def test_several_senders_are_nobody() -> None:
    author = PLATFORMS["own"].author
    assert author(b'[{"sender":"ann"},{"sender":"ann"}]') == "ann"
    assert author(b'[{"sender":"ann"},{"sender":"bob"}]') == ""
    assert author(b"[]") == ""
    assert author(b'{"sender":"ann"}') == "ann"
