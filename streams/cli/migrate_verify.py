"""`im-relay migrate verify`, `report` and `made`: what a migration has come to."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from converters.core.localized import localized
from streams.cli.common import CommandContext, ask
from streams.cli.exit_codes import NOTHING, fail, nothing
from streams.cli.language import language_of
from streams.cli.migrate_apply import App as AppOption
from streams.cli.migrate_apply import BundleOption, PlanOption, bundle_path, target_app
from streams.cli.options import Config, Json
from streams.cli.terminal import print_json, print_line, print_notice, progress
from streams.cli.times import shown
from streams.locale.messages import translated
from streams.migrate.errors import BundleError
from streams.operate.topic_reader import OperateError
from streams.settings.role_secrets import migrate
from streams.state.errors import StateError

Lang = Annotated[str, typer.Option("--lang", help="en or zh.  [default: that of LANG]")]


def register(app: typer.Typer) -> None:
    app.command()(verify)
    app.command()(report)
    app.command()(made)


def verify(
    bundle: BundleOption = None,
    plan: PlanOption = None,
    sample: Annotated[int, typer.Option(min=0, help="Items of each kind of which every field is compared.")] = 1000,
    out: Annotated[Path, typer.Option(help="Where the differences are written, for a spreadsheet.")] = Path("differences.csv"),
    looks: Annotated[Path, typer.Option(help="Where the conversations are written that a person looks at.")] = Path("conversations.csv"),
    lang: Lang = "",
    config: Config = None,
    *,
    anew: Annotated[bool, typer.Option("--anew", help="Begin anew, and do not go on where an earlier one was stopped.")] = False,
    json: Json = False,
) -> None:
    """Compare a bundle with what the target lists: all users, friends, groups and members, fields of a sample. Stopped, the same command goes on.

    Exit codes: 0 no difference in what can be seen, 1 differences, or something could not be seen, 2 it could not be done.
    Example: im-relay migrate verify -c relay.toml
    """
    from streams.migrate.bundle import Bundle
    from streams.migrate.verify_records import Notebook
    from streams.migrate.verify_run import VerifyOptions
    from streams.migrate.verify_run import verify as verifying
    from streams.migrate.verify_words import lines

    language = language_of(lang)
    relay = CommandContext(config)
    try:
        with Bundle.open(bundle_path(relay, bundle, plan)) as opened, progress(translated("verify"), translated("of all")) as bar:
            known = CommandContext(config, migrate(opened.meta.target_platform))
            options = VerifyOptions(sample=sample, anew=anew)
            found = ask(
                verifying(known.settings, known.apps, opened, options, lambda _, done, total: bar(done, total)), relay.kafka.cluster
            )
        notebook = Notebook(relay.settings.migrate.directory, found.app)
        notebook.table(out)
        if found.looks:
            _private_table(
                looks,
                ("number", "kind", "ids", "accepted", "first", "last"),
                (
                    (number, one.kind, " ".join(one.ids), one.count, shown(one.first), shown(one.last))
                    for number, one in enumerate(found.looks, 1)
                ),
            )
    except (BundleError, StateError) as error:
        fail(error)
    if json:
        print_json({"good": not found.faults and not found.unknown, "kinds": found.kinds, "history": found.history, "unseen": found.unseen})
    else:
        for line in lines(found, str(out), str(looks) if found.looks else "", language):
            print_line(line)
    raise typer.Exit(NOTHING if found.faults or found.unknown else 0)


def report(
    bundle: BundleOption = None,
    plan: PlanOption = None,
    out: Annotated[Path, typer.Option(help="The files to write, without their endings: OUT.md and OUT.html.")] = Path("report"),
    lang: Lang = "",
    config: Config = None,
) -> None:
    """Write what was moved, lost, refused, in doubt and verified, as Markdown and HTML, with lines for signatures. Ids are masked.

    Example: im-relay migrate report --lang zh -c relay.toml
    """
    from streams.migrate.bundle import Bundle
    from streams.migrate.report import gathered, markdown
    from streams.report.document import write

    language = language_of(lang)
    relay = CommandContext(config)
    try:
        with Bundle.open(bundle_path(relay, bundle, plan)) as opened:
            facts = ask(gathered(relay.settings, relay.apps, opened), relay.kafka.cluster)
            text = markdown(facts, language)
        for path in write(out, text, language):
            print_line(str(path))
    except (BundleError, StateError) as error:
        fail(error)
    except OSError as error:
        fail(OperateError(localized("{filename}: {strerror}", filename=error.filename, strerror=error.strerror)))


def made(
    app: AppOption = "",
    out: Annotated[Path, typer.Option(help="The file to write (CSV), readable by its owner alone.")] = Path("made.csv"),
    config: Config = None,
) -> None:
    """List what a migration has made or changed at the target, with the ids it got there: what a way back would delete.

    Example: im-relay migrate made --out made.csv -c relay.toml
    """
    from streams.migrate.made import made_of

    relay = CommandContext(config)
    name = target_app(relay, app)
    head = ("kind", "id", "what", "id at the target", "run", "at")
    try:
        count = ask(made_of(relay.settings, relay.apps[name], lambda rows: _private_table(out, head, rows)), relay.kafka.cluster)
    except StateError as error:
        fail(error)
    if not count:
        nothing(translated("a migration has made nothing on {name}", name=name))
    print_line(str(out))
    print_notice(f"{count:,} rows")


def _private_table(path: Path, head: tuple[str, ...], rows: Iterable[Iterable[object]]) -> int:
    """A spreadsheet for its owner alone; the number of rows. Raises OperateError."""
    from streams.migrate.summary import cell

    count = 0
    try:
        with open(path, "w", encoding="utf-8-sig", newline="", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            writer = csv.writer(file)
            writer.writerow(head)
            for row in rows:
                writer.writerow([cell(str(one)) for one in row])
                count += 1
    except OSError as error:
        raise OperateError(localized("{path}: {strerror}", path=path, strerror=error.strerror)) from None
    return count
