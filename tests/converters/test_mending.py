"""What strict readers refuse is read all the same, nothing else changes, and what could not be kept is counted."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from converters import mending
from converters.core import wire
from converters.core.lenient import Word
from converters.mending import CHARACTERS, NESTING, NUMBERS


class Said(Struct, frozen=True):
    id: Word = None
    said: Any = None


ODD = [
    (rb'{"id":"1","said":"ok \ud83d"}', "ok �", (CHARACTERS,)),
    (rb'{"id":"1","said":"\ude00 ok"}', "� ok", (CHARACTERS,)),
    (rb'{"id":"1","said":"\ude00\ud83d"}', "��", (CHARACTERS,)),
    (rb'{"id":"1","said":"\ud83d\ude00\ud83d"}', "😀�", (CHARACTERS,)),
    (rb'{"id":"1","said":"\\ud83d\ud83d"}', "\\ud83d�", (CHARACTERS,)),
    (rb'{"id":"1","said":{"\ud83d":1}}', {"�": 1}, (CHARACTERS,)),
    (b'{"id":"1","said":"a\xffb"}', "a�b", (CHARACTERS,)),
    (b'{"id":"1","said":"\xe4\xbd\xa0\xe4\xbd"}', "你�", (CHARACTERS,)),
    (b'{"id":"1","said":"\xed\xa0\xbd\xed\xb8\x80"}', "😀", ()),
    (b'{"id":"1","said":"\xed\xa0\xbd!"}', "�!", (CHARACTERS,)),
    (b'{"id":"1","said":"\xef\xbf\xbd\n"}', "�\n", ()),
    (b'{"id":"1","said":"one\r\ntwo\tthree\x00"}', "one\r\ntwo\tthree\0", ()),
    (b'{"id":"1","said":"C:\\Users\\new \\x41 \\u12"}', "C:\\Users\new \\x41 \\u12", ()),
    (b'\xef\xbb\xbf{"id":"1","said":"a"}\x00', "a", ()),
    (b'{"id":"1","said":[NaN,Infinity,-Infinity,1]}', [None, None, None, 1], (NUMBERS,)),
    (b'{"id":"1","said":[undefined,None,True,False,null]}', [None, None, True, False, None], ()),
    (b'{"id":"1","said":[1e999,007,1.,.5,+1]}', ["1e999", "007", "1.", ".5", "+1"], ()),
    (b'{"id":"1","said":' + b"9" * 5000 + b"}", "9" * 5000, ()),
    (b'{"id":"1","said":{"a":1,"a":"\n"}}', {"a": "\n"}, ()),
    (b'{"id":0,"id":"1","said":NaN,"said":"b"}', "b", (NUMBERS,)),
]


@pytest.mark.parametrize(("raw", "said", "lost"), ODD, ids=range(len(ODD)))
def test_it_is_read(raw: bytes, said: Any, lost: mending.Losses) -> None:
    with pytest.raises(wire.Malformed):
        wire.load(raw, Said)
    assert mending.load(raw, Said) == (Said("1", said), lost)
    assert mending.load_any(raw) == ({"id": "1", "said": said}, lost)


def test_what_lies_too_deep_is_kept_as_text() -> None:
    found, lost = mending.load_any(b"[" * 120 + rb'"\"]\n"' + b"]" * 120)
    for _ in range(wire.DEEPEST):
        (found,) = found
    assert found == "[" * 20 + r'"\"]\n"' + "]" * 20
    assert lost == (NESTING,)


@pytest.mark.parametrize("depth", [51, 600, 200_000])
def test_no_depth_is_too_deep(depth: int) -> None:
    assert mending.load(b'{"id":"1","said":' + b'{"a":[' * depth + b"]}" * depth + b"}", Said)[0].id == "1"


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"a":"b}', b"{'a':1}", b'{"a":1,}', b'{"a":nul}', b"[1] 2", b'{"a" 1}', b"]" * 300, b"\xff", b"NaN!"]
)
def test_what_is_no_json_is_still_none(raw: bytes) -> None:
    with pytest.raises(wire.Malformed):
        mending.load_any(raw)
    with pytest.raises(wire.Malformed):
        mending.load(raw, Said)


def test_the_wrong_type_is_still_wrong() -> None:
    with pytest.raises(wire.Malformed, match=re.escape("$.id")):
        mending.load(b'{"id":["\n"]}', Said)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(values, st.booleans())
def test_sound_json_stays_as_it_is(value: Any, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert mending.mended(raw) == (raw, ())


@given(st.text(st.characters(exclude_categories=[])))
def test_every_text_of_a_client_is_read(said: str) -> None:
    """json writes halves of pairs as escapes, and leaves the rest to the bytes."""
    plain, _ = mending.text(said.encode(errors="surrogatepass"))
    assert mending.load_any(json.dumps({"a": said}))[0] == {"a": plain}
    assert mending.load_any(json.dumps({"a": said}, ensure_ascii=False))[0] == {"a": plain}


@given(st.binary())
def test_any_bytes_are_a_text(raw: bytes) -> None:
    found, lost = mending.text(raw)
    assert found.encode().decode() == found
    assert lost == () or "�" in found


@given(
    st.lists(st.sampled_from([b"{", b"}", b"[", b"]", b'"', b"\\", b"u", b"d83d", b",", b":", b"1", b"NaN", b"\n", b"\xff", b"\x00", b" "]))
)
def test_anything_is_read_or_malformed(pieces: list[bytes]) -> None:
    try:
        value, _ = mending.load_any(b"".join(pieces))
    except wire.Malformed:
        return
    assert wire.dump_any(value)
