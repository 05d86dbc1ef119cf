"""`im-relay migrate`: what was there before is moved."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

from converters.core.localized import ReportedError, localized
from converters.migration_problems import KINDS
from converters.migration_rules import Language
from converters.routing.user_ids import IdRule
from streams.cli import migrate_apply, migrate_device, migrate_probe, migrate_verify
from streams.cli.common import parse_time
from streams.cli.language import language_of
from streams.cli.options import WHEN
from streams.cli.terminal import print_error, print_line, print_notice, progress
from streams.locale.messages import translated

if TYPE_CHECKING:
    from streams.migrate.bundle import BeforeGroup

FAILED = 2

app = typer.Typer(help="Move users, friends, groups, settings and history to another platform.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option("--config", "-c", envvar="IM_RELAY_CONFIG", help="The settings file (TOML).")]
Lang = Annotated[str, typer.Option("--lang", help="en or zh.  [default: that of LANG]")]
Work = Annotated[Path, typer.Option("--work", help="Directory of bundles.")]
WORK = Path(".im-relay/migrate")


@app.command()
def check(
    source: Annotated[
        str,
        typer.Option(
            "--from", help="A folder or file of the export, a mapping (TOML), NAME:… of an installed source, or an app of the settings."
        ),
    ],
    to: Annotated[str, typer.Option("--to", help="Receiving app of the settings.")],
    source_app: Annotated[str, typer.Option("--as", help="Source app of the settings.  [default: the one whose target is --to]")] = "",
    skip: Annotated[
        list[str] | None,
        typer.Option(
            "--skip", help=f"Leave these out, with what depends on them: {', '.join(k for k, v in KINDS.items() if 'skip' in v.may)}."
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", help=f"Accept these as they are: {', '.join(k for k, v in KINDS.items() if 'accept' in v.may)}."),
    ] = None,
    before_group: Annotated[
        str,
        typer.Option(
            "--before-group",
            help="Messages older than their group at the target: stop, skip (for the devices), restamp, or import (if a probe showed that it "
            "works).",
        ),
    ] = "stop",
    edition: Annotated[
        str, typer.Option("--edition", help="Contract with the target's vendor, which sets the limits.  [default: its largest]")
    ] = "",
    retention: Annotated[
        int, typer.Option("--retention", min=0, help="Days for which the target keeps messages.  [default: the edition's]")
    ] = 0,
    files: Annotated[int, typer.Option("--files", min=0, max=200, help="Number of file addresses that are tried.")] = 50,
    users: Annotated[Path | None, typer.Option("--users", help="From an app: its account ids, one a line.")] = None,
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", help="From an app: two ids a line, with a comma, of conversations that its platform does not list."),
    ] = None,
    owners: Annotated[
        Path | None, typer.Option("--owners", help="From an app: group and owner a line, with a comma, where its platform does not tell.")
    ] = None,
    since: Annotated[str, typer.Option("--since", help=f"From an app: messages since then: {WHEN}  [default: all that is kept]")] = "",
    problems: Annotated[Path, typer.Option("--problems", help="File for all problems.")] = Path("problems.csv"),
    work: Work = WORK,
    lang: Lang = "",
    config: Config = None,
    *,
    older: Annotated[bool, typer.Option("--older", help="Also import messages older than the retention.")] = False,
    for_devices: Annotated[bool, typer.Option("--for-devices", help="Keep older messages for the devices.")] = False,
) -> None:
    """Read the export once, and report everything that is wrong with it and what will be lost. If it is killed, the same command resumes.

    Exit code 1 if decisions are needed first. Example: im-relay migrate check --from export/ --to new -c relay.toml
    """
    from streams.migrate.check import Check, Wanted
    from streams.migrate.errors import MigrateError
    from streams.migrate.target import close, opened, target_of, tries

    language = language_of(lang)
    skipped, accepted = _kinds("--skip", skip), _kinds("--accept", accept)
    if before_group not in ("stop", "skip", "restamp", "import"):
        raise typer.BadParameter(
            translated("--before-group is {before_group!r}; expected stop, skip, restamp or import", before_group=before_group)
        )
    try:
        target = target_of(config, to, source_app, edition)
        origin, reading = opened(source, config, target, work, users=users, pairs=pairs, owners=owners, since=parse_time(since) or 0)
        try:
            wanted = Wanted(
                source=origin,
                target_app=to,
                target_platform=target.platform,
                source_app=target.source_app,
                source_platform=target.source_platform,
                edition=target.edition,
                accepted=accepted,
                skipped=skipped,
                before_group=cast("BeforeGroup", before_group),
                older=older,
                devices=for_devices or before_group == "skip",
                retention=retention,
            )
            run = Check(work, wanted, reading, target.rules, target.ids, tries(target.settings, files) if files else None)
            with progress(translated("check"), translated("of all")) as bar:
                path = run.run(lambda _, done, total: bar(done, total))
        finally:
            close(reading)
        if run.resumed:
            print_notice(translated("went on behind {resumed:,} records that were read before", resumed=run.resumed))
        stops = _report(path, run.days, skipped | accepted, problems, target.ids, language)
    except (MigrateError, OSError) as error:
        _fail(error)
    if stops:
        raise typer.Exit(1)


@app.command()
def plan(
    bundle: Annotated[Path | None, typer.Option("--bundle", help="Bundle made by check.  [default: the newest in --work]")] = None,
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("plan.md"),
    quota: Annotated[list[str] | None, typer.Option("--quota", help="NAME=CALLS_PER_SECOND, if the contract differs. Repeatable.")] = None,
    work: Work = WORK,
    lang: Lang = "",
) -> None:
    """Write a plan in Markdown: calls and hours needed, bottlenecks, and what to order from the vendor.

    Example: im-relay migrate plan --quota messages/users/import=500 --lang zh
    """
    from streams.migrate.errors import MigrateError
    from streams.migrate.target import write_plan
    from streams.operate.topic_reader import OperateError

    language = language_of(lang)
    quotas: dict[str, float] = {}
    for text in quota or []:
        name, equals, amount = text.rpartition("=")
        try:
            quotas[name] = float(amount)
        except ValueError:
            equals = ""
        if not equals or not 0 < quotas.get(name, 0) < 1e6:
            raise typer.BadParameter(translated("--quota is {given!r}; expected NAME=CALLS_A_SECOND, more than 0", given=text))
    try:
        print_line(write_plan(bundle, work, out, quotas, language))
    except (MigrateError, OperateError, OSError) as error:
        _fail(error)


def _kinds(option: str, given: list[str] | None) -> frozenset[str]:
    """What *option* names, with commas or repeated."""
    words = frozenset(word for text in given or [] for word in text.split(",") if word)
    may = "skip" if option == "--skip" else "accept"
    wrong = sorted(word for word in words if word not in KINDS or may not in KINDS[word].may)
    if wrong:
        expected = ", ".join(kind for kind, about in KINDS.items() if may in about.may)
        raise typer.BadParameter(
            translated("{option} is {wrong}; expected: {expected}", option=option, wrong=", ".join(wrong), expected=expected)
        )
    return words


def _report(path: Path, days: int, decided: frozenset[str], problems: Path, ids: IdRule, language: Language) -> int:
    from streams.migrate import summary
    from streams.migrate.bundle import Bundle

    with Bundle.open(path) as bundle:
        meta = bundle.meta
        print_line(summary.counts_line(bundle, language))
        rows = summary.by_kind(bundle.problems(), decided)
        for line in summary.lines(rows, meta, path, days, language):
            print_line(line)
        number = summary.write_problems(problems, bundle.problems(), language, decided)
        changed = summary.write_ids(path / "ids.csv", bundle, ids)
    print_line(summary.last_line(number, changed, problems, path, meta.stops, language))
    return meta.stops


def _fail(error: ReportedError | OSError) -> NoReturn:
    if isinstance(error, OSError):
        error = ReportedError(
            localized("{path}: {why}", path=error.filename or localized("a file"), why=error.strerror or type(error).__name__)
        )
    print_error(error)
    raise typer.Exit(FAILED)


for commands in (migrate_apply, migrate_device, migrate_probe, migrate_verify):
    commands.register(app)
