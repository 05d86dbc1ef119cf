"""Errors are in the language of the person who runs a command, down to what they are made of; what programs and logs read stays English."""

import copy
import pickle
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import streams.cli.app
from converters.core.localized import Localized, ReportedError, joined, localized, text_of
from streams.cli import usage_errors
from streams.locale import catalogue, messages
from streams.settings.root import SettingsError
from tests.locale.texts import unlocalized
from tests.stack import ROOT

ENGLISH = re.compile(r"(?:\b[a-z]+ ){3,}[a-z]+")
NOT_OF_COMMANDS = {"streams/pages.py", "streams/cli/doctor.py"}
"""A tool of developers; and one that has both languages by itself, in `Words`."""


def _reported(kind: type[ReportedError] = ReportedError) -> set[str]:
    return {kind.__name__}.union(*(_reported(below) for below in kind.__subclasses__()))


def test_no_text_of_an_error_or_an_output_is_outside_the_catalogue() -> None:
    errors = _reported() | {"CredentialsError", "TokenError", "UnreachableError", "TooOldError"}
    assert len(errors) > 15
    found = {}
    for path in sorted((ROOT / "streams").rglob("*.py")):
        if (name := str(path.relative_to(ROOT))) not in NOT_OF_COMMANDS:
            settings = "/settings/" in name or name.endswith(("settings.py", "proxies.py", "security.py", "ssrf_guard.py", "passwords.py"))
            found[name] = unlocalized(path.read_text(encoding="utf-8"), errors, settings)
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        'raise OperateError("no answer")',
        'raise OperateError(f"{x}: no")',
        'raise typer.BadParameter("no" if x else localized("a"))',
        'fail(localized("{a}", a="of no use" if x else ""))',
        'why = "of no use"\n    localized("{a}", a=why)',
        'print_line(f"{x} would be done")',
        'print_table([translated("a"), "how it goes"], [])',
        'print_table([translated("a"), ColumnHead("whose", whole=True)], [])',
        'print_table([translated("a")], [["of no use"]])',
        'from streams.cli.terminal import print_table as told\n    told(["whose"], [])',
        'raise ValueError("is 7")',
    ],
)
def test_a_text_outside_the_catalogue_is_found(line: str) -> None:
    assert len(unlocalized(f"def work():\n    {line}\n", {"OperateError"}, settings=True)) == 1


def test_a_text_keeps_what_it_is_made_of() -> None:
    inner = OSError(localized("a list"))
    text = localized("{shown} is {seen}; expected {expected}", shown="x", seen=inner, expected=localized("a number"))
    assert text == str(text) == "x is a list; expected a number"
    assert messages.shown(text, catalogue.speaker("zh")) == "x 为 列表；应为数字"
    assert messages.shown(text, catalogue.speaker("en")) == text
    assert messages.shown(joined([text, "{as it is}"], localized(" and ")), catalogue.same) == f"{text} and {{as it is}}"
    assert str(text_of(ValueError("of another"))) == "of another"
    for again in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert (again, messages.shown(again, catalogue.speaker("zh"))) == (text, "x 为 列表；应为数字")


def test_braces_of_people_are_no_places_for_values() -> None:
    text = localized("{shown}: {error}", shown="{x}", error=Localized("{not} a {place}"))
    assert text == "{x}: {not} a {place}"
    assert messages.shown(text, catalogue.speaker("zh")) == "{x}：{not} a {place}"
    assert str(SettingsError(text)) == text


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IM_RELAY_LANG", "zh")


WRONG = {
    "a scheme": '[kafka]\nbootstrap = "http://x"\n',
    "text for a number": '[kafka]\npartitions = "ten"\n',
    "too small": "[kafka]\npartitions = 0\n",
    "seconds": '[deliver]\nretry_for = "5 min"\n',
    "unknown key": "[deliver]\ncolour = 1\n",
    "no mechanism": '[kafka.security]\nprotocol = "SASL_SSL"\n',
    "two tokens": '[kafka.security]\nprotocol = "SASL_SSL"\nmechanism = "OAUTHBEARER"\n',
    "proxy": '[deliver]\nproxy = "socks5://x:1"\n',
    "no toml": "[kafka\n",
    "twice": "[kafka]\n[kafka]\n",
    "no platform": '[apps.old]\nplatform = "yunxi"\ntarget = "old"\n',
    "no secret": '[apps.old]\nplatform = "yunxin"\ntarget = "new"\n[apps.new]\nplatform = "easemob"\ntarget = "old"\n',
    "short secret": '[marks]\nsecret = "short"\n',
    "a directory that is a file": '[deliver]\nstate = "/dev/null/x"\n',
    "gaps": "[gaps]\ndelay = 9000\nwindow = 60\n",
    "allow": '[media]\nallow = ["http://x"]\n',
    "canary": '[canary]\napps = ["a", "b"]\n',
    "old and new": "[deliver]\npatience = 1\nretry_for = 2\n",
}


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_wrong_settings_are_told_in_chinese(text: str, tmp_path: Path) -> None:
    config = tmp_path / "relay.toml"
    config.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(streams.cli.app.app, ["settings", "-c", str(config)])
    assert done.exit_code == 2
    told = done.stderr.replace(str(config), "")
    assert re.search("[\u4e00-\u9fff]", told), told
    # The description of a key of an account is that of the platform's page; the rest is what TOML's reader says.
    assert ENGLISH.findall(re.sub(r"（[^（）]*）|TOML：.*", "", told)) == []


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("report --foo", "没有选项 --foo；是否想写 --out？"),
        ("report --hour", "'--hour' 需要一个值"),
        ("doctor --json=3", "'--json' 不带值"),
        ("replay --rate x", "'--rate'：应为数字"),
        ("trace", "缺少 'MESSAGE'"),
        ("dead drop", "缺少 '--reason'"),
        ("bogus", "没有命令 'bogus'"),
        ("kafka start extra", "多余的参数：extra"),
        ("report --since yesterday --until 1h", "'yesterday' 不是时间：应为 30s"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_told_in_chinese(words: str, told: str) -> None:
    done = CliRunner().invoke(streams.cli.app.app, words.split())
    assert done.exit_code == 2
    assert told in done.stderr


def test_english_is_as_typer_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IM_RELAY_LANG", "en")

    class Told:
        def format_message(self) -> str:
            return "No such option: --foo"

    assert usage_errors.usage_error(Told()) == "No such option: --foo"
    assert "Error: No such option: --foo" in CliRunner().invoke(streams.cli.app.app, ["report", "--foo"]).stderr
