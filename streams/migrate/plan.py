"""`im-relay migrate plan`: a Markdown file with every call, every hour, what would save some, and what to order from the vendor."""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import msgspec
from msgspec import Struct

from converters.core.localized import localized
from converters.estimate import Estimate, Lane, estimate, savings
from converters.migration_problems import KINDS
from converters.migration_rules import Language, MigrationRules, Order
from converters.probing import Findings
from streams.migrate.bundle import Meta
from streams.migrate.errors import MigrateError
from streams.migrate.plan_words import WORDS, size, span
from streams.migrate.summary import word
from streams.observe.printable import clean

PER_ITEM = 470
"""Bytes in Kafka of an item with its intent and outcome, measured on the ledger."""
PER_CONVERSATION = 300
NIGHT = 6
"""Hours of `--between 01:00-07:00`."""
DAY = 86_400_000


class Plan(Struct, frozen=True, kw_only=True):
    """What `apply` reads of a plan."""

    bundle: str
    sha256: str
    quotas: dict[str, float] = {}
    """Calls a second, by the quota's name."""


def read_plan(path: Path) -> Plan:
    """The block of a plan that is for `apply`. Raises MigrateError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MigrateError(
            localized("{path}: cannot be read: {kind}; im-relay migrate plan writes one", path=path, kind=type(error).__name__)
        ) from None
    found = re.search(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise MigrateError(localized("{path}: no block ```toml``` in it; im-relay migrate plan writes one", path=path))
    try:
        plan = msgspec.convert(tomllib.loads(found[1]), Plan)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise MigrateError(localized("{path}: {error}", path=path, error=error)) from None
    wrong = sorted(name for name, amount in plan.quotas.items() if not 0 < amount < 1e6)
    if wrong:
        raise MigrateError(localized("{path}: quotas {wrong}: expected calls a second, more than 0", path=path, wrong=", ".join(wrong)))
    return plan


def quotas_of(path: Path, rules: MigrationRules) -> dict[str, float]:
    """Of a plan, those that are not what *rules* say without it, by a limit's name or an API. Raises MigrateError."""
    quotas, declared = read_plan(path).quotas, {quota.name: quota.amount for quota in rules.quotas}
    known = declared.keys() | {call.api for call in rules.calls}
    if wrong := sorted(quotas.keys() - known):
        raise MigrateError(
            localized(
                "{path}: quotas {wrong}; expected: {known}", path=path, wrong=", ".join(map(clean, wrong)), known=", ".join(sorted(known))
            )
        )
    return {name: amount for name, amount in quotas.items() if declared.get(name) != amount}


def markdown(
    meta: Meta, path: Path, rules: MigrationRules, language: Language, quotas: Mapping[str, float], target: str, findings: Findings
) -> str:
    """*quotas*: those that are not the default ones; *rules* and the calls of *meta* are by *findings*, what the probe has told."""
    say = WORDS[language]
    lanes = tuple(Lane(kind, count) for kind, count in meta.lanes.items())
    told = estimate(rules, meta.calls, lanes, quotas)
    made = datetime.fromtimestamp(meta.made / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    lines = [
        f"# {say['title']}: {clean(meta.source_app)} → {clean(target)}",
        "",
        say["made"].format(made, path, meta.sha256),
        "",
        *([say["stopped"].format(meta.stops), ""] if meta.stops else []),
        say["machine"],
        "",
        *_block(meta, path, told),
        "",
        f"## {say['what']}",
        "",
        f"| {say['kind']} | {say['count']} |",
        "| --- | ---: |",
        *(f"| {word(language, kind)} | {count:,} |" for kind, count in meta.counts.items() if count),
        "",
        f"## {say['decided']}",
        "",
        f"- {say['edition']}: {meta.edition}",
        f"- {say['before']}: {meta.before_group}",
        f"- {say['horizon']}: {_day(meta.horizon) if meta.horizon else say['horizon_all']}",
        "",
        f"## {say['probed']}",
        "",
        *_probed(meta, findings, language),
        "",
        f"## {say['lost']}",
        "",
        *_lost(meta, rules, language),
        "",
        f"## {say['calls']}",
        "",
        *_calls(told, language),
        "",
        say["shared"],
        "",
        f"## {say['path']}",
        "",
        *_path(told, lanes, rules, language),
        "",
        f"## {say['saves']}",
        "",
        *_savings(meta, rules, lanes, quotas, language),
        "",
        f"## {say['disk']}",
        "",
        *_disk(meta, language),
        "",
        rules.order(_order(meta, rules, lanes, quotas, language, target, findings)),
    ]
    return "\n".join(lines)


def _block(meta: Meta, path: Path, told: Estimate) -> list[str]:
    amounts = {row.quota: row.amount for row in told.rows}
    quoted = msgspec.json.encode(str(path)).decode()
    return [
        "```toml",
        f"bundle = {quoted}",
        f'sha256 = "{meta.sha256}"',
        "",
        "[quotas]",
        *(f'"{name}" = {amount:g}' for name, amount in sorted(amounts.items())),
        "```",
    ]


def _probed(meta: Meta, findings: Findings, language: Language) -> list[str]:
    """What of the plan the probe has decided, and where that is not what `check` was told."""
    say = WORDS[language]
    if findings == Findings():
        return [say["not_probed"]]
    lines = [say["batch_full" if findings.full_batch else "batch_less"]]
    if findings.shared is None:
        lines.append(say["shared_unknown"])
    else:
        lines.append(say["shared_by"].format(", ".join(f"`{api}`" for api in findings.shared)) if findings.shared else say["shared_not"])
    lines.append(say[f"before_{findings.before_group or 'unknown'}"])
    lines = [f"- {line}" for line in lines]
    if findings.before_group == "accepted" and meta.before_group != "import":
        lines += ["", say["better"].format(meta.before_group)]
    elif findings.before_group == "refused" and meta.before_group == "import":
        lines += ["", say["worse"]]
    return lines


def _lost(meta: Meta, rules: MigrationRules, language: Language) -> list[str]:
    say = WORDS[language]
    days = rules.editions[meta.edition].retention
    if meta.horizon:
        days = round((meta.made - meta.horizon) / DAY)
    rows = [(kind, count) for kind, count in sorted(meta.problems.items(), key=lambda one: -one[1]) if KINDS[kind].level != "note"]
    if not rows:
        return [say["none"]]
    return [
        f"| {say['kind']} | {say['count']} | {say['meaning']} |",
        "| --- | ---: | --- |",
        *(f"| {kind} | {count:,} | {KINDS[kind].says(language).format(days=days)} |" for kind, count in rows),
        "",
        say["stay"],
    ]


def _calls(told: Estimate, language: Language) -> list[str]:
    say = WORDS[language]
    return [
        f"| {say['phase']} | {say['api']} | {say['number']} | {say['quota']} | {say['time']} |",
        "| --- | --- | ---: | ---: | ---: |",
        *(
            f"| {say[row.phase]} | `{row.api}` | {row.calls:,} | `{row.quota}` {row.amount:,.0f} | {span(row.seconds, language)} |"
            for row in told.rows
        ),
    ]


def _path(told: Estimate, lanes: tuple[Lane, ...], rules: MigrationRules, language: Language) -> list[str]:
    say = WORDS[language]
    longest = max((one.messages for one in lanes), default=0)
    rows = [f"| {say['phase']} | {say['time']} | {say['waits']} |", "| --- | ---: | --- |"]
    for phase in told.phases:
        why = say["nothing"]
        if phase.limit == "lane":
            why = say["lane"].format(longest, rules.round_trip * 1000)
        elif phase.limit:
            why = say["by_quota"].format(phase.limit)
        rows.append(f"| {say[phase.name]} | {span(phase.seconds, language)} | {why} |")
    rows.append(f"| **{say['total']}** | **{span(told.seconds, language)}** | |")
    nights = ceil(told.seconds / 3600 / NIGHT)
    return [*rows, "", say["lane_note"].format(span(told.lane, language)), "", say["all_day"].format(f"{nights:,}")]


def _savings(meta: Meta, rules: MigrationRules, lanes: tuple[Lane, ...], quotas: Mapping[str, float], language: Language) -> list[str]:
    say = WORDS[language]
    found = savings(rules, meta.calls, lanes, quotas)
    if not found:
        return [say["no_saving"]]
    return [
        f"- `{one.quota}` {say['from_to'].format(one.amount, one.wanted)}: {say['saved']} {span(one.seconds, language)}" for one in found
    ]


def _disk(meta: Meta, language: Language) -> list[str]:
    say = WORDS[language]
    items = sum(count for kind, count in meta.counts.items() if kind not in ("message", "device-message"))
    kafka = items * PER_ITEM + meta.talks * PER_CONVERSATION
    return [f"- {say['disk_bundle']}: {size(meta.bytes)}", f"- {say['disk_kafka']}: {size(kafka)}"]


def _order(
    meta: Meta,
    rules: MigrationRules,
    lanes: tuple[Lane, ...],
    quotas: Mapping[str, float],
    language: Language,
    target: str,
    findings: Findings,
) -> Order:
    raises = tuple((one.quota, one.amount, one.wanted) for one in savings(rules, meta.calls, lanes, quotas))
    back = ceil((meta.made - meta.oldest) / DAY) if meta.oldest else 0
    return Order(
        language=language,
        counts=meta.counts,
        edition=meta.edition,
        retention_wanted=max(back, rules.editions[meta.edition].retention),
        files=meta.files,
        largest_group=meta.largest_group,
        most_friends=meta.most_friends,
        raises=raises,
        target=target,
        findings=findings,
    )


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")
