"""Reads what `im-relay preview` is given: a callback, and accounts from the settings or made up."""

import sys
from pathlib import Path
from typing import Any

from converters import PLATFORMS
from converters.identities import Identities
from converters.preview import preview
from streams import settings

_LARGEST = 1 << 20


class PreviewError(Exception):
    """There is nothing to show; the text says why and what would help."""


def read(source: str) -> bytes:
    """The file *source*, or standard input for `-`; at most 1 MiB. Raises PreviewError."""
    try:
        if source == "-":
            body = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with Path(source).open("rb") as file:
                body = file.read(_LARGEST + 1)
    except OSError as error:
        raise PreviewError(f"cannot read {source}: {error.strerror}") from None
    if len(body) > _LARGEST:
        raise PreviewError(f"{source} is larger than 1 MiB: one callback's body is expected")
    return body


def accounts(names: tuple[str, ...], config: Path | None) -> dict[str, Any]:
    """An account of each platform: the first in *config*, else one of made-up values. Raises PreviewError."""
    found: dict[str, Any] = {}
    if config is not None:
        try:
            apps = settings.resolve(settings.load(config))
        except settings.SettingsError as error:
            raise PreviewError(str(error)) from None
        for app in apps.values():
            found.setdefault(app.platform.name, app.account)
    for name in names:
        example = PLATFORMS[name].example
        if name not in found and example is None:
            raise PreviewError(f"{name} has no made-up account: name a settings file with --account-from")
        if example is not None:
            found.setdefault(name, example())
    return found


def show(source: str, platform: str, target: str, config: Path | None = None) -> dict[str, Any]:
    """What the relay would make of the callback in *source*. Raises PreviewError."""
    for name in (platform, target):
        if name not in PLATFORMS:
            raise PreviewError(f"no platform {name!r}; there are: {', '.join(sorted(PLATFORMS))}")
    held = accounts((platform, target), config)
    shown = preview(read(source), {}, platform, target, held, Identities())
    if shown["dead"]:
        raise PreviewError("; ".join(shown["dead"]))
    return shown
