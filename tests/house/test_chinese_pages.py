"""Pages that are there in both languages say the same, and the Chinese ones are set as Chinese is."""

import re
from pathlib import Path

import pytest

from tests.house.test_chinese import FENCES, _levels
from tests.house.tree import ROOT, name, pages

PAIRS = [
    (path.with_name(path.name.replace(".zh-CN", "")), path)
    for path in pages()
    if path.name.endswith(".zh-CN.md") and path.name != "README.zh-CN.md"
]
# For those who change the code, the record of changes, and a page that has both languages itself.
ENGLISH_ONLY = (
    "CHANGELOG.md",
    "docs/glossary.md",
    "docs/upstream-rocksdict-ttl.md",
    "CONTRIBUTING.md",
    "ADDING_A_PLATFORM.md",
    "RELEASING.md",
    "TESTING.md",
)
EACH = pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=name)
# What looks like a heading's own anchor differs by language.
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def test_there_are_such_pages() -> None:
    assert {ROOT / "SECURITY.md", ROOT / "docs" / "hardening.md"} <= {english for english, _ in PAIRS}


@EACH
def test_both_have_the_same_headings_rows_points_and_code(english: Path, chinese: Path) -> None:
    one, other = english.read_text(), chinese.read_text()
    assert _levels(one) == _levels(other)
    for pattern in (r"^\| .*\|$", r"^(?:- |\d+\. )"):
        assert len(re.findall(pattern, one, re.MULTILINE)) == len(re.findall(pattern, other, re.MULTILINE)), pattern
    assert [row.count("|") for row in re.findall(r"^\| .*\|$", one, re.MULTILINE)] == [
        row.count("|") for row in re.findall(r"^\| .*\|$", other, re.MULTILINE)
    ]
    assert sorted(set(re.findall(r"`[^`\n]+`", one))) == sorted(set(re.findall(r"`[^`\n]+`", other)))


@EACH
def test_both_lead_to_the_same_pages(english: Path, chinese: Path) -> None:
    def targets(path: Path) -> set[str]:
        return {target.replace(".zh-CN", "") for target in _LINK.findall(path.read_text())} | {english.name}

    assert targets(english) == targets(chinese)


@EACH
def test_chinese_stands_apart_from_letters_and_numbers(english: Path, chinese: Path) -> None:
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "`", FENCES.sub("", chinese.read_text()))
    han = "[\u4e00-\u9fff]"
    assert re.findall(f"{han}[A-Za-z0-9]+|[A-Za-z0-9]+{han}", prose) == []
    assert re.findall(f"{han}[,:;?!()]|[,:;?!]{han}", prose) == []


@pytest.mark.parametrize("chinese", [path for path in pages() if path.name.endswith(".zh-CN.md")], ids=name)
def test_a_chinese_page_leads_to_chinese_pages(chinese: Path) -> None:
    there = {path for path in pages() if path.name.endswith(".zh-CN.md")}
    links = re.findall(r"\[([^\]]*)\]\(([^)#]+\.md)[^)]*\)", chinese.read_text())
    leads_away = [to for label, to in links if label != "English" and (chinese.parent / to.replace(".md", ".zh-CN.md")).resolve() in there]
    assert leads_away == []


def test_every_page_of_the_docs_is_there_in_both_languages() -> None:
    english = {path for path in pages() if path.parent in (ROOT, ROOT / "docs") and not path.name.endswith(".zh-CN.md")}
    chinese = {
        path.with_name(path.name.replace(".zh-CN", ""))
        for path in pages()
        if path.name.endswith(".zh-CN.md") and path.parent in (ROOT, ROOT / "docs")
    }
    assert sorted(map(name, english - chinese - {ROOT / one for one in ENGLISH_ONLY})) == []
    assert sorted(map(name, chinese - english)) == []


def test_the_report_of_faults_has_the_same_figures_in_both_languages() -> None:
    english, chinese = ((ROOT / "docs" / file).read_text() for file in ("fault-report.md", "fault-report.zh-CN.md"))
    rows = [
        [sorted(re.findall(r"\d[\d,.]*\d|\d", line)) for line in text.splitlines() if line.startswith(("| ", "- "))]
        for text in (english, chinese)
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) > 20
