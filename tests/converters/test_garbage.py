"""Whatever comes in, nothing is raised but Malformed, and routing raises nothing at all."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import PLATFORMS
from converters.core import wire
from converters.core.bodies import Text
from converters.core.model import NOTHING
from converters.core.operations import Post
from converters.platform import Accepted, Callback, Incoming, Probe, Rejected, Reply, Request
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App, Deliver, route
from tests.converters.examples import there_of
from tests.converters.shapes import NOW, incoming, message
from tests.fuzz.mutations import DEEP, ODD, dumped
from tests.narrowed import of_kind

NAMES = sorted(PLATFORMS)
APPS = {name: App(name, PLATFORMS[name], PLATFORMS[name].example(), other) for name, other in zip(NAMES, NAMES[::-1], strict=True)}

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from(["0", "1", "true", "{}"])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3))


def _fields(name: str) -> st.SearchStrategy[dict[str, Any]]:
    said = message(name, kind="group") | {"blacklist": "0", "status": "x", "user": "y", "event": "group_op_event"}
    return st.dictionaries(st.sampled_from(sorted(said)), values, max_size=6).map(lambda odd: message(name) | odd)


def _route(name: str, body: bytes) -> None:
    for routed in route(Callback(name, body, NOW), APPS, IdentityTable()):
        if isinstance(routed, Deliver):
            wire.dump(routed.delivery)
            target = APPS[routed.delivery.target]
            for there in (NOTHING, there_of(routed.platform, routed.delivery.event.operation)):
                PLATFORMS[routed.platform].encode(routed.delivery, target.account, there)


@pytest.mark.parametrize("name", NAMES)
@given(body=st.binary(max_size=200))
def test_bytes(name: str, body: bytes) -> None:
    _route(name, body)
    verdict = PLATFORMS[name].check(Incoming({}, "", body), APPS[name].account, NOW)
    assert isinstance(verdict, Rejected | Probe)


@pytest.mark.parametrize("name", NAMES)
@given(said=values)
def test_any_json(name: str, said: Any) -> None:
    _route(name, json.dumps(said).encode())


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_messages_with_odd_fields(name: str, data: st.DataObject) -> None:
    said = data.draw(_fields(name))
    _route(name, json.dumps(said).encode())
    if name == "yunxin":
        verdict = PLATFORMS[name].check(incoming(name, said, "demo-yunxin-secret"), APPS[name].account, NOW)
        assert isinstance(verdict, Accepted), "the signature is right, whatever lies in it"


def places(said: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in *said*."""
    inner = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(said: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = said.copy()
    copy[path[0]] = changed(copy[path[0]], path[1:], value)
    return copy


PLACES = [(name, kind, path) for name in NAMES for kind in ("direct", "room") for path in places(message(name, kind=kind, ext={"a": 1}))]


@pytest.mark.parametrize(("name", "kind", "path"), PLACES, ids=[f"{name}-{kind}-{path}" for name, kind, path in PLACES])
def test_every_place_of_a_message_may_hold_anything(name: str, kind: str, path: tuple[Any, ...]) -> None:
    """Nothing, wrong types, numbers as strings and the reverse, a thousand lists in each other, lone surrogates, NULs, mad numbers."""
    said = message(name, kind=kind, ext={"a": 1})
    held: Any = said
    for key in path:
        held = held[key]
    other = str(held) if isinstance(held, int | float) else 7
    for odd in (*ODD, DEEP, other, [held], {"a": held}):
        raw = dumped(changed(said, path, odd)).encode()
        _route(name, raw)
        assert isinstance(PLATFORMS[name].check(Incoming({}, "", raw), APPS[name].account, NOW), Rejected | Probe)


@pytest.mark.parametrize("name", NAMES)
@given(status=st.integers(100, 599), body=st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_replies(name: str, status: int, body: bytes) -> None:
    outcome = PLATFORMS[name].read_reply(Request("POST", "/", {}, b"", "chatroom/sendMsg"), Reply(status, {}, body))
    assert wire.dump(outcome)


@pytest.mark.parametrize("name", NAMES)
@given(text=st.text(min_size=1))
def test_any_text_crosses_unchanged(name: str, text: str) -> None:
    (routed,) = route(Callback(name, json.dumps(message(name, text)).encode(), NOW), APPS, IdentityTable())
    assert isinstance(routed, Deliver)
    assert of_kind(Post, routed.delivery.event.operation).body == Text(text)
