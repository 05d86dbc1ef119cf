"""Reads what `im-relay preview` is given: a callback, and accounts, rules and plug-ins from the settings, or accounts made up."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from converters import PLATFORMS
from converters.core.localized import ReportedError, joined, localized, text_of
from converters.plugins import Plugin
from converters.routing.identity_table import KINDS, IdentityTable, account_record, cohort_record, record
from converters.routing.preview import preview
from converters.routing.route import App
from converters.text.echo_mark import EXAMPLE
from streams import plugins
from streams.settings import root
from streams.settings.role_secrets import COMMAND

_LARGEST = 1 << 20


class PreviewError(ReportedError):
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
        raise PreviewError(localized("cannot read {source}: {strerror}", source=source, strerror=error.strerror)) from None
    if len(body) > _LARGEST:
        raise PreviewError(localized("{source} is larger than 1 MiB: one callback's body is expected", source=source))
    return body


def apps(config: Path | None) -> dict[str, App]:
    """Those of *config*, with their rules and the installed plug-ins. Raises PreviewError."""
    if config is None:
        return {}
    try:
        given = root.load(config, COMMAND)
        return plugins.with_plugins(root.resolve(given), given.plugins.use)
    except (root.SettingsError, plugins.PluginError) as error:
        raise PreviewError(text_of(error)) from None


def source_app(known: dict[str, App], platform: str, target: str) -> App | None:
    """The app whose rules are meant: the first on *platform* that sends to *target*, else the first on *platform*."""
    on = [app for app in known.values() if app.platform.name == platform]
    to = [app for app in on if known[app.target].platform.name == target]
    return next(iter(to or on), None)


def accounts(names: tuple[str, ...], known: dict[str, App]) -> dict[str, Any]:
    """An account of each platform: the first in *known*, else one of made-up values."""
    found: dict[str, Any] = {}
    for app in known.values():
        found.setdefault(app.platform.name, app.account)
    for name in names:
        account: Any = found.setdefault(name, PLATFORMS[name].example())
        if not account.mark_secret:
            found[name] = structs.replace(account, mark_secret=EXAMPLE)  # nothing is sent
    return found


def identities(file: Path | None) -> IdentityTable:
    """What `im-relay identities list` (with and without `--people`) has printed into *file*. Raises PreviewError."""
    table = IdentityTable()
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file is not None else []
        for row in map(json.loads, lines):
            if row.get("kind") in KINDS:
                table.apply(*record(row["platform"], row["kind"], row["id"], row["canonical"], row.get("origin", "")))
                continue
            for platform, account in row["accounts"].items():
                table.apply(*account_record(platform, row["user"], account))
            if row["cohort"]:
                table.apply(*cohort_record(row["user"], row["cohort"]))
    except OSError as error:
        raise PreviewError(localized("cannot read {file}: {strerror}", file=file, strerror=error.strerror)) from None
    except (ValueError, KeyError, AttributeError, TypeError):
        raise PreviewError(localized("{file} is not what `im-relay identities list` prints, one JSON object a line", file=file)) from None
    return table


def tried(sources: Sequence[str]) -> tuple[Plugin, ...]:
    """The plug-ins in these files, or behind these names. Raises PreviewError."""
    try:
        return tuple(map(plugins.named, sources))
    except plugins.PluginError as error:
        raise PreviewError(text_of(error)) from None


def show(
    source: str, platform: str, target: str, config: Path | None = None, plugin: Sequence[str] = (), known: Path | None = None
) -> dict[str, Any]:
    """What the relay would make of the callback in *source*. Raises PreviewError."""
    check(platform, target)
    there = apps(config)
    app = source_app(there, platform, target)
    held = accounts((platform, target), there)
    asked = tried(plugin) + (app.plugins if app else ())
    rules = app.rules if app else ()
    shown = preview(read(source), {}, platform, target, held, identities(known), rules, asked)
    if shown["dead"]:
        raise PreviewError(joined(shown["dead"], "; "))
    return shown


def check(*platforms: str) -> None:
    """Raises PreviewError where there is no such platform."""
    for name in platforms:
        if name not in PLATFORMS:
            raise PreviewError(localized("no platform {name!r}; there are: {platforms}", name=name, platforms=", ".join(sorted(PLATFORMS))))
