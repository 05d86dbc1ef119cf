"""Commands that pages and messages name are in the Makefile, and each says what it is for."""

import re

import pytest

from tests.house.tree import ROOT, files, name

LINES = (ROOT / "Makefile").read_text().splitlines()
TARGETS = {found[1] for line in LINES if (found := re.match(r"([a-z][a-z-]*):", line))}
PHONY = set(next(line for line in LINES if line.startswith(".PHONY:")).partition(":")[2].split())


def test_targets_are_no_files() -> None:
    assert len(TARGETS) > 20
    assert PHONY == TARGETS


@pytest.mark.parametrize("target", sorted(TARGETS - {"clean", "pages"}))
def test_each_target_says_what_it_is_for(target: str) -> None:
    (line,) = [line for line in LINES if line.startswith(f"{target}:")]
    assert re.search(r"  ## \S", line)


def test_targets_that_are_named_exist() -> None:
    """In backticks, or as a line of a block of commands; `make VENV=… demo` is one of `demo`."""
    found = []
    for path in files():
        if path.suffix in (".md", ".yaml", ".yml", ".po") or path.relative_to(ROOT).parts[0] in (".github", ".ci"):
            text = path.read_text(errors="replace")
            for words in re.findall(r"(?:`|^\s*(?:\$ |- |run: |- run: )?)make ((?:[A-Z_]+=\S+ )*[a-z][a-z -]*)", text, re.MULTILINE):
                targets = [word for word in words.split() if "=" not in word]
                found += [f"{name(path)}: make {target}" for target in targets[:1] if target not in TARGETS]
    assert found == []
