"""README.zh-CN.md says the same as README.md, and is set as Chinese is."""

import re

from tests.house.tree import ROOT

ENGLISH = (ROOT / "README.md").read_text()
CHINESE = (ROOT / "README.zh-CN.md").read_text()
FENCES = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _levels(text: str) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", FENCES.sub("", text), re.MULTILINE)]


def _blocks(text: str) -> list[tuple[str, str]]:
    """Code blocks without comments; pictures by their being there."""
    return [(language, "" if language == "text" else re.sub(r"\s+# .*", "", block)) for language, block in FENCES.findall(text)]


def _figures(text: str) -> list[list[str]]:
    """The numbers and commands of each row of the table."""
    (table,) = re.findall(r"<!-- figures.*?-->(.*?)<!-- /figures -->", text, re.DOTALL)
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [re.findall(r"\d[\d,.]*\d|\d|`[^`]+`", row) for row in rows]


def test_both_have_the_same_headings() -> None:
    assert _levels(CHINESE) == _levels(ENGLISH)


def test_both_have_the_same_code() -> None:
    assert _blocks(CHINESE) == _blocks(ENGLISH)
    assert len(_blocks(ENGLISH)) >= 5


def test_both_have_the_same_figures() -> None:
    assert _figures(CHINESE) == _figures(ENGLISH)
    assert len(_figures(ENGLISH)) >= 5


def test_both_have_the_same_points_and_links() -> None:
    ours, theirs = (re.findall(r"^(?:- |\| )", text, re.MULTILINE) for text in (CHINESE, ENGLISH))
    assert ours == theirs
    ours, theirs = (re.findall(r"\]\((?!README)([^)#]+)[^)]*\)", text) for text in (CHINESE, ENGLISH))
    assert sorted(link.replace(".zh-CN", "") for link in ours) == sorted(link.replace(".zh-CN", "") for link in theirs)


def test_chinese_stands_apart_from_letters_and_numbers_and_has_its_own_punctuation() -> None:
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)|<!--.*?-->", "`", FENCES.sub("", CHINESE))
    han = "[\u4e00-\u9fff]"
    assert re.findall(f"{han}[A-Za-z0-9]+|[A-Za-z0-9]+{han}", prose) == []
    assert re.findall(f"{han}[,:;?!()]|[,:;?!]{han}", prose) == []
