"""Which process reads which secret, and that it is shown nowhere."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from pydantic import BaseModel
from typer.testing import CliRunner

from converters import PLATFORMS
from converters.core.address import public
from converters.platforms.easemob.account import EasemobAccount
from streams.cli.app import app as commands
from streams.roles import secret_watch
from streams.settings import role_secrets
from streams.settings.role_secrets import (
    COMMAND,
    CONSOLE,
    CONVERT,
    DOCTOR,
    ERASE,
    EVERYTHING,
    FILES,
    GAPS,
    INGRESS,
    MEDIA,
    READING,
    SecretScope,
    deliver,
)
from streams.settings.root import Settings, SettingsError, load, resolve, shown
from streams.settings.secret_settings import SecretSection
from tests.narrowed import of_kind

SETTINGS = """\
[marks]
secret_file = "marks"

[media.store]
kind = "files"
endpoint = "http://u:in-the-address@files:8090"
secret_file = "store"

[files]
public_url = "https://files.example.com"
secret_file = "files"

[apps.old]
platform = "yunxin"
target = "new"
account = { app_key = "k", app_secret_file = "yunxin", app_secret_previous_file = "yunxin-before", base_url = "https://u:in-the-address@api.example.com?token=in-the-query" }

[apps.new]
platform = "easemob"
target = "old"
account = { org = "o", app = "a", client_id = "c", client_secret_file = "client", callback_secret_file = "callback" }

[apps.third]
platform = "own"
target = "new"
account = { secret_file = "own", base_url = "http://u:in-the-address@own:1" }
"""
EACH = ("store", "files", "yunxin", "yunxin-before", "client", "callback", "own", "marks")
USED: dict[SecretScope, set[str]] = {
    INGRESS: {"yunxin", "yunxin-before", "callback", "own"},
    CONVERT: {"marks"},
    READING: {"marks"},
    deliver("yunxin"): {"marks", "yunxin"},
    deliver("easemob"): {"marks", "client"},
    deliver("own"): {"marks", "own"},
    MEDIA: {"yunxin", "client", "own", "store"},
    FILES: {"files"},
    GAPS: {"marks", "yunxin", "client", "own"},
    COMMAND: set(),
    CONSOLE: {"marks"},
    ERASE: {"marks", "store"},
    DOCTOR: set(EACH) - {"store", "files"},
    EVERYTHING: set(EACH),
}


def content(name: str) -> str:
    return f"0123456789-what-is-in-{name}"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(role_secrets, "files_read", {})
    (tmp_path / "relay.toml").write_text(SETTINGS)
    for name in EACH:
        (tmp_path / name).write_text(content(name) + "\n")
    return tmp_path / "relay.toml"


def held(settings: Settings) -> str:
    """Everything that the process holds."""
    accounts = [msgspec.to_builtins(app.account) for app in resolve(settings).values()]
    sections = [
        settings.media.store.secret.get_secret_value(),
        settings.files.secret.get_secret_value(),
        settings.marks.secret.get_secret_value(),
    ]
    return json.dumps([accounts, sections])


@pytest.mark.parametrize("process", USED, ids=lambda one: f"{one.name}-{one.platform}")
def test_a_process_holds_what_it_uses_and_can_do_without_the_other_files(config: Path, process: SecretScope) -> None:
    for name in set(EACH) - USED[process]:
        (config.parent / name).unlink()
    seen = held(load(config, process))
    assert {name for name in EACH if f'"{content(name)}"' in seen} == USED[process]
    assert {path.name for path in role_secrets.files_read} == USED[process]


@pytest.mark.parametrize("process", USED, ids=lambda one: f"{one.name}-{one.platform}")
def test_a_process_says_which_of_its_files_is_missing(config: Path, process: SecretScope) -> None:
    for name in USED[process]:
        (config.parent / name).rename(config.parent / "away")
        with pytest.raises(SettingsError, match=rf"_file: cannot read .*/{name}"):
            load(config, process)
        (config.parent / "away").rename(config.parent / name)


def test_what_stands_in_place_of_a_secret_is_known_to_nobody(config: Path) -> None:
    """Were it a fixed word, whoever has read the source could sign with it."""
    one, other = (of_kind(EasemobAccount, resolve(load(config, CONVERT))["new"].account) for _ in range(2))
    assert len({one.callback_secret, other.callback_secret, one.client_secret, other.client_secret}) == 4
    assert one.callback_secret_previous == "", "there is none, so that nothing is accepted by it"
    given = SETTINGS.replace('callback_secret_file = "callback"', 'callback_secret = "inline-0123456789"')
    config.write_text(given)
    assert "inline" not in held(load(config, CONVERT))
    assert "inline-0123456789" in held(load(config, INGRESS))


def test_every_secret_of_a_platform_is_declared() -> None:
    for platform in PLATFORMS.values():
        fields = set(platform.account.__struct_fields__)
        assert {name for name in fields if "secret" in name or "password" in name} == set(platform.secrets), platform.name
        assert all(platform.secrets.values()), platform.name


def sections(model: type[BaseModel], name: str = "") -> dict[str, type[SecretSection]]:
    found: dict[str, type[SecretSection]] = {}
    for key, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            where = f"{name}.{key}".lstrip(".")
            found |= sections(kind, where)
            if issubclass(kind, SecretSection):
                found[where] = kind
            else:
                assert not [one for one in kind.model_fields if "secret" in one], where
    return found


def test_every_section_with_secrets_says_who_uses_them() -> None:
    known = {one.name for one in role_secrets.SCOPES}
    found = sections(Settings)
    assert set(found) >= {"files", "media.store"}
    for where, section in found.items():
        assert bool(section.__dict__.get("used_by")) != bool(section.__dict__.get("used_for")), where
        assert section.used_by <= known, where


@pytest.mark.parametrize("scope", [*role_secrets.SCOPES, EVERYTHING], ids=lambda one: one.name)
def test_who_knows_our_own_messages_by_their_marks_has_the_secret_of_marks(scope: SecretScope, config: Path) -> None:
    read = load(config, scope).marks.secret.get_secret_value()
    assert (read == content("marks")) == ("mark" in scope.uses)


def test_no_address_is_shown_with_its_password(config: Path) -> None:
    settings = load(config)
    text = json.dumps(shown(settings), ensure_ascii=False)
    assert "in-the-" not in text
    assert '"https://…@api.example.com?…"' in text
    assert "in-the-" not in repr([app.account for app in resolve(settings).values()])
    config.write_text(
        SETTINGS.replace('kind = "files"', 'kind = "s3"\nbucket = "b"\naccess_key_id = "k"\nsecret_access_key_file = "store"')
    )
    with pytest.raises(SettingsError) as raised:
        load(config)
    assert "allow_http" in str(raised.value)
    assert "in-the-" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://a:b@host/p", "https://…@host/p"),
        ("https://a:b@c@host/p?x=1#f", "https://…@host/p?…#f"),
        ("http://host/a@b", "http://host/a@b"),
        ("kafka:9092", "kafka:9092"),
        ("see https://a:b@h and http://c:d@i", "see https://…@h and http://…@i"),
    ],
)
def test_what_of_an_address_is_public(url: str, seen: str) -> None:
    assert public(url) == seen


def test_a_role_ends_when_a_secret_of_its_changes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("before\n")
    other.write_text("same\n")
    waits: list[float] = []
    ended = threading.Event()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        assert not ended.is_set()
        steps: dict[int, Callable[[], object]] = {
            1: one.unlink,
            2: lambda: one.write_text(""),
            3: lambda: one.write_text("before"),
            4: lambda: one.write_text("after\n"),
        }
        steps.get(len(waits), lambda: None)()

    secret_watch.SecretWatch({one: "before", other: "same"}, wait, ended.set).run()
    assert ended.is_set()
    assert waits[:4] == [secret_watch.EVERY] * 4, "it is away for a moment, empty for a moment, and the same again"
    assert len(waits) == 5
    assert 0 <= waits[4] <= secret_watch.SPREAD


@pytest.mark.parametrize(
    "words",
    [
        ["ingress"],
        ["convert"],
        ["deliver", "--platform", "easemob"],
        ["media"],
        ["files"],
        ["gaps", "--run"],
        ["migrate", "work", "--platform", "easemob"],
    ],
)
def test_every_role_watches_what_it_has_read_whatever_kubernetes_keeps_it_in(
    words: list[str], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deployments and StatefulSets alike: no restart by hand is needed when a Secret changes."""

    def begin() -> None:
        assert role_secrets.files_read
        raise typer.Exit(7)  # nothing of the role has begun by then

    monkeypatch.setattr(secret_watch, "begin", begin)
    monkeypatch.setattr("streams.observe.log.setup", lambda _: None)
    assert CliRunner().invoke(commands, [*words, "--config", str(config)]).exit_code == 7
