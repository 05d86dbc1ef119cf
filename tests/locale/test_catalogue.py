"""The catalogue has each text that is printed, in Chinese, and nothing else; help and messages follow the environment."""

import re
import string
from pathlib import Path

import pytest
import typer
import typer.rich_utils
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from streams import pages
from streams.cli import common, exit_codes
from streams.cli.app import app
from streams.locale import catalogue, command_line, language, messages
from streams.locale.catalogue import CatalogueError, read, written

TRANSLATIONS = catalogue.chinese()


def _names(text: str) -> list[tuple[str, str]]:
    return sorted((name, spec or "") for _, name, spec, _ in string.Formatter().parse(text) if name is not None)


def test_it_has_the_texts_of_now_and_no_others() -> None:
    assert TRANSLATIONS.keys() == pages.texts().keys(), "make pages"
    assert catalogue.PATH.read_text() == pages.catalogue_now(), "make pages"


def test_every_text_is_translated() -> None:
    assert len(TRANSLATIONS) > 700
    assert [text for text, chinese in TRANSLATIONS.items() if not chinese] == [], "write their translations into streams/locale/zh_CN.po"


def test_a_translation_has_the_same_code_and_the_same_places_for_values() -> None:
    for text, chinese in TRANSLATIONS.items():
        assert sorted(set(re.findall(r"`[^`\n]+`", text))) == sorted(set(re.findall(r"`[^`\n]+`", chinese))), text
        if text in messages.collected() or text.count("{}"):
            assert _names(text) == _names(chinese), text


def test_a_sentence_of_a_page_ends_as_one() -> None:
    for text, chinese in TRANSLATIONS.items():
        if text not in messages.collected() and re.search("[\u4e00-\u9fff]", chinese):
            assert text.endswith((".", "…")) == chinese.endswith("。"), text


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5))
def test_what_is_written_is_read_again(entries: dict[str, str]) -> None:
    assert read(written(entries, dict.fromkeys(entries, "docs/settings.md"))) == entries


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('msgid "a"\nmsgstr "b"\nmsgid "a"\nmsgstr "c"\n', "translated twice: 'a'"),
        ('msgid "a"\nmsgctxt "b"\n', "line 2"),
        ('"a"\n', "expected a msgid first"),
        ('msgid "a\n', "line 1"),
    ],
)
def test_what_is_no_catalogue_is_refused(text: str, why: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(why)):
        read(text)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8", "IM_RELAY_LANG": "zh"}, "zh"),
        ({"LC_MESSAGES": "zh_TW", "LC_ALL": ""}, "zh"),
        ({"IM_RELAY_LANG": "en", "LANG": "zh_CN"}, "en"),
    ],
)
def test_the_language_is_that_of_the_first_variable_that_is_set(environment: dict[str, str], expected: str) -> None:
    assert language.of_environment(environment) == expected


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IM_RELAY_LANG", "zh")
    for name in command_line.HEADINGS:  # they are set in the library, and have to be put back
        monkeypatch.setattr(typer.rich_utils, name, getattr(typer.rich_utils, name))


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    "path",
    [["--help"], *([*path.split()[1:], "--help"] for path, _ in pages.commands_of(typer.main.get_command(app), ("im-relay",)))],
    ids=" ".join,
)
def test_help_has_no_english_sentence(path: list[str]) -> None:
    shown = CliRunner(env={"COLUMNS": "400"}).invoke(app, path)
    assert shown.exit_code == 0
    assert re.search("[\u4e00-\u9fff]", shown.output)
    described = re.sub(r"^.*(?:Usage|示例).*$", "", shown.output, flags=re.MULTILINE)  # these hold commands
    assert re.findall(r"(?:\b[a-z]+ ){3,}[a-z]+", described) == []


@pytest.mark.usefixtures("chinese")
def test_messages_are_chinese(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(typer.Exit) as ended:
        common.confirm("", yes=False)  # nobody sits at the terminal of a test
    assert ended.value.exit_code == exit_codes.NOTHING
    assert capsys.readouterr().err == "未执行任何操作：无法询问确认时请使用 --yes\n"
    done = CliRunner().invoke(app, ["kafka", "status", "--data", str(tmp_path)])
    assert (done.exit_code, done.output) == (1, f"{tmp_path} 上没有运行 Kafka\n")


def test_without_a_language_all_is_english(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["kafka", "status", "--data", str(tmp_path)])
    assert (done.exit_code, done.output) == (1, f"no kafka runs on {tmp_path}\n")


def test_a_message_that_is_no_literal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "command.py"
    path.write_text("translated(text)\n")
    with pytest.raises(ValueError, match=r"command\.py:1"):
        list(messages._texts(path))
