from hypothesis import given
from hypothesis import strategies as st

from converters.core import urlencoded
from converters.text.splitting import split


def _bytes(text: str) -> int:
    return len(text.encode())


@given(text=st.text(max_size=400), limit=st.integers(4, 50))
def test_parts_fit_and_are_together_the_text(text: str, limit: int) -> None:
    parts = split(text, limit, _bytes)
    assert "".join(parts) == text
    assert all(_bytes(part) <= limit for part in parts)


def test_white_space_at_the_end_is_cut_as_well() -> None:
    assert split("好\n", 3, _bytes) == ["好", "\n"]


def test_a_text_is_cut_at_a_line_or_a_word_near_the_middle() -> None:
    assert split("first line\nsecond", 12, len) == ["first line\n", "second"]
    assert split("one two three", 8, len) == ["one two ", "three"]


@given(fields=st.dictionaries(st.text("abcAZ_", min_size=1, max_size=5), st.text(max_size=50), max_size=4))
def test_a_form_reads_back(fields: dict[str, str]) -> None:
    from urllib.parse import parse_qsl

    body = urlencoded.write(fields).decode()
    assert body.isascii()
    assert dict(parse_qsl(body, keep_blank_values=True)) == fields
