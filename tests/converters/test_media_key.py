"""The key of a file's job: what lies in Kafka under it must be found by every later release."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from converters.core.bodies import File
from converters.files.media import MediaJob, Shape
from converters.files.media_key import FILE, NOT_OF_FILE, SHAPE, media_key

PLAIN = Shape()
FULL = Shape(
    formats=("mp3",),
    largest=5,
    longest=6,
    inline=7,
    inline_longest=8,
    box=(9, 10),
    thumbnail=Shape(formats=("jpeg", "png")),
    own_thumbnails=True,
)
ODD = File(url="https://a/b?c='d\"&é\u200b\U0001f600\ud800", secret="s\\x")
INLINE = File(inline="QUJD'\"\n")


def job(file: File, **more: Any) -> MediaJob:
    return MediaJob(
        **{
            "event": "e",
            "place": 0,
            "role": "voice",
            "file": file,
            "source": "old",
            "target": "new",
            "conversation": b"",
            "partition": 0,
            "received": 0,
            **more,
        }
    )


@pytest.mark.parametrize(
    ("one", "shape", "key"),
    [
        (job(ODD), PLAIN, "fafc6b455a46fd98a0cbb5c7669a1d72"),
        (job(File(url="u"), alone=True), PLAIN, "d7585a120097352201d5a90368a58d54"),
        (job(INLINE), PLAIN, "f4561316b087f3f31cc5fe9565b6e833"),
        (job(ODD), FULL, "af43ac0913c01dad1d543e182c35bfdd"),
        (job(File(url="u"), alone=True), FULL, "54c47cc6ce00c92d17efd0f60c1dba74"),
        (job(INLINE), FULL, "3f4d15b7adedf0081a72fa01aa2f44ab"),
    ],
)
def test_keys_are_those_of_release_0_1_0(one: MediaJob, shape: Shape, key: str) -> None:
    assert media_key(one, shape).hex() == key


def test_a_field_that_is_new_changes_no_key_where_it_is_at_its_default() -> None:
    class Wider(Shape, frozen=True, kw_only=True):
        loudness: int = 0

    before = {name: getattr(FULL, name) for name in SHAPE}
    assert media_key(job(ODD), Wider(**before)) == media_key(job(ODD), FULL)
    assert media_key(job(ODD), Wider(**before, loudness=3)) != media_key(job(ODD), FULL)
    assert media_key(job(ODD), Wider(**before, loudness=3)) != media_key(job(ODD), Wider(**before, loudness=4))


def test_every_field_is_in_the_key_or_left_out_on_purpose() -> None:
    """A new field belongs into `_later`'s part of the key, or into NOT_OF_FILE: decide, then name it here."""
    assert Shape.__struct_fields__ == SHAPE
    assert set(File.__struct_fields__) == {*FILE, *NOT_OF_FILE}
    assert set(MediaJob.__struct_fields__) == {
        "event",
        "place",
        "role",
        "file",
        "source",
        "target",
        "conversation",
        "partition",
        "received",
        "alone",
    }


@given(url=st.text(), secret=st.text(), inline=st.text(), box=st.tuples(st.integers(), st.integers()), formats=st.lists(st.text()))
def test_the_text_is_the_one_that_0_1_0_hashed(url: str, secret: str, inline: str, box: tuple[int, int], formats: list[str]) -> None:
    from hashlib import sha256

    one, shape = job(File(url=url, secret=secret, inline=inline)), Shape(formats=tuple(formats), box=box)
    released = repr((one.source, one.target, one.role, one.alone, shape, url, secret, inline))
    assert media_key(one, shape) == sha256(released.encode("utf-8", "surrogatepass")).digest()[:16]


def test_what_the_source_says_of_the_content_is_no_part() -> None:
    for field, value in (("name", "x"), ("size", 7), ("mime", "y"), ("md5", "z")):
        assert media_key(job(structs.replace(ODD, **{field: value})), FULL) == media_key(job(ODD), FULL)
    for field in FILE:
        assert media_key(job(structs.replace(ODD, **{field: "another"})), FULL) != media_key(job(ODD), FULL)
