"""Codes of the vendors' UI kits and emoji: each way, and nothing else of a text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.platforms.easemob.emoticons import EMOTICONS as EASEMOB
from converters.platforms.rongcloud.emoticons import read
from converters.platforms.yunxin.emoticons import EMOTICONS as YUNXIN
from converters.text.emoticons import table

SIGNS = st.text(st.sampled_from("[]大笑赞OK :)(Y\u200d\ufe0f👍🏽😄👩❤a"), max_size=12)


@pytest.mark.parametrize(("code", "emoji"), [("[大笑]", "😄"), ("[赞]", "👍"), ("[OK]", "🆗"), ("[便便]", "💩"), ("[阿弥陀佛]", "🙏")])
def test_a_code_of_yunxins_kit_and_its_emoji(code: str, emoji: str) -> None:
    assert YUNXIN.read(f"a{code}b") == f"a{emoji}b"
    assert YUNXIN.write(f"a{emoji}b") == f"a{code}b"


@pytest.mark.parametrize(
    ("code", "emoji"), [("[):]", "☺️"), ("[:'(]", "😭"), ("[(Y)]", "🤝"), ("[({)]", "😍"), ("[(u)]", "💔"), ("[(U)]", "🙏"), ("[:-]", "🙄")]
)
def test_a_code_of_easemobs_older_kits(code: str, emoji: str) -> None:
    assert EASEMOB.read(code) == emoji


@pytest.mark.parametrize("text", ["[]", "[[大笑]", "[大 笑]", "[图片]", "[大笑\n]", "大笑", "[/u1f600"])
def test_what_is_no_code_stays(text: str) -> None:
    read_back = YUNXIN.read(text)
    assert read_back == text.replace("[大笑]", "😄")
    assert read(text) == text


@pytest.mark.parametrize("text", ["👍🏽", "👩\u200d❤\ufe0f\u200d👩", "1\ufe0f\u20e3", "❤️"])
def test_signs_that_are_one_are_not_taken_apart(text: str) -> None:
    assert table({"[x]": "👍", "[y]": "👩", "[z]": "1"}).write(text) == text


@given(SIGNS)
def test_what_is_written_is_read_as_it_was(text: str) -> None:
    """But for the mark that asks for a picture, which a code has no place for."""
    plain = re.sub("\ufe0f", "", YUNXIN.read(text))
    assert re.sub("\ufe0f", "", YUNXIN.read(YUNXIN.write(text))) == plain


def test_a_sign_by_its_number() -> None:
    assert read("a[/u1F600][/u4e2d]b") == "a😀中b"
    assert read("[/ud83d][/u110000][/u0]") == "[/ud83d][/u110000][/u0]"
