"""A benchmark that is recorded is one line more, and is held against the last one of its sort."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import record

OLD = ["from here: us", "  text    12.0 (8.0; x 1.50)", "mean 12.0 us, 1,000 events", "only then 5"]


def recorded(monkeypatch: pytest.MonkeyPatch, file: Path, output: str, *arguments: str, code: int = 0) -> int:
    """What the command says of a benchmark that prints *output* and exits with *code*."""
    run = subprocess.run

    def stand_in(words: list[str], **how: Any) -> Any:
        return subprocess.CompletedProcess(words, code, output) if "tests.benchmarks.convert" in words else run(words, **how)

    monkeypatch.setattr("subprocess.run", stand_in)
    return record.main(["convert", "--file", str(file), *arguments])


def test_each_run_is_a_line_more_and_the_command_ends_as_the_benchmark_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    assert recorded(monkeypatch, file, "one 1\n\ntwo 2  \n", "--kind", "text") == 0
    assert recorded(monkeypatch, file, "one 1\n", code=3) == 3
    first, second = map(json.loads, file.read_text().splitlines())
    assert (first["benchmark"], first["arguments"], first["exit_code"]) == ("convert", ["--kind", "text"], 0)
    assert first["output"] == ["one 1", "two 2"]
    assert (second["arguments"], second["exit_code"], second["output"]) == ([], 3, ["one 1"])
    assert first.keys() == {"at", "commit", "python", "machine", "benchmark", "arguments", "exit_code", "output"}


def test_a_slowdown_is_said_beside_what_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lines.jsonl"
    recorded(monkeypatch, file, "mean 12.0 us\n")
    assert "was" not in capsys.readouterr().out, "there is none before it"
    recorded(monkeypatch, file, "mean 14.0 us\n")
    assert capsys.readouterr().out.splitlines()[-2:] == ["  was mean 12.0 us", "  now mean 14.0 us"]
    recorded(monkeypatch, file, "mean 14.1 us\n")
    assert capsys.readouterr().out.splitlines()[-1] == "  no figure is more than 10 % from what it was"
    recorded(monkeypatch, file, "mean 90.0 us\n", "--kind", "text")
    assert capsys.readouterr().out == "mean 90.0 us\n", "of other arguments"


def test_another_machine_is_no_measure(tmp_path: Path) -> None:
    now = record.entry("convert", [], 0, "")
    file = tmp_path / "lines.jsonl"
    file.write_text(
        "".join(json.dumps({**now, **other}) + "\n" for other in ({"at": "mine"}, {"machine": "z80, 1 cores"}, {"benchmark": "relay"}))
    )
    found = record.last(file, now)
    assert found is not None
    assert found["at"] == "mine"
    assert record.last(tmp_path / "none.jsonl", now) is None


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        (["from here: us", "  text    12.0 (8.0; x 1.50)"], []),
        (["  text    13.1 (8.7; x 1.36)"], []),
        (["  text    13.3 (8.0; x 1.50)"], [(OLD[1], "  text    13.3 (8.0; x 1.50)")]),
        (["  text    12.0 (7.1; x 1.50)"], [(OLD[1], "  text    12.0 (7.1; x 1.50)")]),
        (["mean 12.0 us, 1,101 events"], [(OLD[2], "mean 12.0 us, 1,101 events")]),
        (["  image   99.0 (8.0; x 9.00)"], []),
    ],
)
def test_a_line_is_held_against_the_one_with_its_words(now: list[str], moved: list[tuple[str, str]]) -> None:
    assert list(record.moved(OLD, now)) == moved
