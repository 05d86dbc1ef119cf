"""docs/glossary.md: each term once, in both languages, and none that nobody uses."""

import re

from tests.house.tree import ROOT

ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)[2:]


def test_each_term_is_there_once_in_both_languages() -> None:
    english, chinese = [row[0] for row in ROWS], [row[1] for row in ROWS]
    assert len(english) > 40
    assert english == sorted(set(english))
    assert len(chinese) == len(set(chinese))
    assert [term for term in chinese if not re.search(r"[\u4e00-\u9fff]", term)] == []
    assert [term for term in english if not term.isascii()] == []


def test_each_term_is_used() -> None:
    files = [path for folder in ("docs", "streams", "converters") for end in ("md", "py") for path in (ROOT / folder).rglob(f"*.{end}")]
    text = "\n".join(path.read_text() for path in files if path.name != "glossary.md").lower()
    assert [term for term, _, _ in ROWS if not re.search(rf"\b{re.sub('[ -]', '[ _-]', term)}", text)] == []
