"""Recalls, renames, and a ledger read back from its end: as built nothing is wrong, and each control finds its fault."""

import pytest

from tests.model import recall, rename, restore
from tests.model.search import search


def test_a_recalled_message_is_never_left_standing() -> None:
    found = search(recall.State(), recall.steps(recall.Rules()), recall.at_the_end)
    assert not found.wrong, found


@pytest.mark.parametrize("rules", [recall.Rules(not_written_down=True), recall.Rules(impatient=True)], ids=["not written", "impatient"])
def test_controls_of_recalls(rules: recall.Rules) -> None:
    found = search(recall.State(), recall.steps(rules), recall.at_the_end)
    assert found.wrong == "a message was recalled, and is shown", found


def test_a_rename_doubles_swaps_and_hides_nothing() -> None:
    found = search(rename.State(), rename.steps(rename.Rules()), rename.at_the_end)
    assert not found.wrong, found


def test_a_key_that_follows_the_name_does() -> None:
    found = search(rename.State(), rename.steps(rename.Rules(follows_the_name=True)), rename.at_the_end)
    assert found.wrong, found


def test_what_was_said_after_what_is_known_may_be_decided_at_once() -> None:
    found = search(restore.State(), restore.steps(restore.Rules()), restore.at_the_end)
    assert not found.wrong, found


@pytest.mark.parametrize("rules", [restore.Rules(waits=False), restore.Rules(margin=0)], ids=["at once", "without a margin"])
def test_controls_of_the_restore(rules: restore.Rules) -> None:
    found = search(restore.State(), restore.steps(rules), restore.at_the_end)
    assert "is doubled" in found.wrong, found
