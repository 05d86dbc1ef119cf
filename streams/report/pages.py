"""A report of completeness in Markdown: what came in, what arrived, and what did not, by name."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from converters.migration_rules import Language
from streams.observe.printable import clean
from streams.report.document import day, masked
from streams.report.gather import Report
from streams.report.totals import Totals
from streams.report.words import WORDS


def markdown(report: Report, language: Language, now: int) -> str:
    say, period = WORDS[language], report.period
    open_count = sum(one.open.total() for one in report.hours)
    verdict = say["not_complete"].format(open_count) if open_count else say["complete"] if report.complete else say["not_seen"]
    lines = [
        f"# {say['title']}",
        "",
        say["made"].format(day(now)),
        "",
        f"**{verdict}**",
        "",
        f"| {say['what']} | |",
        "| --- | --- |",
        f"| {say['period']} | {say['to'].format(_clock(period.since, period.ahead), _clock(period.until, period.ahead))} |",
        f"| {say['zone']} | {zone_name(period.ahead)} |",
        f"| {say['apps']} | {', '.join(map(clean, report.apps))} |",
        f"| {say['asked']} | {', '.join(map(clean, report.asked)) or say['not_asked']} |",
        *(f"| {say['total_' + what]} | {count:,} |" for what, count in _sums(report)),
        "",
        f"## {say['hours']}",
        "",
        *_hours(report, language),
        "",
        f"## {say['evidence']}",
        "",
        say["shows"].format(", ".join(map(clean, report.showing))) if report.showing else say["shows_none"],
        "",
        f"## {say['left']}",
        "",
        *_left_out(report, language),
        "",
        f"## {say['different']}",
        "",
        *_different(report, language),
        "",
        f"## {say['open']}",
        "",
        *_events(report, language, open_count),
        "",
    ]
    if report.unseen:
        lines += [f"## {say['unseen_part']}", "", *(f"- {clean(one)}" for one in report.unseen), ""]
    return "\n".join(lines)


def zone_name(ahead: int) -> str:
    """*ahead* ms of UTC, as `UTC+08:00`."""
    minutes = abs(ahead) // 60_000
    return "UTC" if not ahead else f"UTC{'+' if ahead > 0 else '-'}{minutes // 60:02d}:{minutes % 60:02d}"


def _sums(report: Report) -> list[tuple[str, int]]:
    hours = report.hours
    return [
        ("received", sum(one.received for one in hours)),
        ("carried", sum(one.carried for one in hours)),
        ("there", sum(one.there for one in hours)),
        ("open", sum(one.open.total() for one in hours)),
    ]


def _clock(at: int, ahead: int, form: str = "%Y-%m-%d %H:%M") -> str:
    return (datetime.fromtimestamp(at / 1000, UTC) + timedelta(milliseconds=ahead)).strftime(form)


def _hours(report: Report, language: Language) -> list[str]:
    say = WORDS[language]
    if not report.hours:
        return [say["no_hours"]]
    return [
        *_head("app", say),
        *(_row(_clock(one.hour, report.period.ahead), clean(one.app), one, say) for one in report.hours),
        "",
        say["explained"],
    ]


def _head(second: str, say: dict[str, str]) -> tuple[str, str]:
    """Of rows as `_row` makes them."""
    names = ("hour", second, "received", "left_out", "carried", "there", "confirmed", "source", "target", "same")
    return f"| {' | '.join(say[name] for name in names)} |", "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- | --- |"


def _row(first: str, second: str, one: Totals, say: dict[str, str]) -> str:
    left = one.received - one.carried + one.open["not-called-back"]
    same = say["yes"] if one.equal else say["no"]
    return (
        f"| {first} | {second} | {one.received:,} | {left:,} | {one.carried:,} | {one.there:,} | {one.confirmed:,} "
        f"| `{one.source}` | `{one.target}` | {same} |"
    )


def _left_out(report: Report, language: Language) -> list[str]:
    say, counts = WORDS[language], Counter[str]()
    for one in report.hours:
        counts.update(one.left_out)
    if not counts:
        return [say["nothing"]]
    rows = [f"| `{clean(reason)}` | {count:,} |" for reason, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]
    return [f"| {say['reason']} | {say['count']} |", "| --- | ---: |", *rows]


def _different(report: Report, language: Language) -> list[str]:
    say = WORDS[language]
    if not report.different:
        return [say["nothing"]]
    lines = [*_head("conversation", say)]
    lines += [
        _row(_clock(one.hour, report.period.ahead), f"{clean(one.app)}: {clean(masked(one.conversation))}", one, say)
        for one in report.different
    ]
    more = report.differing - len(report.different)
    return [*lines, "", say["more"].format(more)] if more else lines


def _events(report: Report, language: Language, count: int) -> list[str]:
    say = WORDS[language]
    if not report.events:
        return [say["nothing"]]
    lines = [
        f"| {say['event']} | {say['conversation']} | {say['at']} | {say['fate']} | {say['detail']} |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{clean(one.event)}` | {clean(masked(one.conversation))} | {_clock(one.at, report.period.ahead, '%Y-%m-%d %H:%M:%S')} | {say[one.word]} | {clean(one.detail)} |"
        for one in report.events
    ]
    more = count - len(report.events)
    return [*lines, "", say["more"].format(more)] if more > 0 else lines
