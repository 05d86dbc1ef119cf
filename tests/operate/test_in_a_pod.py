"""Every command in a pod: a file system that is mounted read-only, no HOME, no terminal."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from streams.cli.app import app
from streams.cli.terminal import DEFECT
from streams.pages import commands_of
from tests.operate.conftest import Ground, callback, delivery
from tests.stack import ROOT

ROLES = {"ingress", "convert", "deliver", "media", "files", "kafka run"}
"""They run until they are stopped, and say what they do in their log."""
NO_JSON = ROLES | {"migrate"}
"""`migrate` is about files on the machine of the person who moves a company; its commands say for themselves which print JSON."""
LETTER = "yunxin:old:direct:7:post"
EXAMPLES: dict[str, tuple[list[str], int]] = {
    "settings": ([], 0),
    "topics list": ([], 0),
    "topics check": (["--partitions", "3"], 0),
    "topics create": (["--partitions", "3"], 0),
    "topics acls": ([], 0),
    "transactions list": ([], 0),
    "transactions abort": (["{prefix}media.jobs", "0", "--yes"], 0),
    "identities set": (["group", "yunxin=61", "easemob=27", "--canonical", "team"], 0),
    "identities show": (["ann"], 0),
    "identities list": ([], 0),
    "identities check": (["--platform", "yunxin", "--target", "easemob", "-"], 0),
    "identities mark": (["--cohort", "first", "ann"], 0),
    "identities forget": (["group", "yunxin=61"], 0),
    "dead list": ([], 0),
    "dead show": ([LETTER], 0),
    "dead replay": (["--yes", "--kind", "image"], 1),
    "dead drop": (["yunxin:old:direct:8:post", "--reason", "a test", "--yes"], 0),
    "trace": (["5"], 0),
    "replay": (["--platform", "yunxin", "--since", "1h", "--yes", "--rate", "0"], 0),
    "release": ([], 0),
    "preview": (["--platform", "yunxin", "--target", "easemob", "-"], 2),
    "fidelity": ([], 0),
    "gaps": (["no-such-app"], 2),
    "kafka start": ([], 2),
    "kafka status": ([], 1),
    "kafka stop": ([], 0),
    "kafka run": ([], 2),
    "migrate check": (["--from", "{directory}", "--to", "new"], 2),
    "migrate plan": ([], 2),
}
TABLES = ("dead list", "fidelity", "replay", "topics check", "topics create", "topics list", "trace", "transactions list")
"""Those whose form for people is tried as well."""
UNSHARE = shutil.which("unshare")


def paths() -> dict[str, Any]:
    return {path.removeprefix("im-relay "): command for path, command in commands_of(typer.main.get_command(app), ("im-relay",))}


def options(command: Any) -> set[str]:
    return {each for parameter in command.params for each in parameter.opts}


def test_every_command_prints_json_for_programs() -> None:
    without = {path for path, command in paths().items() if "--json" not in options(command)}
    assert {path for path in without if path not in NO_JSON and path.partition(" ")[0] not in NO_JSON} == set()


def test_every_command_that_asks_can_be_told_not_to_and_what_it_would_do() -> None:
    for path in ("replay", "dead replay", "dead drop", "identities set", "identities forget", "identities mark", "topics create"):
        assert "--dry-run" in options(paths()[path]), path


@pytest.fixture(scope="module")
def read_only() -> list[str]:
    """How a command is started on a file system that is mounted read-only."""
    if UNSHARE is None:
        pytest.skip("unshare is not installed: commands are NOT tried on a read-only file system")
    start = [UNSHARE, *([] if os.geteuid() == 0 else ["-r"]), "-m", "sh", "-c", 'mount --make-rprivate / && mount -o remount,bind,ro / && exec "$@"', "sh"]
    if subprocess.run([*start, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may make no mount namespace: commands are NOT tried on a read-only file system")
    return start


def test_every_command_works_where_nothing_can_be_written(ground: Ground, read_only: list[str]) -> None:
    config = ground.config.read_text()
    for account in ('app_key = "k"', 'org = "o"'):
        config = config.replace(f"account = {{ {account}", f'account = {{ base_url = "http://127.0.0.1:1", {account}')
    ground.config.write_text(config)
    ground.called(callback(5), callback(6))
    ground.bury(delivery(7), delivery(8))
    lines = []
    for path, command in paths().items():
        words, _ = EXAMPLES.get(path, (None, 2))
        if words is None:  # a role, or one that is not known here: without settings it ends before it begins
            words = ["--config", "/nowhere/relay.toml"] if "--config" in options(command) else ["--help"]
            lines.append([*path.split(), *words])
            continue
        words = [word.format(prefix=ground.prefix, directory=ground.directory) for word in words]
        config_words = ["--config", str(ground.config)] if "--config" in options(command) else []
        json_too = "--json" in options(command)
        if not json_too or path in TABLES:
            lines.append([*path.split(), *words, *config_words])
        if json_too:
            lines.append([*path.split(), *words, *config_words, "--json"])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    done = subprocess.run(
        [*read_only, sys.executable, "-m", "tests.operate.commands_in_a_pod"], cwd="/usr", env=environment, text=True, capture_output=True,
        input="".join(json.dumps(line) + "\n" for line in lines), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["words"] for one in results] == lines
    wrong = [reason for one in results if (reason := _wrong(one))]
    assert not wrong, "\n\n".join(wrong)
    (listed,) = [one for one in results if one["words"][:2] == ["dead", "list"] and "--json" not in one["words"]]
    assert LETTER in listed["out"], "a key that is cut off helps nobody"


def _wrong(one: dict[str, Any]) -> str:
    """What is not as it should be of one command; empty where all is well."""
    words, out, err = one["words"], one["out"], one["err"]
    path = next((known for known in EXAMPLES if words[: len(known.split())] == known.split()), "")
    expected = EXAMPLES[path][1] if path else (0 if "--help" in words else 2)
    told = f"{' '.join(words)} ended with {one['code']}:\n{out[-600:]}\n{err[-1200:]}"
    if one["code"] != expected or one["code"] == DEFECT or "Traceback" in err or "Errno" in err:
        return f"{told}\n(expected {expected})"
    if "\u2026" in out and "--help" not in words:
        return f"{told}\n(cut off)"
    if one["code"] == 2 and not err.strip():
        return f"{told}\n(says nothing)"
    if "--json" in words and one["code"] in (0, 1):
        try:
            _documents(out)
        except ValueError:
            return f"{told}\n(is no JSON)"
    return ""


def _documents(text: str) -> list[Any]:
    decoder, found, at = json.JSONDecoder(), [], 0
    while rest := text[at:].strip():
        document, end = decoder.raw_decode(rest)
        found.append(document)
        at = len(text) - len(text[at:].lstrip()) + end
    return found


def test_what_makes_no_directory_says_so_in_words(read_only: list[str], tmp_path: Path) -> None:
    line = json.dumps(["kafka", "start", "--data", str(tmp_path / "kafka")]) + "\n"
    done = subprocess.run(
        [*read_only, sys.executable, "-m", "tests.operate.commands_in_a_pod"], cwd="/usr", env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        text=True, capture_output=True, input=line, check=False,
    )  # fmt: skip
    one = json.loads(done.stdout)
    assert one["code"] == 2
    assert "a directory that this user may read and write" in one["err"]
