"""Every single change of every callback of the grammar: what a person wrote arrives, is counted, or is buried."""

from random import SystemRandom

import pytest

from tests.fuzz.grammar import productions
from tests.fuzz.meaning import MeaningFuzzer, shown

PLATFORMS = ("easemob", "yunxin", "rongcloud")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_single_change_loses_words(platform: str) -> None:
    fuzzer = MeaningFuzzer(platform)
    for one in fuzzer.productions:
        fuzzer.look(one, one.said, "as it is")
    for change in fuzzer.all():
        fuzzer.try_one(*change)
    assert [shown(lost) for lost in fuzzer.found.values()] == []
    assert fuzzer.tried > 5_000


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_pair_of_changes_loses_words(platform: str) -> None:
    seed = SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    fuzzer = MeaningFuzzer(platform, seed)
    fuzzer.run_pairs(1_000)
    assert [shown(lost) for lost in fuzzer.found.values()] == []


def test_a_loss_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes a name for nothing unless it is a text."""
    monkeypatch.setattr("converters.platforms.easemob.bodies.words", lambda value: value if isinstance(value, str) else "")
    fuzzer = MeaningFuzzer("easemob")
    for change in fuzzer.all():
        if change[0].name == "direct file" and change[1][-1:] == ("filename",):
            fuzzer.try_one(*change)
    assert {lost.change.rpartition(" ")[2] for lost in fuzzer.found.values()} == {"list", "table"}


def test_what_raises_is_found_and_the_search_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(value: object) -> str:
        raise UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "half")

    monkeypatch.setattr("converters.platforms.easemob.bodies.words", broken)
    fuzzer = MeaningFuzzer("easemob")
    for one in fuzzer.productions:
        fuzzer.look(one, one.said, "as it is")
    assert {lost.what for lost in fuzzer.found.values()} == {"raised UnicodeEncodeError"}
    assert fuzzer.tried == len(fuzzer.productions) > 20


def test_each_kind_has_words_and_each_word_is_its_own() -> None:
    for platform in PLATFORMS:
        given = [word for one in productions(platform) for word in one.words if one.name.startswith("direct")]
        assert len(given) == len(set(given)) > 12
