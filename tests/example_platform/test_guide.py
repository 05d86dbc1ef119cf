"""ADDING_A_PLATFORM.md can be followed: the example in this directory is put where the guide says, into a copy of this repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files

HERE = Path(__file__).parent
NAME = "parley"
GUIDE = (ROOT / "ADDING_A_PLATFORM.md").read_text(encoding="utf-8")

PLACES = {
    "parley": f"converters/platforms/{NAME}",
    "shape.py": f"tests/converters/shapes/{NAME}.py",
    "cases": f"tests/cases/{NAME}",
    "simulator": f"tests/simulators/{NAME}",
}
"""Where the guide puts what lies here."""
MODULES = {f"tests.example_platform.{NAME}": f"converters.platforms.{NAME}", "tests.example_platform.simulator": f"tests.simulators.{NAME}"}

LINES = {
    "converters/__init__.py": [
        ("from converters.platforms.rongcloud", f"from converters.platforms.{NAME} import PLATFORM as {NAME.upper()}\n"),
        ("RONGCLOUD, YUNXIN)", f"{NAME.upper()}, "),
    ],
    "tests/apps.py": [
        (
            '    "own": App(',
            f"""\
    "{NAME}": App(
        "parley-team",
        7_000_000,
        \'\'\'\\
app_key = "pk_demo"
app_secret = "demo-app-secret"
webhook_secret = "demo-parley-hook"
base_url = "{{url}}"
\'\'\',
        takes_files=False,
        lacks=frozenset({{"answer", "edit", "file", "gif", "video"}}),
    ),
""",
        )
    ],
}
"""All that changes in files that are there: before which text what is put in."""
TESTS = [
    "tests/converters/test_answers.py",
    "tests/converters/test_cases.py",
    "tests/converters/test_contract.py",
    "tests/converters/test_event_ids.py",
    "tests/converters/test_fidelity.py",
    "tests/converters/test_ids.py",
    "tests/attacks/test_short_secret.py",
]


def copied(into: Path) -> Path:
    """What of this repository the tests need. `streams` is the one that is here: nothing in it may change."""
    for path in files():
        place = path.relative_to(ROOT)
        if place.parts[0] in ("converters", "tests", "pyproject.toml") and place.parts[:2] != ("tests", HERE.name):
            (into / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, into / place)
    (into / "streams").symlink_to(ROOT / "streams")
    return into


def put(tree: Path, *names: str) -> None:
    """What lies here under *names*, where the guide puts it."""
    for name in names:
        sources = [HERE / name] if (HERE / name).is_file() else sorted(each for each in (HERE / name).iterdir() if each.is_file())
        for source in sources:
            place = tree / PLACES[name] / ("" if source.parent == HERE else source.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            text = source.read_text(encoding="utf-8")
            for here, there in MODULES.items():
                text = text.replace(here, there)
            place.write_text(text, encoding="utf-8")


def add_lines(tree: Path, *names: str) -> None:
    for name in names:
        text = (tree / name).read_text(encoding="utf-8")
        for before, line in LINES[name]:
            assert text.count(before) == 1, f"{name}: {before}"
            text = text.replace(before, line + before)
        (tree / name).write_text(text, encoding="utf-8")


def run(tree: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python there, and nothing of this tree before it."""
    usual = {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=tree, env=os.environ | usual | environment, capture_output=True, text=True, check=False)


def pytest_in(tree: Path, *tests: str, only: str = NAME) -> subprocess.CompletedProcess[str]:
    return run(tree, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", "-k", only, *tests)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy after the last step."""
    tree = copied(tmp_path_factory.mktemp("finished"))
    put(tree, *PLACES)
    add_lines(tree, *LINES)
    return tree


def test_a_platform_that_follows_the_guide_keeps_the_contract(finished: Path) -> None:
    done = pytest_in(finished, *TESTS)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed, done.stdout
    assert int(passed[1]) > 400, "the contract with each other platform, its cases and its rows"


def test_the_command_shows_what_becomes_of_its_callbacks(finished: Path) -> None:
    callback = finished / "callback.json"
    callback.write_text(
        '{"event":"message.sent","appKey":"pk_demo","messageId":"M1","channel":{"type":"user","id":"bob"},"from":"alice",'
        '"sentAt":1700000000000,"via":"client","content":{"type":"text","text":"hello there"}}'
    )
    done = run(finished, "-m", "streams", "preview", "--platform", NAME, "--target", "own", str(callback))
    assert done.returncode == 0, done.stderr
    assert "parley:" in done.stdout
    assert "hello there" in done.stdout


def test_its_pages_are_printed_without_a_text_in_the_catalogue(finished: Path) -> None:
    code = "from streams import pages; print(pages.PAGES['settings.zh-CN.md'](), pages.PAGES['fidelity.zh-CN.md']()); print(*pages.texts())"
    done = run(finished, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "用于校验收到的 webhook 签名。" in done.stdout
    assert "Parley 没有这个接口" in done.stdout
    assert "Signs incoming webhooks." not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "tests", "until_then"),
    [
        (["parley"], "tests/converters/test_contract.py", "ModuleNotFoundError: No module named 'tests.converters.shapes.parley'"),
        (["parley", "shape.py"], "tests/converters/test_fidelity.py", "no case file writes this kind"),
        (["parley", "shape.py"], "tests/converters/test_cases.py", "test_there_are_cases_of_every_platform"),
    ],
)
def test_each_step_names_the_test_that_fails_until_it_is_done(tmp_path: Path, steps: list[str], tests: str, until_then: str) -> None:
    tree = copied(tmp_path)
    put(tree, *steps)
    add_lines(tree, "converters/__init__.py")
    done = pytest_in(tree, tests, only=f"{NAME} or every_platform")
    assert done.returncode != 0
    assert until_then in done.stdout


@pytest.mark.slow
def test_what_crosses_comes_back_and_no_bytes_raise_anything(finished: Path) -> None:
    done = pytest_in(finished, "tests/converters/test_laws.py", "tests/converters/test_garbage.py", "tests/fuzz")
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.slow
@pytest.mark.kafka
def test_messages_cross_to_easemob_and_back(finished: Path, kafka: str) -> None:
    done = run(finished, "-m", "tests.demo", PLATFORM=NAME, ONCE="1", KAFKA_BOOTSTRAP=kafka)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "every message arrived once and in order" in done.stdout


def test_the_guide_names_every_file_that_changes() -> None:
    assert [name for name in LINES if f"`{name}`" not in GUIDE] == []


def test_what_the_guide_names_is_there() -> None:
    named = re.findall(r"`((?:tests|converters|docs|streams)/[\w./-]+)(?:::(\w+))?`", GUIDE)
    assert len(named) > 25
    for path, test in named:
        if "NAME" not in path:
            assert (ROOT / path).exists(), path
            assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), test
