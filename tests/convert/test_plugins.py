"""The package of docs/plugins.md, taken from the page and installed, asked by the stage and by `im-relay preview`."""

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from converters.core.bodies import Custom
from streams.cli.app import app
from streams.observe.metric_types import REGISTRY
from streams.plugins import PluginError, installed, named, with_plugins
from tests.convert.records import Converting, apps, callback
from tests.narrowed import required
from tests.stack import ROOT

PAGE = ROOT / "docs" / "plugins.md"


def files_of_the_page() -> dict[str, str]:
    """Each block of code that follows its file's name."""
    found = re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return dict(found)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The files of the page, as somebody would have written them."""
    for name, text in files_of_the_page().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def install(package: Path, place: Path, **points: str) -> None:
    """What an installer leaves behind: the modules, and the entry points that pyproject.toml declares (or *points* instead)."""
    about = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))
    project = about["project"]
    for module in about["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]:
        (place / module).write_bytes((package / module).read_bytes())
    info = place / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"] if not points else {"im_relay.converters": points}
    lines = [line for group, of in groups.items() for line in (f"[{group}]", *(f"{name} = {value}" for name, value in of.items()))]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory on sys.path; what is imported from it is forgotten afterwards."""
    one = tmp_path_factory.mktemp("site")
    monkeypatch.syspath_prepend(str(one))
    before = set(sys.modules)
    yield one
    for name in set(sys.modules) - before:
        if str(one) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    importlib.invalidate_caches()


def order(total: object = 1999) -> dict[str, object]:
    said: dict[str, object] = json.loads(files_of_the_page()["order.json"])
    return said | {"attach": json.dumps({"type": "order", "data": {"number": "A-17", "total": total}})}


def counted(plugin: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("im_relay_plugin_calls_total", {"plugin": plugin, "outcome": outcome}) or 0.0


def test_the_page_has_a_whole_package() -> None:
    assert set(files_of_the_page()) == {"shop_messages.py", "pyproject.toml", "test_shop_messages.py", "order.json"}


def test_the_tests_of_the_page_pass(package: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop_messages.py"],
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_installed_package_is_asked_by_the_stage(package: Path, place: Path) -> None:
    assert installed(["*"]) == ()
    install(package, place)
    before = {outcome: counted("shop", outcome) for outcome in ("replaced", "dropped", "not_mine")}
    stage = Converting(given=with_plugins(apps(), ["*"]))
    poll = order() | {"attach": '{"type":"poll","data":{}}', "msgidServer": "18"}
    dance = order() | {"attach": '{"type":"dance","data":{}}', "msgidServer": "19"}
    stage.take("yunxin", *(callback("yunxin", said) for said in (order(), poll, dance)))
    assert stage.bodies("easemob") == [Custom("shop:order", {"order": "A-17", "total": "19.99"}), Custom("dance", {})]
    assert {outcome: counted("shop", outcome) - n for outcome, n in before.items()} == dict.fromkeys(before, 1)
    labels = {"app": "old", "platform": "yunxin", "direction": "yunxin>", "kind": "plugin:shop:no-polls", "outcome": "dropped"}
    assert REGISTRY.get_sample_value("im_relay_convert_records_out_total", labels) == 1
    assert required(REGISTRY.get_sample_value("im_relay_plugin_seconds_total", {"plugin": "shop"})) > 0


def test_a_plugin_that_raises_costs_that_message_alone(
    package: Path, place: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    broken = "def convert(seen):\n    raise KeyError(f'{seen.body} of {seen.event.sender}')\n"
    (package / "shop_messages.py").write_text(broken)
    install(package, place)
    failed = counted("shop", "failed")
    stage = Converting(given=with_plugins(apps(), ["*"]))
    stage.take("yunxin", callback("yunxin", order()))
    stage.say("yunxin", "and on")
    assert len(stage.deliveries("easemob")) == 1
    (letter,) = stage.letters()
    assert (letter.cause, letter.whose, letter.detail) == ("plugin", "ours", "shop: KeyError in convert (shop_messages.py:2)")
    assert counted("shop", "failed") == failed + 1
    assert "A-17" not in "".join(capfd.readouterr()) + caplog.text


def test_preview_tries_it_without_installing_it(package: Path) -> None:
    command = ["preview", "--platform", "yunxin", "--target", "easemob", str(package / "order.json")]
    for source in ("shop_messages.py", "shop_messages.py:convert"):
        done = CliRunner().invoke(app, [*command, "--plugin", str(package / source)])
        assert done.exit_code == 0, done.output
        (event,) = json.loads(done.stdout)["events"]
        assert event["operation"]["body"] == {"kind": "custom", "name": "shop:order", "data": {"order": "A-17", "total": "19.99"}}
    without = json.loads(CliRunner().invoke(app, command).stdout)
    assert without["events"][0]["operation"]["body"]["name"] == "order"


def test_preview_tries_an_object_of_a_module(package: Path, place: Path) -> None:
    (place / "tried_out.py").write_text((package / "shop_messages.py").read_text())
    importlib.invalidate_caches()
    command = ["preview", "--platform", "yunxin", "--target", "easemob", str(package / "order.json")]
    done = CliRunner().invoke(app, [*command, "--plugin", "tried_out:convert"])
    assert json.loads(done.stdout)["events"][0]["operation"]["body"]["name"] == "shop:order"


def test_the_settings_say_which_and_in_which_order(package: Path, place: Path) -> None:
    install(package, place, b="shop_messages", a="shop_messages:convert", c="shop_messages")
    names = {("*",): "abc", ("c", "*"): "cab", ("b",): "b", (): "", ("*", "a"): "bca"}
    for use, expected in names.items():
        assert "".join(plugin.name for plugin in installed(use)) == expected
    with pytest.raises(PluginError, match="names z, which no installed package has; there are: a, b, c"):
        installed(["z"])


def test_two_packages_cannot_have_one_name(package: Path, place: Path) -> None:
    install(package, place, a="shop_messages")
    about = (package / "pyproject.toml").read_text().replace('"shop-messages"', '"other"')
    (package / "pyproject.toml").write_text(about)
    install(package, place, a="shop_messages:convert")
    with pytest.raises(PluginError, match="have a plug-in 'a'"):
        installed(["*"])


BROKEN = {
    "kinds = 'custom'\ndef convert(seen): ...": "kinds is 'custom'",
    "kinds = {'customs'}\ndef convert(seen): ...": "kinds is {'customs'}; expected a set of: ",
    "convert = 7": "expected a function",
    "x = 1": "is a module; expected a function",
    "raise SystemExit('secret')": "cannot be loaded: SystemExit in <module> (shop_messages.py:1)",
    "import nowhere_to_be_found": "cannot be loaded: ModuleNotFoundError",
}


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_plugin_is_said_before_any_work(text: str, package: Path, place: Path) -> None:
    (package / "shop_messages.py").write_text(text)
    install(package, place)
    with pytest.raises(PluginError) as raised:
        installed(["*"])
    assert BROKEN[text] in str(raised.value)
    assert "plug-in shop (shop_messages)" in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("nowhere.py", "no file nowhere.py"),
        ("no_such_module_here:x", "no plug-in"),
        ("json", "has no function `convert`"),
        ("json:nothing", "cannot be loaded"),
    ],
)
def test_what_cannot_be_tried_is_said(source: str, why: str) -> None:
    with pytest.raises(PluginError, match=why):
        named(source)


def test_an_object_and_its_class_are_plugins(place: Path) -> None:
    (place / "made.py").write_text(
        "from converters.plugins import NOT_MINE\nclass Polls:\n    kinds = {'text'}\n    def convert(self, seen):\n        return NOT_MINE\n"
        "polls = Polls()\n"
    )
    importlib.invalidate_caches()
    assert [named(f"made:{name}").kinds for name in ("Polls", "polls")] == [{"text"}, {"text"}]
