"""Forms and contents as nobody would write them: nothing is raised but Malformed, and what is carried can be written everywhere."""

import json
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters import PLATFORMS
from converters.core import wire
from converters.core.model import NOTHING
from converters.platform import Callback, DecodedEvent
from converters.platforms.rongcloud.callback import fields_of
from converters.platforms.rongcloud.object_names import IGNORED, READ
from converters.routing.route import App, Deliver, route
from tests.converters.shapes import NOW, message
from tests.converters.test_contract import groups
from tests.converters.test_garbage import values

ACCOUNT = PLATFORMS["rongcloud"].example()
NAMES = sorted(PLATFORMS)
KINDS = [*IGNORED, *READ, "App:Order", ""]
NAMED = [
    "content",
    "extra",
    "user",
    "mentionedInfo",
    "burnDuration",
    "imageUri",
    "remoteUrl",
    "gifDataSize",
    "width",
    "height",
    "name",
    "duration",
    "sightUrl",
    "size",
    "type",
    "fileUrl",
    "latitude",
    "longitude",
    "poi",
    "title",
    "url",
    "userId",
    "portraitUri",
    "referMsgUserId",
    "referMsg",
    "objName",
    "referMsgUid",
    "summaryList",
    "seq",
    "complete",
    "data",
    "message",
    "operation",
    "sourceUserId",
    "targetUserId",
    "operatorUserId",
    "messageUId",
    "conversationType",
    "targetId",
    "sentTime",
    "isAdmin",
    "lastMessageSendTime",
    "receiptMessageDic",
    "mediaType",
    "hangupReason",
    "connectedTime",
    "msgList",
    "nameList",
    "articles",
    "messageType",
    "messageFields",
    "relay",
]
OPERATIONS = st.sampled_from(["Create", "Add", "Quit", "Kicked", "Rename", "Bulletin", "Dismiss", "Transfer", "Request"])
CONTENTS = st.dictionaries(st.sampled_from(NAMED), values | OPERATIONS | st.just(1) | st.just("lin01"), max_size=8)
FIELDS = [*message("rongcloud"), "originalMsgUID", "timestamp", "msgType", "messageId"]


def carried(said: dict[str, Any]) -> None:
    body = urlencode(said, errors="replace").encode()
    known = groups("rongcloud", *NAMES)
    for name in NAMES:
        apps = {
            "old": App("old", PLATFORMS["rongcloud"], ACCOUNT, "new"),
            "new": App("new", PLATFORMS[name], PLATFORMS[name].example(), "old"),
        }
        for routed in route(Callback("old", body, NOW), apps, known):
            if isinstance(routed, Deliver):
                wire.dump(routed.delivery)
                PLATFORMS[name].encode(routed.delivery, apps["new"].account, NOTHING)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(content=CONTENTS, channel=st.sampled_from(["PERSON", "GROUP", "TEMPGROUP", "NOTIFY", "ULTRAGROUP", "1", "x"]))
def test_any_content_of_any_kind(kind: str, content: dict[str, Any], channel: str) -> None:
    said = message("rongcloud") | {"objectName": kind, "channelType": channel, "content": json.dumps(content)}
    carried(said)


@given(odd=st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=8) | st.sampled_from(["0", "1", "{}", "[]", "{"])))
def test_any_value_of_any_field(odd: dict[str, str]) -> None:
    carried(message("rongcloud") | odd)


TOLD = [
    "eventType",
    "fromUserId",
    "optTime",
    "source",
    "conversationInfo",
    "originalMsgInfo",
    "recallMsgInfo",
    "objectName",
    "classname",
    "content",
    "targetType",
    "targetId",
    "timestamp",
    "userid",
    "status",
    "time",
    "chatroomId",
    "bot",
]


@given(said=st.dictionaries(st.sampled_from(TOLD), values) | st.lists(st.dictionaries(st.sampled_from(TOLD), values), max_size=3))
def test_any_json_that_looks_like_theirs(said: Any) -> None:
    try:
        decoded = PLATFORMS["rongcloud"].decode(Callback("old", json.dumps(said).encode(), NOW), ACCOUNT)
    except wire.Malformed:
        return
    for one in decoded:
        if isinstance(one, DecodedEvent):
            wire.dump(one.event)


@given(fields=st.dictionaries(st.text(max_size=5).filter(bool), st.text(max_size=40)))
def test_a_form_is_read_as_it_was_written(fields: dict[str, str]) -> None:
    fields = {name: value for name, value in fields.items() if name.isidentifier() and name.isascii()}
    body = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items()).encode()
    assert fields_of(body) == fields
    assert fields_of(urlencode(fields).encode()) == fields


@pytest.mark.parametrize("escapes", ["%", "%4", "%zz", "%E4%BD%A0%", "%E4%BD%A0%E", "100%", "%e4%bd%a0"])
def test_escapes_that_are_none_stay(escapes: str) -> None:
    assert fields_of(f"a={escapes}".encode())["a"] == unquote(escapes)


def test_a_form_that_is_not_in_utf8_is_malformed() -> None:
    for body in (b"a=%ff", b"a=\xff", b"a=" + b"%E4" * 30):
        with pytest.raises(wire.Malformed):
            fields_of(body)


@given(
    st.lists(
        st.sampled_from(["%", "%41", "%E4%BD%A0", "a", "=", "&", "%3D", "%26", "+", " ", "\n", "%0A", "%1E", "%zz", "你", "_"]), max_size=12
    )
)
def test_a_form_is_read_as_the_standard_library_reads_it(pieces: list[str]) -> None:
    """But that of a name which comes several times the first value counts that is not empty."""
    form = "".join(pieces)
    expected: dict[str, str] = {}
    for pair in form.split("&"):
        name, _, value = (unquote(each.replace("+", " ")) for each in pair.partition("="))
        expected[name] = expected.get(name) or value
    expected.pop("", None)
    if "\ufffd" in unquote(form):  # the standard library's stand-in for what is not in UTF-8
        with pytest.raises(wire.Malformed):
            fields_of(form.encode())
        return
    assert fields_of(form.encode()) == expected
