"""The tables of fidelity say what the encoders do, and what the case files show."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from converters import PLATFORMS
from converters.core import wire
from converters.core.fidelity import page
from converters.core.fidelity_chinese import KNOWN, NOTES, WORDS
from converters.core.model import NOTHING, Room
from converters.core.operations import Operation
from converters.platform import Encoded
from tests.converters.examples import KINDS, OPERATIONS, VARIANTS, account_of, delivery_of, row_of, there_of
from tests.converters.shapes import shape, text_of
from tests.converters.test_cases import CASES, Case

NAMES = sorted(PLATFORMS)
ROWS = [(name, kind) for name in NAMES for kind in KINDS]


def written(name: str, operation: Operation) -> Encoded:
    return PLATFORMS[name].encode(delivery_of(operation), account_of(name), there_of(name, operation))


def level_of(name: str, all_of_it: list[Encoded]) -> set[str]:
    """The levels that what was *written* could be of: full only if nothing is lost of any of it."""
    assert all(encoded.requests or encoded.losses for encoded in all_of_it)
    if not any(encoded.requests for encoded in all_of_it):
        return {"refused"}
    if not any(encoded.losses for encoded in all_of_it):
        return {"full"}
    return {"partial", "shown"} if all(encoded.losses and _is_text(name, encoded) for encoded in all_of_it) else {"partial"}


def _is_text(name: str, encoded: Encoded) -> bool:
    """Whether people read a text in its place."""
    try:
        return all(text_of(name, request) for request in encoded.requests)
    except (AssertionError, KeyError, ValueError, TypeError, IndexError):
        return False  # no callback of a text comes of it


def test_there_is_an_example_of_every_kind() -> None:
    assert set(OPERATIONS) == set(KINDS)
    assert all(row_of(operation) == kind for kind, operation in OPERATIONS.items())


@pytest.mark.parametrize("name", NAMES)
def test_every_platform_says_how_it_carries_every_kind(name: str) -> None:
    assert set(PLATFORMS[name].fidelity) == set(KINDS)


@pytest.mark.parametrize(("name", "kind"), ROWS)
def test_every_row_can_be_said_in_chinese(name: str, kind: str) -> None:
    level = PLATFORMS[name].fidelity[kind]
    assert not level.note or level.note in {**NOTES, **PLATFORMS[name].chinese}, "write it into the platform's `chinese`"
    assert level.word in WORDS
    assert level.known in KNOWN


@pytest.mark.parametrize(("name", "kind"), ROWS)
def test_a_row_says_what_the_encoder_does(name: str, kind: str) -> None:
    all_of_it = [written(name, operation) for operation in (OPERATIONS[kind], *VARIANTS.get(kind, ()))]
    level = PLATFORMS[name].fidelity[kind]
    assert level.word in level_of(name, all_of_it), (level, [encoded.losses for encoded in all_of_it])
    assert level.note or level.word == "full", "why not is said"


@pytest.mark.parametrize(("name", "kind"), ROWS)
def test_a_row_is_shown_by_a_case_file(name: str, kind: str) -> None:
    cases = [case.expect for case in _written_cases(name) if row_of(case.given.delivery.event.operation) == kind]
    sent, lost = [case for case in cases if case.requests], [case for case in cases if case.losses]
    assert cases, "no case file writes this kind"
    match PLATFORMS[name].fidelity[kind].word:
        case "full":
            assert any(not case.losses for case in sent)
        case "partial":
            assert sent, "no case sends it"
            assert lost, "no case loses it"
        case "shown":
            assert any(case.losses for case in sent)
        case "refused":
            assert not sent, "a case sends what the table refuses"
            assert lost


def _written_cases(name: str) -> list[Any]:
    cases = [wire.load(Path(path).read_bytes(), Case) for path in CASES if path.parent.name == name]
    return [case for case in cases if case.expect.requests is not UNSET]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_costs_no_defect_and_nothing_in_silence(name: str, kind: str) -> None:
    """Without messages, files, and people: whatever becomes of it, a request or a loss is to be seen."""
    operation = OPERATIONS[kind]
    for conversation in (None, Room("team")):
        encoded = PLATFORMS[name].encode(delivery_of(operation, conversation), PLATFORMS[name].example(), NOTHING)
        assert encoded.requests or encoded.losses
        if kind in ("recall", "received", "reaction"):
            assert not encoded.requests, "nothing can be done to what is not there"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_repeat_is_written_to_the_same_bytes(name: str, kind: str) -> None:
    assert written(name, OPERATIONS[kind]) == written(name, OPERATIONS[kind])


def test_the_page_has_a_row_for_each_kind() -> None:
    text = page(PLATFORMS)
    assert f"| kind | {' | '.join(NAMES)} |" in text
    assert [kind for kind in KINDS if f"\n| {kind} | " not in text] == []
    assert "| - |" not in text


@pytest.mark.parametrize("name", NAMES)
def test_what_is_carried_in_full_is_read_as_well(name: str) -> None:
    """A kind that a platform takes as it is comes out of its callbacks too, or it never calls back about it."""
    said: set[str] = set()
    for case in (wire.load(path.read_bytes(), Case) for path in CASES if path.parent.name == name):
        for one in case.expect.decoded or ():
            if event := one.get("said"):
                said.add(row_of(msgspec.convert(event["operation"], Operation)))
    plain = {kind for kind, level in PLATFORMS[name].fidelity.items() if level.word == "full"}
    assert plain - said == getattr(shape(name), "UNTOLD", set())
