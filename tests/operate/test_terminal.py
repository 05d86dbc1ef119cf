"""What strangers wrote reaches no terminal, log, page or program as more than data."""

import io
import json
import logging
import re
import sys
import unicodedata
from collections.abc import Iterator

import prometheus_client
import pytest
import structlog
import typer
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from converters.core.localized import Localized, ReportedError
from streams.cli import terminal
from streams.observe import log, metrics
from streams.observe.printable import as_json, clean, clean_exposition, clean_json, meant
from streams.settings.observing import ObserveSettings

HOSTILE = [
    "\x1b[2J\x1b[31mroot#",
    "\x9b31m",
    "\u202egnp.exe",
    "a\nb",
    "a\r\nb",
    "\u2028",
    "\u2029",
    "\u200b\u200d\ufeff",
    "\ud800",
    "\udfff!",
    "\x00",
    "\x7f",
    "\u2066\u2069",
    "\U000e0041",
    "\u3164",
    "a\tb",
    "\x85",
    "[red]x[/]",
    ":smile:",
    "\\x1b",
    "%s%n",
    "\x1b]8;;http://x\x07y",
]
anything = st.one_of(st.sampled_from(HOSTILE), st.text(), st.text(alphabet=st.characters(blacklist_categories=())))


def dangerous(text: str, *, ends: str = "") -> set[str]:
    """By what Unicode says of each character, and not by the list under test."""
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"} and char not in ends}


@given(anything)
def test_a_cleaned_text_is_one_line_of_visible_characters(text: str) -> None:
    assert not dangerous(clean(text))
    clean(text).encode()


@given(anything, anything)
def test_no_two_texts_are_shown_alike(one: str, other: str) -> None:
    assert (clean(one) == clean(other)) == (one == other)


@given(anything)
def test_whoever_gives_back_what_was_shown_is_understood(text: str) -> None:
    assert meant(clean(text), text)
    assert meant(text, text)


@given(st.text(alphabet="abcXYZ 你好äß日本語.,:;-_#/|1234567890😀"))
def test_what_people_read_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@given(
    st.recursive(
        anything | st.none() | st.integers() | st.booleans(), lambda some: st.lists(some) | st.dictionaries(anything, some), max_leaves=8
    )
)
@example({"a\u202e": ["\ud83d", "\x1b"]})
def test_json_says_the_same_and_holds_nothing_raw(value: object) -> None:
    for document in (as_json(value), as_json(value, indent=True)):
        assert not dangerous(document, ends="\n")
        assert json.loads(document) == json.loads(json.dumps(value))
    assert "\n" not in as_json(value)
    document = json.dumps(value, ensure_ascii=False)
    assert json.loads(clean_json(document)) == json.loads(json.dumps(value))


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    return out + err


@given(anything)
def test_every_way_to_print_gives_lines_of_ours_alone(text: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        terminal.print_line(text)
        terminal.print_notice(text)
        terminal.print_styled(text, "dim")
        terminal.print_json({"name": text}, indent=True)
        terminal.print_table(
            [text, terminal.ColumnHead(text, whole=True)],
            [[text, [text, (text, "red")]], [(text, "red"), ""]],
            title=text or "-",
            caption=text,
        )
        terminal.print_error(ReportedError(Localized(text.replace("\n", ""))))
        with terminal.progress(text, text) as tell:
            tell(1, 2)
    finally:
        sys.stdout, sys.stderr = before
    for written in (out.getvalue(), err.getvalue()):
        assert not dangerous(written, ends="\n")
        written.encode()
    assert err.getvalue().count("\n") == 2


def test_a_styled_cell_has_our_colours_and_none_of_the_strangers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal.print_table(["x"], [[("missing \x1b[5m", "red")]])
    out = printed(capsys)
    assert "\x1b[31m" in out  # or nothing is coloured, and this test says nothing
    assert "\x1b[5m" not in out
    assert "\\x1b[5m" in out


def test_a_terminal_of_another_alphabet_is_shown_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    terminal.print_line("财务")
    sys.stdout.flush()
    assert raw.getvalue() == b"\\u8d22\\u52a1\n"


app = typer.Typer(cls=terminal.CommandGroup)


@app.command()
def say(text: str) -> None:
    if text.startswith("defect"):
        raise ValueError(text)
    raise typer.BadParameter(text)


@app.command()
def other() -> None: ...


@pytest.mark.parametrize("text", [one for one in HOSTILE if "\ud800" not in one and "\udfff" not in one and "\x00" not in one])
def test_errors_of_the_command_line_and_defects_are_printed_so_as_well(text: str) -> None:
    refused = CliRunner().invoke(app, ["say", text])
    assert refused.exit_code == 2
    assert not dangerous(refused.output, ends="\n")
    assert "Usage:" in refused.output
    failed = CliRunner().invoke(app, ["say", f"defect {text} what alice said"])
    assert failed.exit_code == terminal.DEFECT
    assert "ValueError" in failed.output
    assert "alice" not in failed.output
    assert CliRunner().invoke(app, [text or "-"]).exit_code == 2


@pytest.fixture(params=["text", "json"])
def lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root = logging.getLogger()
    before = root.handlers[:], root.level, structlog.get_config()
    log.setup(ObserveSettings(log=request.param))
    yield stream
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    structlog.configure(**before[2])


@pytest.mark.parametrize("text", HOSTILE)
def test_a_log_line_is_one_line_whatever_id_it_names(lines: io.StringIO, text: str) -> None:
    structlog.get_logger("streams.x").warning("left out", who=text, of=[text, {"a": text}], key=text.encode("utf-8", "surrogatepass"))
    logging.getLogger("elsewhere").warning("said %s", text)
    written = lines.getvalue()
    assert not dangerous(written, ends="\n")
    assert written.count("\n") == 2


def test_the_texts_of_exceptions_are_in_no_log(lines: io.StringIO) -> None:
    def quote() -> None:
        raise ValueError("invalid literal: 'what alice said'")

    try:
        try:
            quote()
        except ValueError as error:
            raise RuntimeError("while sending what alice said") from error
    except RuntimeError as error:
        logging.getLogger("elsewhere").exception("crashed: %r", error)  # noqa: TRY401 - as libraries do
        structlog.get_logger("streams.x").exception("defect", error=error)
    written = lines.getvalue()
    assert "alice" not in written
    assert written.count("RuntimeError") >= 4
    assert "ValueError" in written
    assert "in quote" in written


@given(anything)
def test_a_label_is_no_line_and_obeyed_by_nobody(text: str) -> None:
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("x", "what", ["label"], registry=registry).labels(text.encode("utf-8", "replace").decode()).inc()
    plain = prometheus_client.generate_latest(registry).decode()
    shown = clean_exposition(plain)
    assert not dangerous(shown, ends="\n")
    assert shown.count("\n") == plain.count("\n")
    (line,) = [one for one in shown.splitlines() if one.startswith("x_total{")]
    assert re.fullmatch(r'x_total\{label="(?:[^"\\]|\\\\|\\"|\\n)*"\} 1\.0', line), line


def test_the_metrics_are_given_out_so() -> None:
    metrics.RULES.labels("\u202e\x1b").set(1)
    try:
        assert not dangerous(metrics.exposition().decode(), ends="\n")
    finally:
        metrics.RULES.remove("\u202e\x1b")
