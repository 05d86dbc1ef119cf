"""Both languages say the same things."""

import re
from string import Formatter
from typing import get_args

import pytest

from converters.routing.identity_table import ACCOUNTS, KINDS
from streams.audit.act import Outcome
from streams.audit.act import What as Acts
from streams.console.words import CHINESE_FORMS, WORDS, language
from streams.operate.trace import What
from streams.operate.trace_state import FORMS
from tests.house.tree import ROOT

PARTS = {"remote_as"}
"""What English adds where something is known; Chinese has the bare facts."""


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_each_text_has_the_same_facts_in_both_and_is_translated() -> None:
    for key, (english, chinese) in WORDS.items():
        assert holes(english) == holes(chinese), key
        assert re.search("[\u4e00-\u9fff]", chinese) or key == "id", key
        assert english.isascii() or key.startswith(("replay", "drop")), key


def test_each_state_of_a_message_is_said_in_chinese() -> None:
    assert FORMS.keys() == CHINESE_FORMS.keys()
    for form, english in FORMS.items():
        bare = {"remote"} if form.startswith("delivered") else set()
        assert holes(CHINESE_FORMS[form]) == (holes(english) - PARTS) | bare, form


def test_each_word_of_a_closed_list_is_translated() -> None:
    lists = {
        "step": get_args(What),
        "act": get_args(Acts),
        "outcome": get_args(Outcome),
        "kind": KINDS,
        "account": ACCOUNTS,
        "breaker": ("0", "1", "2"),
    }
    assert [f"{kind}:{word}" for kind, words in lists.items() for word in words if f"{kind}:{word}" not in WORDS] == []


def test_each_text_is_used() -> None:
    source = "".join(path.read_text() for path in (ROOT / "streams" / "console").glob("*.py") if path.name != "words.py")
    named = {key for key in WORDS if re.search(f"[\"']{key}[\"']", source)}
    made = set(re.findall(r"""f["']([a-z-]+[:-])\{""", source)) | {
        f"{kind}:" for kind in re.findall(r"""fixed\(["']([a-z]+)["']""", source)
    }
    assert [key for key in WORDS if key not in named and not key.startswith(tuple(made))] == []


@pytest.mark.parametrize(
    ("given", "accepted", "found"),
    [
        ([], "", "en"),
        ([], "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ([], "en-GB,zh;q=0.9", "en"),
        ([], "fr, zh-TW;q=0.3", "zh"),
        (["zh"], "en", "zh"),
        (["xx", "en"], "zh", "en"),
        ([], "zh;q=nonsense, en;q=0.1", "en"),
        ([], "zh;q=7", "en"),
        ([], "\x00" * 9000, "en"),
        ([], "zh;q=nan", "en"),
    ],
)
def test_the_address_goes_before_the_browser(given: list[str], accepted: str, found: str) -> None:
    assert language(given, accepted) == found
