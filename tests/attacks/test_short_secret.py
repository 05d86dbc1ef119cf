"""A secret that can be found by trying, or was never filled in."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from converters import PLATFORMS
from streams.settings.root import SettingsError, load

SECRETS = [(name, key) for name, platform in PLATFORMS.items() for key in platform.secrets if not key.startswith("mark_")]
"""Those that the platform's console shows; of those that sign marks see `streams.settings.marks`."""


def account_of(platform: str) -> dict[str, Any]:
    """What has to be given of an account, from the platform's example, with secrets that are long enough."""
    example = PLATFORMS[platform].example
    assert example is not None
    fields = msgspec.structs.fields(PLATFORMS[platform].account)
    needed = {field.name: getattr(example(), field.name) for field in fields if field.required}
    return {key: "long-enough-secret" if key in PLATFORMS[platform].secrets else value for key, value in needed.items()}


def settings(tmp_path: Path, platform: str, **given: str) -> Path:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in (account_of(platform) | given).items())
    file = tmp_path / "relay.toml"
    other = '[apps.two]\nplatform = "own"\ntarget = "one"\naccount = {secret = "another-long-secret"}\n'
    file.write_text(f'{other}[apps.one]\nplatform = "{platform}"\ntarget = "two"\n[apps.one.account]\n{lines}')
    return file


def test_every_secret_has_a_least_length() -> None:
    for name, platform in PLATFORMS.items():
        declared = {key for key in platform.account.__struct_fields__ if "secret" in key}
        assert declared == set(platform.secrets), name
        assert platform.shortest >= 8


@pytest.mark.parametrize(("platform", "key"), SECRETS)
def test_it_is_refused_by_name_and_never_shown(tmp_path: Path, platform: str, key: str) -> None:
    load(settings(tmp_path, platform))
    with pytest.raises(SettingsError) as refused:
        load(settings(tmp_path, platform, **{key: "ab7"}))
    assert f"apps.one.account.{key} has 3 characters; {PLATFORMS[platform].shortest} or more are expected" in str(refused.value)
    assert "ab7" not in str(refused.value)


def test_of_a_file_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x\n")
    account = {"app_secret_file": str(tmp_path / "secret")}
    file = settings(tmp_path, "yunxin", **account)
    file.write_text(file.read_text().replace('app_secret = "long-enough-secret"\n', ""))
    with pytest.raises(SettingsError, match=r"app_secret_file has 1 character; .* what the file holds"):
        load(file)


def test_an_empty_one_is_refused_and_none_before_it_is_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="app_secret is empty"):
        load(settings(tmp_path, "yunxin", app_secret=""))
    load(settings(tmp_path, "yunxin", app_secret_previous=""))
