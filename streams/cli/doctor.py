"""`im-relay doctor`: what the first day with real accounts shows."""

import os
import platform as machine
import re
import secrets
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from converters.core.localized import localized, text_of
from converters.doctor.steps import Check, CheckResult, Names, Words
from converters.migration_rules import Language
from converters.routing.route import App
from streams.cli.common import CommandContext, ask, now
from streams.cli.exit_codes import DIFFERS, fail
from streams.cli.language import language_of
from streams.cli.options import Config, DryRun, Json
from streams.cli.terminal import print_json, print_line, print_notice, print_styled
from streams.cli.times import shown
from streams.encryption.check import keys_fit
from streams.kafka import topics
from streams.locale.messages import translated
from streams.operate.topic_reader import OperateError
from streams.settings.role_secrets import DOCTOR

_SIGNS = {"good": "ok", "bad": "!!", "open": "??"}
_STYLES = {"good": "green", "bad": "red", "open": "yellow"}
_PREFIX = "imrdoctor"
_BASE = "0123456789abcdefghijklmnopqrstuvwxyz"


def doctor(
    apps: Annotated[list[str] | None, typer.Argument(metavar="[APP]...", help="Apps of the settings.  [default: all]")] = None,
    user: Annotated[
        list[str] | None,
        typer.Option("--user", help="One of two users that are there and stay; named twice. Without it two are made and removed."),
    ] = None,
    listen: Annotated[
        str,
        typer.Option("--listen", help="HOST:PORT: take the callbacks here, in place of an ingress; without it they are read from Kafka."),
    ] = "",
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for each callback.")] = 20.0,
    report: Annotated[
        Path, typer.Option("--report", help="Where the report for the vendor's support is written; it has no secrets.")
    ] = Path("doctor.md"),
    remove: Annotated[str, typer.Option("--remove", help="Only remove what a run with this prefix has made, where it was killed.")] = "",
    lang: Annotated[str, typer.Option("--lang", help="en or zh.  [default: that of LANG]")] = "",
    config: Config = None,
    *,
    blind: Annotated[
        bool, typer.Option("--no-callbacks", help="Without Kafka and without --listen: callbacks are not looked for.")
    ] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Try real accounts: one line for each check with what to do, and the settings that fit. What it makes is removed, also on Ctrl-C.

    Two throw-away users write to each other on each app. Messages have the relay's mark and do not cross; an edit, which has none, can, to two such users.
    Exit codes: 0 nothing is wrong, 1 something is, 2 settings, command line or Kafka are wrong. Example: im-relay doctor --lang zh
    """
    language = language_of(lang)
    users = _users(user or [], apps or [])
    relay = CommandContext(config, DOCTOR)
    chosen = {relay.app(name): relay.apps[name] for name in apps} if apps else relay.apps
    if dry_run:
        _dry_run(chosen, language, json=json)
        return
    if not blind and not listen:
        ask(keys_fit(relay.kafka.cluster, relay.topic(topics.KEYS)), relay.kafka.cluster)
    unfit = [name for name, app in chosen.items() if app.platform.register is None and users is None]
    for name in unfit:
        print_notice(translated("{name}: no users can be made there; name two with --user, and this app alone", name=name))
        del chosen[name]
    if remove and not re.fullmatch(f"{_PREFIX}[a-z0-9]{{1,11}}", remove):
        raise typer.BadParameter(
            translated(
                "--remove is {remove!r}; expected the prefix that the run has told, which begins with {prefix}",
                remove=remove,
                prefix=_PREFIX,
            )
        )
    prefix = remove or _PREFIX + _short(now() // 1000) + secrets.choice(_BASE)
    if remove:
        ask(_remove(relay, chosen, prefix), relay.kafka.cluster)
        return
    print_notice(
        _text(
            Words(
                f"what is made begins with {prefix}; where this is killed: im-relay doctor --remove {prefix}",
                f"所建对象以 {prefix} 开头;若被强行终止:im-relay doctor --remove {prefix}",
            ),
            language,
        )
    )
    names = {name: Names(app=name, prefix=prefix, listens=not blind, patience=wait, users=users) for name in chosen}
    found = ask(_diagnose(relay, chosen, names, listen, language, json=json), relay.kafka.cluster)
    fitting = toml_of(found)
    if not json and fitting:
        print_line(_text(Words("Settings that fit what was seen:", "与结果相符的设置:"), language))
        for line in fitting.splitlines():
            print_line(line)
    try:
        report.write_text(report_of(chosen, found, fitting, language), encoding="utf-8")
    except OSError as error:
        fail(OperateError(localized("--report is {report}: {strerror}", report=report, strerror=error.strerror)))
    if any(result.state == "bad" for results in found.values() for _, result in results):
        raise typer.Exit(DIFFERS)


Found = Mapping[str, list[tuple[Check, CheckResult]]]


async def _diagnose(
    relay: CommandContext, apps: Mapping[str, App], names: Mapping[str, Names], listen: str, language: Language, *, json: bool
) -> dict[str, list[tuple[Check, CheckResult]]]:
    from streams.http_server.listener import ListenError
    from streams.operate.arriving import AtOurDoor, FromTopics

    found: dict[str, list[tuple[Check, CheckResult]]] = {name: [] for name in apps}
    if listen:
        host, _, port = listen.rpartition(":")
        if not host or not port.isdecimal():
            raise typer.BadParameter(translated("--listen is {listen!r}; expected HOST:PORT, as 0.0.0.0:8080", listen=listen))
        door = AtOurDoor(relay.apps, host, int(port))
        try:
            await door.begin()
        except ListenError as error:
            raise OperateError(text_of(error)) from None
        try:
            await _each(relay, apps, names, door, found, language, json=json)
        finally:
            await door.close()
        return found
    if not all(each.listens for each in names.values()):
        await _each(relay, apps, names, None, found, language, json=json)
        return found
    async with relay.reader() as reader:
        arriving = FromTopics(reader, {app.platform.name: relay.topic(topics.CALLBACKS, app.platform.name) for app in apps.values()})
        await arriving.begin()
        await _each(relay, apps, names, arriving, found, language, json=json)
    return found


async def _each(
    relay: CommandContext,
    apps: Mapping[str, App],
    names: Mapping[str, Names],
    arriving: Any,
    found: dict[str, list[tuple[Check, CheckResult]]],
    language: Language,
    *,
    json: bool,
) -> None:
    from streams.operate.doctor import Doctor

    for name, app in apps.items():
        one = Doctor(app, relay.settings.deliver, arriving)

        def tell(check: Check, result: CheckResult, name: str = name) -> None:
            found[name].append((check, result))
            _tell(name, check, result, language, json=json)

        try:
            await one.run(names[name], tell)
        finally:
            _left(name, one, language)


def _left(name: str, one: Any, language: Language) -> None:
    if one.unremoved:
        print_notice(f"{name}: {_text(Words('not removed: ', '未能删除:'), language)}{', '.join(one.unremoved)}")
    if one.plan.left.en:
        print_notice(f"{name}: {_text(Words('what stays there: ', '会留下的内容:'), language)}{_text(one.plan.left, language)}")


async def _remove(relay: CommandContext, apps: Mapping[str, App], prefix: str) -> None:
    from streams.operate.doctor import Doctor

    for name, app in apps.items():
        one = Doctor(app, relay.settings.deliver, None)
        await one.remove(Names(app=name, prefix=prefix))
        if one.unremoved:
            raise OperateError(localized("{name}: not removed: {unremoved}", name=name, unremoved=", ".join(one.unremoved)))


def _tell(app: str, check: Check, result: CheckResult, language: Language, *, json: bool) -> None:
    if json:
        print_json(
            {
                "app": app,
                "check": check.name,
                "state": result.state,
                "seen": _text(result.seen, language),
                "todo": _text(result.todo, language),
                "settings": dict(result.settings),
                "settles": check.settles if result.state == "good" else "",
            }
        )
        return
    todo = f" -> {_text(result.todo, language)}" if result.todo.en else ""
    print_styled(
        f"{_SIGNS[result.state]} {app}: {_text(check.title, language)}: {_text(result.seen, language)}{todo}", _STYLES[result.state]
    )


def _dry_run(apps: Mapping[str, App], language: Language, *, json: bool) -> None:
    from converters.doctor.run import checks_of

    for name, app in apps.items():
        assert app.platform.doctor is not None
        for check in checks_of(app.platform.doctor):
            if json:
                print_json({"app": name, "check": check.name, "does": _text(check.does, language), "settles": check.settles})
            else:
                print_line(f"{name}: {_text(check.title, language)}: {_text(check.does, language)}")
        if not json:
            print_line(
                f"{name}: {_text(Words('afterwards it removes what it has made; what stays: ', '结束后删除所建内容;会留下:'), language)}{_text(app.platform.doctor.left, language) or '-'}"
            )


def _users(given: list[str], apps: list[str]) -> tuple[str, str] | None:
    if not given:
        return None
    if len(set(given)) != 2 or not all(given):
        raise typer.BadParameter(
            translated("--user is given {given} times; expected two users, as: --user ann --user bob", given=len(given))
        )
    if len(apps) != 1:
        raise typer.BadParameter(translated("--user is for one app: name it, as: im-relay doctor old --user ann --user bob"))
    return given[0], given[1]


def toml_of(found: Found) -> str:
    """The settings that fit, as they stand in the file."""
    lines: list[str] = []
    for name, results in found.items():
        values: dict[str, Any] = {}
        for _, result in results:
            values |= result.settings
        if values:
            lines += ([""] if lines else []) + [
                f"[apps.{_key(name)}.account]",
                *(f"{key} = {_value(value)}" for key, value in values.items()),
            ]
    return "\n".join(lines)


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else _value(name)


def _value(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)  # of texts, numbers and truth values TOML has the same form


def report_of(apps: Mapping[str, App], found: Found, fitting: str, language: Language) -> str:
    """For the vendor's support: states, codes and times. Keys, secrets, ids and texts are in none of it."""
    lines = [
        "# im-relay doctor",
        "",
        f"im-relay {version('im-relay')}, Python {machine.python_version()}, {os.uname().sysname}, {shown(now())} UTC",
    ]
    for name, results in found.items():
        lines += [
            "",
            f"## {name} ({apps[name].platform.name})",
            "",
            "| | check | seen | todo | settles |",
            "| --- | --- | --- | --- | --- |",
        ]
        for check, result in results:
            settles = check.settles if result.state == "good" else ""
            said = (_text(words, language) for words in (check.title, result.seen, result.todo))
            cells = [_SIGNS[result.state], *said, settles]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if fitting:
        lines += ["", "```toml", fitting, "```"]
    return "\n".join(lines) + "\n"


def _text(words: Words, language: Language) -> str:
    return words.zh if language == "zh" else words.en


def _short(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE[digit] + digits
    return digits
