"""`im-relay fidelity`: what is carried, and what of one's own traffic would be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from converters import PLATFORMS
from converters.core import wire
from converters.core.fidelity import FILES, Level
from converters.core.localized import localized
from converters.platform import Callback
from converters.routing.identity_table import IdentityTable
from converters.routing.preview import PreviewIdentities
from converters.routing.route import App
from converters.routing.traffic_report import ReportRow, TrafficReport
from streams.cli.common import CommandContext, ask, parse_time
from streams.cli.exit_codes import fail, nothing
from streams.cli.options import WHEN, Config, Json
from streams.cli.terminal import print_json, print_table, progress
from streams.ingress.record import callback_of
from streams.kafka import topics
from streams.locale.messages import translated
from streams.operate.preview import PreviewError, accounts, apps, check, source_app

_COLOURS = {
    "carried": "green",
    "full": "green",
    "changed": "yellow",
    "partial": "yellow",
    "shown": "yellow",
    "dropped": "dim",
    "echo": "dim",
    "-": "dim",
}


def fidelity(
    callbacks: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Recorded callbacks: one body per line, or one file each. Repeatable.")
    ] = None,
    platform: Annotated[str, typer.Option(help="Platform of the callbacks.")] = "",
    to: Annotated[str, typer.Option(help="With --callbacks: the target platform.")] = "",
    since: Annotated[str, typer.Option(help=f"With --topic: from when on: {WHEN}")] = "24h",
    until: Annotated[str, typer.Option(help="With --topic: end of the period; as --since.  [default: now]")] = "",
    config: Config = None,
    *,
    topic: Annotated[bool, typer.Option("--topic", help="Use the topic callbacks.PLATFORM, routed as the settings say.")] = False,
    json: Json = False,
) -> None:
    """Print how well each kind is supported; or count the results for your own callbacks, by kind, with one example of each.

    Example: im-relay fidelity --callbacks recorded.jsonl --platform NAME --to NAME
    """
    if not topic and not callbacks:
        _table(json=json)
        return
    if topic and callbacks:
        raise typer.BadParameter(translated("either --topic or --callbacks"))
    try:
        check(platform, *([] if topic else [to]))
        survey = (
            _of_topic(CommandContext(config), platform, parse_time(since), parse_time(until))
            if topic
            else _of_files(callbacks or [], platform, to, config)
        )
    except PreviewError as error:
        fail(error)
    if not survey.read:
        nothing(translated("there are no callbacks"))
    _print(survey, json=json)


def _of_files(files: list[Path], platform: str, to: str, config: Path | None) -> TrafficReport:
    known = apps(config)
    held = accounts((platform, to), known)
    source = source_app(known, platform, to)
    there = to if to != platform else f"{to}-2"
    given = {
        platform: App(
            platform, PLATFORMS[platform], held[platform], there, source.rules if source else (), source.plugins if source else ()
        ),
        there: App(there, PLATFORMS[to], held[to], platform),
    }
    survey = TrafficReport(given, PreviewIdentities(IdentityTable()))
    for where, body in _bodies(files):
        survey.take(Callback(platform, body, 0), where)
    return survey


def _bodies(files: list[Path]) -> Iterator[tuple[str, bytes]]:
    """(file or file:line, body)."""
    for path in files:
        try:
            whole = path.read_bytes()
        except OSError as error:
            raise PreviewError(localized("cannot read {path}: {strerror}", path=path, strerror=error.strerror)) from None
        try:
            wire.load_any(whole)
        except wire.Malformed:  # not one body: one a line, or forms
            yield from ((f"{path}:{number}", line) for number, line in enumerate(whole.splitlines(), 1) if line.strip())
        else:
            yield str(path), whole


def _of_topic(relay: CommandContext, platform: str, since: int | None, until: int | None) -> TrafficReport:
    async def work() -> TrafficReport:
        survey = TrafficReport(relay.apps, PreviewIdentities(await relay.identities()))
        with progress(translated("reads callbacks")) as tell:
            async with relay.reader() as reader:
                name = relay.topic(topics.CALLBACKS, platform)
                spans = await reader.spans(reader.partitions(name), since, until)
                async for record in reader.records(spans, tell):
                    where = f"{record.topic}[{record.partition}] @ {record.offset}"
                    try:
                        callback = callback_of(record.value or b"", record.headers)
                    except ValueError:  # headers that are not the ingress's
                        callback = Callback("", b"", 0)
                    survey.take(callback, where)
        return survey

    return ask(work(), relay.kafka.cluster)


def _print(survey: TrafficReport, *, json: bool) -> None:
    rows = survey.rows()
    if json:
        for row in rows:
            told = {"verdict": row.verdict, "kind": row.kind, "count": row.count, "losses": dict(row.losses), "example": row.example}
            print_json(told)
        return
    print_table(
        ["", translated("kind"), translated("count"), translated("losses"), translated("for example")],
        [[_coloured(row.verdict), row.kind, str(row.count), _losses(row), row.example] for row in rows],
        title=translated("{read} callbacks", read=survey.read),
    )


def _losses(row: ReportRow) -> str:
    return ", ".join(f"{what} {count}" for what, count in row.losses.most_common())


def _table(*, json: bool) -> None:
    names = sorted(PLATFORMS)
    kinds = sorted({kind for name in names for kind in PLATFORMS[name].fidelity})
    if json:
        for kind in kinds:
            levels: dict[str, Level | None] = {name: PLATFORMS[name].fidelity.get(kind) for name in names}
            words = {name: {"level": level.word, "note": level.note} for name, level in levels.items() if level is not None}
            print_json({"kind": kind, "to": words})
        return
    print_table(
        [translated("kind"), *(translated("to {name}", name=name) for name in names)],
        [[kind, *(_cell(PLATFORMS[name].fidelity.get(kind)) for name in names)] for kind in kinds],
        title=translated("What is carried, and how well"),
        caption=FILES,
    )


def _cell(level: Level | None) -> tuple[str, str]:
    if level is None:
        return _coloured("-")
    word, colour = _coloured(level.word)
    return (f"{word}: {level.note}" if level.note else word), colour


def _coloured(word: str) -> tuple[str, str]:
    return word, _COLOURS.get(word, "red")
