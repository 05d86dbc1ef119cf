"""The pages say what the code does, and what they name is there."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from converters import PLATFORMS
from streams import pages
from streams.cli.app import app
from streams.kafka import topics
from streams.observe.metric_types import PREFIX
from streams.observe.metrics import declared as declared_metrics
from streams.observe.renamed_metrics import RENAMED
from streams.settings import renamed
from streams.settings.root import AppSettings, Settings, load, marking
from tests import quick_yaml
from tests.command_tree import command_of
from tests.house.tree import ROOT, name
from tests.house.tree import pages as markdown

HAND_WRITTEN = [path for path in markdown() if path.name not in pages.PAGES]


def test_the_printed_pages_are_not_stale() -> None:
    assert pages.stale() == [], "make pages"


def test_every_setting_is_described() -> None:
    fields: dict[str, str | None] = {}
    for section, about in Settings.model_fields.items():
        within: Any = AppSettings if section == "apps" else about.annotation
        fields |= {f"{section}.{key}": field.description for key, field in within.model_fields.items()}
    for platform in PLATFORMS.values():
        (account,) = msgspec.json.schema(platform.account)["$defs"].values()
        fields |= {f"{platform.name}.{key}": field.get("description") for key, field in account["properties"].items()}
    assert len(fields) > 30
    assert not [key for key, text in fields.items() if not text]


def test_every_command_has_an_example_that_it_would_take() -> None:
    for path, command in pages.commands_of(command_of(app), ("im-relay",)):
        example = (command.help or "").partition("Example: ")[2]
        assert example.startswith(path), f"{path}: its help gives no example"
        assert _unknown(example) == [], path


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=name)
def test_the_commands_that_pages_name_exist(path: Path) -> None:
    code = re.findall(r"^```.*?^```|`[^`\n]+`", path.read_text(), re.MULTILINE | re.DOTALL)
    named = re.findall(r"(?:^|\$ |`|\| |&& |^ +)(im-relay [a-z][^`\n|;]*)", "\n".join(code), re.MULTILINE)
    assert named or path.name != "README.md" or path.parent != ROOT
    assert [problem for line in named for problem in _unknown(line)] == []


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=name)
def test_the_metrics_and_settings_that_pages_name_exist(path: Path) -> None:
    text = path.read_text()
    declared = {metric.name for metric in declared_metrics()}
    if path.name == "CHANGELOG.md":  # what a release is called there stays
        declared |= {re.sub(rf"\b{PREFIX}{new}(?=_|$)", PREFIX + old, each) for old, new in RENAMED.items() for each in declared}
    assert set(re.findall(r"im_relay_\w+", text)) <= declared
    sections = {key: about.annotation for key, about in Settings.model_fields.items() if key != "apps"}
    there = {topic.template.removesuffix(".{platform}") for topic in topics.TOPICS}
    if path.is_relative_to(ROOT / "helm"):  # the chart has values of its own beside the settings, named after the same roles
        values = quick_yaml.load((path.parent / "values.yaml").read_text(encoding="utf-8"))
        there |= {
            f"{section}.{key}"
            for section, held in values.items()
            if isinstance(held, dict)
            for each in held
            for key in re.findall("^[a-z_]+", each)
        }
    for section, key in re.findall(rf"`({'|'.join(sections)})\.([a-z_]+)", text):
        if path.name == "CHANGELOG.md" and f"{section}.{key}" in renamed.RENAMED:
            continue
        if f"{section}.{key}" in ("console.enabled", "migrate.replicas"):  # values of the chart
            continue
        assert f"{section}.{key}" in there or key in getattr(sections[section], "model_fields", {}), f"{section}.{key}"


@pytest.mark.parametrize("path", markdown(), ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
        if "://" in target:
            continue
        to, _, anchor = target.partition("#")
        there = path.parent / to if to else path
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\s-]", "", each).strip().lower().replace(" ", "-") for each in headings}, target


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_settings_file_of_the_readme_is_taken(readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / readme).read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    given = tomllib.loads(block)
    for section in (given["marks"], *(app_settings["account"] for app_settings in given["apps"].values())):
        for key, value in section.items():
            if key.endswith("_file"):
                Path(value).parent.mkdir(exist_ok=True)
                Path(value).write_text("a secret of some length\n")
    Path("relay.toml").write_text(block)
    assert sorted(marking(load(Path("relay.toml")))) == ["new", "old"]


def test_the_changelog_has_an_entry_for_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_decisions_are_numbered_and_short() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text()
        assert len(text.splitlines()) < 80, name(path)
        assert all(f"## {part}" in text for part in ("Context", "Decision", "Consequences")), name(path)


def _unknown(line: str) -> list[str]:
    """What of a command line the program would not know; options by their names, arguments by nothing."""
    words = line.partition(" #")[0].split()[1:]
    command: Any = command_of(app)
    while (below := getattr(command, "commands", None)) is not None:
        if not words:
            return []  # a group, named as such
        if words[0] not in below:
            return [f"{line!r}: no command {words[0]!r}"]
        command = below[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return [f"{line!r}: no option {word!r}" for word in words if re.match("--?[a-z]", word) and word not in options]
