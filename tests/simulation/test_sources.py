"""Every endpoint and callback of a simulator is known from a page or an SDK, and each guess has its row in docs/unverified.md."""

import inspect
import re
from pathlib import Path

import pytest

from tests.simulators.easemob import group_events, group_life
from tests.simulators.easemob.events import Events
from tests.simulators.rongcloud import routing
from tests.simulators.sourced import Guess, Known, found
from tests.simulators.sources import SIMULATORS, endpoints, pages
from tests.simulators.yunxin.copies import Copies

DOCS = Path(__file__).parents[2] / "docs"
EACH = pytest.mark.parametrize("platform", SIMULATORS)


def writers(of: object) -> set[str]:
    """The public functions of a class or module that write a body."""
    return {
        name
        for name, one in inspect.getmembers(of, inspect.isfunction)
        if not name.startswith("_") and inspect.signature(one).return_annotation is bytes
    }


def called_back() -> dict[str, set[str]]:
    """What each simulator can call back, as its code has it."""
    groups = set(re.findall(r'\.tell\("([A-Z]+)"', inspect.getsource(group_life)))
    return {
        "easemob": (writers(Events) - {"signed"}) | (writers(group_events) - {"new_envelope"}) | groups,
        "yunxin": (writers(Copies) - {"write"}) | {"notification"},
        "rongcloud": writers(routing),
    }


@EACH
def test_every_endpoint_has_a_source(platform: str) -> None:
    known = SIMULATORS[platform][1].endpoints
    there = endpoints(platform)
    assert len(there) > 80
    assert [one for one in there if found(one, known) is None] == []
    used = {id(found(one, known)) for one in there}
    assert [one.like for one in known if id(one) not in used] == [], "nothing is there that this is the source of"


@EACH
def test_every_callback_has_a_source(platform: str) -> None:
    sources = SIMULATORS[platform][1]
    assert set(sources.callbacks) == called_back()[platform]
    assert [name for name in sources.callbacks if found(name, sources.told) is None] == []


@EACH
def test_every_source_has_a_title_and_a_date(platform: str) -> None:
    sources = SIMULATORS[platform][1]
    for known in (*sources.endpoints, *sources.told):
        assert known.pages, known.like
        assert all(page.title and re.fullmatch(r"20\d\d(-20\d\d|-\d\d(-\d\d)?)?", page.date) for page in known.pages), known.like


def guesses(known: tuple[Known, ...]) -> list[Guess]:
    return [guess for one in known for guess in one.guesses]


@EACH
def test_every_guess_has_its_row(platform: str) -> None:
    sources = SIMULATORS[platform][1]
    section = (DOCS / "unverified.md").read_text(encoding="utf-8").partition(f"## {sources.name[0]}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    assert all(row.count(" | ") == 3 for row in rows)
    missing = [
        guess.row for guess in guesses((*sources.endpoints, *sources.told)) if not any(row.startswith(f"| {guess.row}") for row in rows)
    ]
    assert missing == []


def test_an_endpoint_without_a_source_is_found() -> None:
    assert found("GET /nowhere", SIMULATORS["rongcloud"][1].endpoints) is None


def test_the_pages_are_not_stale() -> None:
    assert [path.name for path, text in pages() if not path.is_file() or path.read_text(encoding="utf-8") != text] == [], "make pages"
