"""`im-relay migrate apply` and what belongs to it: the worker, a pause, how far it is, passwords."""

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs

from converters import PLATFORMS
from converters.core.localized import localized
from converters.inventory import KINDS, MESSAGE
from converters.migration import FilesBy
from streams.cli.common import CommandContext, ask, parse_time
from streams.cli.exit_codes import NOTHING, fail, nothing
from streams.cli.options import WHEN, Config, Json
from streams.cli.terminal import print_json, print_line, print_notice, progress
from streams.locale.messages import translated
from streams.migrate.errors import BundleError, MigrateError
from streams.operate.topic_reader import OperateError
from streams.settings.role_secrets import migrate
from streams.state.errors import StateError

if TYPE_CHECKING:
    from converters.cutover import CutoverReport

BundleOption = Annotated[
    Path | None, typer.Option("--bundle", help="Directory of the bundle, or the 12 characters of its hash.  [default: the newest]")
]
PlanOption = Annotated[Path | None, typer.Option("--plan", help="The plan written by `migrate plan`: it names the bundle.")]
App = Annotated[str, typer.Option("--app", help="Receiving app.  [default: the only one]")]
FILES: tuple[FilesBy, ...] = ("fetch", "link", "carry")
_NAMED = re.compile(r"\b[0-9a-f]{12}\b")


def register(app: typer.Typer) -> None:
    app.command()(work)
    app.command()(apply)
    app.command()(pause)
    app.command()(status)
    app.command()(passwords)


def work(platform: Annotated[str, typer.Option(help="The platform to write to.")], config: Config = None) -> None:
    """Write what `migrate apply` feeds, as a role beside `deliver`. It obeys pauses and hours.

    Example: im-relay migrate work --platform NAME -c relay.toml
    """
    from streams.cli.role_process import role
    from streams.migrate.role import run_migrate

    role(run_migrate, config, migrate(platform), platform)


def apply(
    bundle: BundleOption = None,
    plan: PlanOption = None,
    between: Annotated[
        str, typer.Option(help="Hours in which requests may leave, such as 01:00-07:00, every day.  [default: always]")
    ] = "",
    zone: Annotated[str, typer.Option(help="Time zone of --between, such as +08:00 or Asia/Shanghai.  [default: this machine's]")] = "",
    files: Annotated[
        str,
        typer.Option(
            help="Files of messages: fetch (the platform copies them), link (they stay where they lie), carry (role `media` brings them over, in forms that the platform shows)."
        ),
    ] = "fetch",
    live_since: Annotated[
        str, typer.Option(help=f"What was said since then is the relay's: {WHEN} Or none.  [default: the first callback of the source app]")
    ] = "",
    config: Config = None,
    *,
    update: Annotated[
        bool, typer.Option("--update", help="Also update what exists already and differs; by default it is left alone.")
    ] = False,
    catch_up: Annotated[bool, typer.Option("--catch-up", help="Continue with a later bundle: what was added since the last one.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Build every request without sending: calls and hours by API.")] = False,
    json: Json = False,
) -> None:
    """Write a bundle to the app. Ctrl-C or `migrate pause` stops it safely; the same command resumes it. A worker must run:
    `migrate work`.

    Exit codes: 0 all done, 1 stopped, or something could not be done, 2 settings, bundle or Kafka are wrong.
    Example: im-relay migrate apply --plan plan.md --between 01:00-07:00
    """
    from streams.migrate import apply as applying
    from streams.migrate.bundle import Bundle
    from streams.migrate.lasting import lasting
    from streams.migrate.orders import local_zone
    from streams.migrate.plan import quotas_of

    if files not in FILES:
        raise typer.BadParameter(translated("--files is {files!r}; expected one of {expected}", files=files, expected=", ".join(FILES)))
    relay = CommandContext(config)
    since = 0 if live_since == "none" else parse_time(live_since)
    wanted = applying.Wanted(
        between=between, zone=zone or (local_zone() if between else ""), update=update, catch_up=catch_up, live_since=since, files=files
    )
    try:
        with Bundle.open(bundle_path(relay, bundle, plan)) as opened:
            if plan is not None:
                rules = PLATFORMS[opened.meta.target_platform].migration
                wanted = structs.replace(wanted, quotas=quotas_of(plan, rules) if rules is not None else {})
            if dry_run:
                from streams.migrate.dry_run import tried

                for line in ask(tried(relay.settings, relay.apps, opened, wanted), relay.kafka.cluster):
                    print_line(line)
                return
            attempt = partial(applying.attempt, relay.settings, relay.apps, opened, wanted, relay.link, print_notice)
            ended = ask(lasting(attempt, print_notice), relay.kafka.cluster)
            totals = {kind: opened.count(kind) for kind in (*KINDS, MESSAGE)}
    except (MigrateError, StateError) as error:
        fail(error)
    good = _told(ended, totals, json=json)
    raise typer.Exit(0 if good else NOTHING)


def pause(app: App = "", config: Config = None) -> None:
    """Pause a migration: no further request leaves; `migrate apply` resumes it. Example: im-relay migrate pause"""
    from streams.migrate.apply import pause as paused

    relay = CommandContext(config)
    name = target_app(relay, app)
    if not ask(paused(relay.settings, name), relay.kafka.cluster):
        nothing(translated("no migration to {name} runs", name=name))
    print_line(translated("the migration to {name} is paused: what has left is answered yet; `im-relay migrate apply` goes on", name=name))


def status(
    app: App = "",
    traffic: Annotated[
        str, typer.Option(help=f"Also who is on which app since then, how much crosses, and when the relay can go: {WHEN}")
    ] = "",
    config: Config = None,
    *,
    json: Json = False,
) -> None:
    """How far a migration is, what waits for a person, and how far people have moved. Example: im-relay migrate status --traffic 14d"""
    from streams.migrate.status import seen

    relay = CommandContext(config)
    try:
        found = ask(seen(relay.settings, target_app(relay, app), relay.apps), relay.kafka.cluster)
    except StateError as error:
        fail(error)
    if found is None and not traffic:
        nothing(translated("no migration has begun"))
    moved = _moved(relay, target_app(relay, app), traffic) if traffic else None
    if json:
        print_json((found.plain() if found is not None else {}) | ({"traffic": moved[0]} if moved is not None else {}))
        return
    for line in (*(found.lines() if found is not None else ()), *(moved[1] if moved is not None else ())):
        print_line(line)


def _moved(relay: CommandContext, name: str, traffic: str) -> "tuple[CutoverReport, list[str]]":
    """Of the app from which *name* receives."""
    from streams.migrate.cutover import cutover, lines

    sources = sorted(one.name for one in relay.apps.values() if one.target == name and one.name != name)
    if len(sources) != 1:
        fail(
            OperateError(
                localized(
                    "--traffic: {name} is the target of {sources}; one is expected",
                    name=name,
                    sources=", ".join(sources) or localized("no app"),
                )
            )
        )
    old, new = relay.apps[sources[0]], relay.apps[name]

    async def read() -> "CutoverReport":
        with progress(translated("reads callbacks")) as tell:
            return await cutover(relay.settings, relay.apps, old, new, await relay.identities(), parse_time(traffic) or 0, tell)

    report = ask(read(), relay.kafka.cluster)
    return report, list(lines(report, old.name, new.name))


def passwords(
    out: Annotated[Path, typer.Option(help="File to write, readable by its owner alone.")],
    bundle: BundleOption = None,
    plan: PlanOption = None,
    config: Config = None,
    *,
    given: Annotated[
        bool, typer.Option("--given", help="Those that the source contains, for the worker's setting migrate.passwords.")
    ] = False,
) -> None:
    """Write the passwords of accounts that a migration creates, to hand them over.

    Example: im-relay migrate passwords --out passwords.csv
    """
    from streams.migrate.bundle import Bundle
    from streams.migrate.credentials import listed, written
    from streams.migrate.passwords import given as those_given

    relay = CommandContext(config)
    try:
        with Bundle.open(bundle_path(relay, bundle, plan)) as opened:
            theirs = [(user, secret.reveal()) for user, secret in those_given(opened)]
            if given:
                _write(out, lambda: written(theirs))
                print_line(translated("{count:,} given passwords in {out}: name it as migrate.passwords", count=len(theirs), out=out))
                return
            known = CommandContext(config, migrate(opened.meta.target_platform))
            lines, count = listed(opened, known.apps[opened.meta.target_app], dict(theirs))
            _write(out, lambda: lines)
            print_line(translated("{count:,} passwords in {out}", count=count, out=out))
    except BundleError as error:
        fail(error)


def _write(path: Path, content: Callable[[], bytes]) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        fail(OperateError(localized("{path}: {strerror}; name a file that is not there yet", path=path, strerror=error.strerror)))
    with os.fdopen(handle, "wb") as file:
        file.write(content())


def bundle_path(relay: CommandContext, bundle: Path | None, plan: Path | None) -> Path:
    directory = relay.settings.migrate.directory
    if plan is not None:
        try:
            named = _NAMED.search(plan.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            fail(OperateError(localized("--plan is {plan}: {kind}", plan=plan, kind=type(error).__name__)))
        if named is None:
            fail(OperateError(localized("{plan} names no bundle: it is no plan of im-relay migrate plan", plan=plan)))
        return directory / named[0]
    if bundle is not None:
        return bundle if bundle.is_dir() else directory / bundle
    found = sorted((path for path in directory.glob("*") if _NAMED.fullmatch(path.name)), key=lambda path: path.stat().st_mtime)
    if not found:
        fail(OperateError(localized("no bundle in {directory}: im-relay migrate check makes one", directory=directory)))
    return found[-1]


def target_app(relay: CommandContext, name: str) -> str:
    able = sorted(app.name for app in relay.apps.values() if app.platform.inventory is not None)
    if name:
        return relay.app(name)
    if len(able) != 1:
        fail(
            OperateError(
                localized("name the app with --app: {able}", able=", ".join(able) or localized("none of the settings takes a migration"))
            )
        )
    return able[0]


def _told(ended: "object", totals: dict[str, int], *, json: bool) -> bool:
    """Print how it ended; whether all is done."""
    from streams.migrate.lasting import Ended
    from streams.migrate.shown import done_of, line

    assert isinstance(ended, Ended)
    counts, feed = ended.counts, ended.feed
    refused = sum(count for (_, word), count in counts.items() if word == "refused")
    stopped = counts.get(("lane", "stopped"), 0)
    good = not ended.why and not refused and not stopped and not sum(feed.lacking.values()) and not feed.older
    if json:
        kinds = {kind: {"done": done_of(kind, counts), "all": total} for kind, total in totals.items() if total}
        print_json(
            {
                "good": good,
                "why": ended.why,
                "kinds": kinds,
                "refused": refused,
                "stopped": stopped,
                "lacking": feed.lacking,
                "older": feed.older,
                "differing": feed.differing,
            }
        )
        return good
    for kind, total in totals.items():
        if total:
            print_line(line(kind, done_of(kind, counts), total, 0.0, counts))
    if ended.why:
        print_line(translated("{why}: the same command goes on", why=ended.why))
    if refused or stopped:
        print_line(translated("{what} wait for a person: im-relay dead list --stage migrate", what=refused + stopped))
    if feed.lacking:
        told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(feed.lacking.items()))
        print_line(translated("not written, because what they need is not there: {told}", told=told))
    if feed.older:
        print_line(translated("not written, because later messages of their conversations are there already: {count}", count=feed.older))
    if feed.differing:
        told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(feed.differing.items()))
        print_line(translated("there already, and different: {told}; --update writes them", told=told))
    return good
