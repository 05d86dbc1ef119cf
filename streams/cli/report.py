"""`im-relay report`: that all which came in has arrived, or what has not, by name."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import typer

from converters.core.localized import localized
from streams.cli.common import CommandContext, ask, now, parse_time
from streams.cli.exit_codes import DIFFERS, fail
from streams.cli.language import language_of
from streams.cli.options import WHEN, Config, Json
from streams.cli.terminal import print_json, print_line, progress
from streams.locale.messages import translated
from streams.operate.topic_reader import OperateError
from streams.report.document import html, masked, write
from streams.report.fates import Fate
from streams.report.gather import Gathering, Report
from streams.report.pages import markdown, zone_name
from streams.report.reading import HOUR, Period
from streams.report.totals import Totals
from streams.settings.role_secrets import GAPS, READING

SETTLED = 120_000
"""Milliseconds before now at which a period ends unless something else is said: what came in later may be on its way."""
LATER = 24 * HOUR


def report(
    apps: Annotated[list[str] | None, typer.Argument(metavar="[APP]...", help="Source apps of the settings.  [default: all]")] = None,
    hour: Annotated[str, typer.Option(help="The hour that begins then, as 2026-03-01T12.")] = "",
    day: Annotated[str, typer.Option(help="The day, as 2026-03-01.")] = "",
    since: Annotated[str, typer.Option(help=f"From when on: {WHEN}  [default: an hour before --until]")] = "",
    until: Annotated[str, typer.Option(help="End of the period; as --since.  [default: 2m ago]")] = "",
    zone: Annotated[str, typer.Option(help="Clock of --hour, --day and of the hours shown, as +08:00.")] = "+00:00",
    lang: Annotated[str, typer.Option("--lang", help="en or zh.  [default: that of LANG]")] = "",
    out: Annotated[Path | None, typer.Option(help="Write OUT.md and OUT.html instead of printing Markdown.")] = None,
    work: Annotated[
        Path | None, typer.Option(help="Directory for temporary files; needed beyond 400,000 records.  [default: the system's]")
    ] = None,
    config: Config = None,
    *,
    ask_platforms: Annotated[
        bool, typer.Option("--ask", help="Also ask the platforms for their histories: what was never called back, and what is there.")
    ] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print HTML instead of Markdown.")] = False,
    json: Json = False,
) -> None:
    """Compare what came in with what arrived, by hour, app and conversation, and name what is missing. Ids of people are masked; texts are not read out.

    Exit codes: 0 complete, 1 something is open or could not be seen, 2 settings, command line or Kafka are wrong.
    Example: im-relay report --day 2026-03-01 --zone +08:00 --out report -c relay.toml
    """
    language = language_of(lang)
    relay = CommandContext(config, GAPS if ask_platforms else READING)
    chosen = frozenset(relay.app(name) for name in apps or relay.apps)
    period = _period(hour, day, since, until, zone)

    async def work_on() -> Report:
        with progress(translated("reads")) as tell:
            gathering = Gathering(
                relay.settings, relay.apps, chosen, period, await relay.identities(), relay.reader, ask=ask_platforms, work=work, now=now()
            )
            return await gathering.run(tell, _print_conversation if json else None)

    found = ask(work_on(), relay.kafka.cluster)
    if json:
        _print_sums(found)
    else:
        text = markdown(found, language, now())
        try:
            paths = write(out, text, language) if out is not None else []
        except OSError as error:
            fail(OperateError(localized("{filename}: {strerror}", filename=error.filename, strerror=error.strerror)))
        for line in map(str, paths) if out is not None else (html(text, language) if as_html else text).rstrip("\n").split("\n"):
            print_line(line)
    if not found.complete:
        raise typer.Exit(DIFFERS)


def _period(hour: str, day: str, since: str, until: str, zone: str) -> Period:
    if sum(map(bool, (hour, day, since or until))) > 1:
        raise typer.BadParameter(translated("give one of --hour, --day, or --since with --until"))
    ahead, present = _ahead(zone), now()
    if hour or day:
        length = HOUR if hour else 24 * HOUR
        begin = _local(hour or day, ahead, "--hour" if hour else "--day")
        end = min(begin + length, present)
    else:
        end = parse_time(until) or present - SETTLED
        begin = parse_time(since) or end - HOUR
    if begin >= end:
        raise typer.BadParameter(translated("the period ends before it begins, or has not begun yet"))
    return Period(begin, end, min(end + LATER, present), ahead)


def _ahead(zone: str) -> int:
    try:
        found = datetime.strptime(zone, "%z").utcoffset()
    except ValueError:
        found = None
    if found is None:
        raise typer.BadParameter(translated("--zone is {zone!r}; expected an offset, as +08:00", zone=zone))
    return int(found.total_seconds() * 1000)


def _local(text: str, ahead: int, option: str) -> int:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            translated("{option} is {given!r}; expected a time as 2026-03-01T12, or a day as 2026-03-01", option=option, given=text)
        ) from None
    where = when.tzinfo or timezone(timedelta(milliseconds=ahead))
    return int(when.replace(tzinfo=where).astimezone(UTC).timestamp() * 1000)


def _print_conversation(totals: Totals, events: Sequence[Fate]) -> None:
    print_json({"what": "conversation", **_told(totals), "conversation": masked(totals.conversation)})
    for one in events:
        print_json(
            {
                "what": "event",
                "event": one.event,
                "at": one.at,
                "app": one.app,
                "target": one.target,
                "conversation": masked(one.conversation),
                "kind": one.kind,
                "state": one.word,
                "detail": one.detail,
            }
        )


def _told(totals: Totals) -> dict[str, object]:
    return {
        "hour": totals.hour,
        "app": totals.app,
        "received": totals.received,
        "copies": totals.copies,
        "carried": totals.carried,
        "there": totals.there,
        "confirmed": totals.confirmed,
        "source": totals.source,
        "target": totals.target,
        "same": totals.equal,
        "left_out": dict(totals.left_out),
        "open": dict(totals.open),
    }


def _print_sums(found: Report) -> None:
    for one in found.hours:
        print_json({"what": "hour", **_told(one)})
    print_json(
        {
            "what": "report",
            "since": found.period.since,
            "until": found.period.until,
            "zone": zone_name(found.period.ahead),
            "apps": found.apps,
            "asked": found.asked,
            "showing": found.showing,
            "unseen": found.unseen,
            "complete": found.complete,
        }
    )
