"""`migrate report`: what a migration came to, for whoever signs it. Ids are masked; texts, names and passwords are not in it."""

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct

from converters.differences import Difference
from converters.inventory import KINDS, MESSAGE
from converters.migration_problems import KINDS as PROBLEM_KINDS
from converters.migration_rules import Language
from converters.probing import Findings, Question
from converters.routing.route import App
from streams.cli.common import now
from streams.migrate.apply import findings_of
from streams.migrate.bundle import Bundle, Meta
from streams.migrate.bundle_apps import apps_of
from streams.migrate.probe_words import answers
from streams.migrate.report_words import WORDS
from streams.migrate.shown import done_of
from streams.migrate.status import Seen, seen
from streams.migrate.summary import word
from streams.migrate.verify_records import Notebook, Verified
from streams.migrate.verify_words import history_words, kind_words, verdict
from streams.observe.printable import clean
from streams.operate.dead_letter_reader import LetterFilter, find
from streams.operate.topic_reader import TopicReader
from streams.report.document import day, masked
from streams.settings.root import Settings

EXAMPLES = 20


class Facts(Struct, frozen=True, kw_only=True):
    """All that is in a report."""

    meta: Meta
    status: Seen | None
    letters: "Counter[str]"
    """Dead letters that wait for a person, by cause."""
    verified: Verified | None
    examples: tuple[Difference, ...]
    findings: Findings
    questions: tuple[Question, ...]
    """Of the target's probe."""
    now: int


async def gathered(settings: Settings, apps: Mapping[str, App], bundle: Bundle) -> Facts:
    """Raises OperateError, KafkaError, StateError."""
    _, target = apps_of(apps, bundle)
    notebook = Notebook(settings.migrate.directory, target.name)
    verified = notebook.read()
    if verified is not None and (verified.sha256 != bundle.meta.sha256 or not verified.ended):
        verified = None  # of another bundle, or not whole: it says nothing of this one
    examples = [one for one in notebook.each() if one.sort != "besides"][:EXAMPLES] if verified is not None else []
    probe = target.platform.probe
    return Facts(
        meta=bundle.meta,
        status=await seen(settings, target.name, apps),
        letters=await _letters(settings, apps),
        verified=verified,
        examples=tuple(examples),
        findings=findings_of(settings.migrate.directory, target.name),
        questions=probe.questions if probe is not None else (),
        now=now(),
    )


async def _letters(settings: Settings, apps: Mapping[str, App]) -> "Counter[str]":
    from converters.routing.identity_table import IdentityTable
    from streams.kafka import topics

    topic = topics.DEAD_LETTERS.name(prefix=settings.kafka.prefix)
    async with TopicReader(settings.kafka.cluster, names=[topic]) as reader:
        found = await find(reader, topic, LetterFilter(stage="migrate"), apps, IdentityTable())
    return Counter(one.letter.cause for one in found.letters)


def markdown(facts: Facts, language: Language) -> str:
    say, meta = WORDS[language], facts.meta
    lines = [
        f"# {say['title']}: {clean(meta.source_app)} → {clean(meta.target_app)}",
        "",
        say["made"].format(day(facts.now)),
        "",
        f"| {say['what']} | |",
        "| --- | --- |",
        f"| {say['bundle']} | `{meta.sha256}` |",
        f"| {say['checked']} | {day(meta.made)} |",
        f"| {say['platforms']} | {meta.source_platform} → {meta.target_platform} ({meta.edition}) |",
        f"| {say['horizon']} | {day(meta.horizon) if meta.horizon else say['all']} |",
        f"| {say['before_group']} | `{meta.before_group}` |",
        "",
        f"## {say['moved']}",
        "",
        *_moved(facts, language),
        "",
        f"## {say['lost']}",
        "",
        *_lost(meta, language),
        "",
        f"## {say['open']}",
        "",
        *_open(facts, language),
        "",
        f"## {say['verified']}",
        "",
        *_verified(facts, language),
        "",
        f"## {say['probed']}",
        "",
        *_probed(facts, language),
        "",
        f"## {say['looked']}",
        "",
        *_looks(facts, language),
        "",
        f"## {say['signed']}",
        "",
        f"| {say['role']} | {say['name']} | {say['date']} | {say['signature']} |",
        "| --- | --- | --- | --- |",
        f"| {say['customer']} | | | |",
        f"| {say['engineer']} | | | |",
        "",
    ]
    return "\n".join(lines)


def _moved(facts: Facts, language: Language) -> Iterator[str]:
    say, counts = WORDS[language], facts.status.counts if facts.status is not None else {}
    yield f"| {say['kind']} | {say['in_bundle']} | {say['done']} | {say['there']} | {say['refused']} |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for kind in (*KINDS, MESSAGE):
        total = facts.meta.counts.get(kind, 0)
        if total:
            there, refused = counts.get((kind, "there"), 0), counts.get((kind, "refused"), 0)
            yield f"| {word(language, kind)} | {total:,} | {done_of(kind, counts):,} | {there:,} | {refused:,} |"
    if devices := facts.meta.counts.get("device-message", 0):
        yield f"| {word(language, 'device-message')} | {devices:,} | | | |"
    if facts.status is None:
        yield ""
        yield say["not_applied"]
    elif facts.status.run.bundle != facts.meta.sha256[:12]:
        yield ""
        yield say["other_bundle"].format(facts.status.run.bundle)


def _lost(meta: Meta, language: Language) -> list[str]:
    say = WORDS[language]
    days = round((meta.made - meta.horizon) / 86_400_000) if meta.horizon else 0
    rows = [(kind, count) for kind, count in sorted(meta.problems.items(), key=lambda one: -one[1]) if PROBLEM_KINDS[kind].level != "note"]
    if not rows:
        return [say["nothing"]]
    head = [f"| {say['kind']} | {say['count']} | {say['meaning']} |", "| --- | ---: | --- |"]
    return [*head, *(f"| {kind} | {count:,} | {PROBLEM_KINDS[kind].says(language).format(days=days)} |" for kind, count in rows)]


def _open(facts: Facts, language: Language) -> list[str]:
    say, found = WORDS[language], list[str]()
    found += [say["letters"].format(count, cause) for cause, count in sorted(facts.letters.items())]
    status = facts.status
    if status is not None:
        doubts = status.counts.get(("lane", "doubts"), 0)
        found += [say["doubts"].format(doubts)] if doubts else []
        found += [say["stopped"].format(len(status.stopped))] if status.stopped else []
        lacking = status.feed.lacking if status.feed is not None else {}
        found += [say["lacking"].format(count, word(language, kind)) for kind, count in sorted(lacking.items()) if count]
        if status.feed is not None and status.feed.older:
            found.append(say["older"].format(status.feed.older))
    return [f"- {line}" for line in found] or [say["nothing"]]


def _verified(facts: Facts, language: Language) -> list[str]:
    say, verified = WORDS[language], facts.verified
    if verified is None:
        return [say["not_verified"]]
    lines = [say["verified_at"].format(day(verified.ended)), "", f"| {say['kind']} | {say['result']} |", "| --- | --- |"]
    lines += [
        f"| {word(language, kind)} | {kind_words(one, language)} |" for kind, one in verified.kinds.items() if one.expected or one.sampled
    ]
    if verified.history.expected:
        lines.append(f"| {word(language, MESSAGE)} | {history_words(verified.history, len(verified.looks), language)} |")
    lines += ["", f"**{verdict(verified, say['see_list'], language)}**"]
    if facts.examples:
        lines += ["", say["examples"].format(len(facts.examples)), ""]
        lines += [
            f"- {say[one.sort]}: {masked(one.item)}{' (' + ', '.join(one.fields) + ')' if one.fields else ''}" for one in facts.examples
        ]
    return lines


def _probed(facts: Facts, language: Language) -> list[str]:
    known = answers(facts.findings, facts.questions, language)
    return [f"- {question} {told}" for question, told in known] or [WORDS[language]["not_probed"]]


def _looks(facts: Facts, language: Language) -> list[str]:
    say, verified = WORDS[language], facts.verified
    if verified is None or not verified.looks:
        return [say["no_looks"]]
    head = [
        say["look"],
        "",
        f"| | {say['kind']} | {say['ids']} | {say['accepted']} | {say['first']} | {say['last']} | {say['right']} |",
        "| ---: | --- | --- | ---: | --- | --- | --- |",
    ]
    rows = [
        f"| {number} | {one.kind} | {masked(chr(31).join(('', *one.ids))).strip()} | {one.count:,} | {day(one.first)} | {day(one.last)} | ☐ |"
        for number, one in enumerate(verified.looks, 1)
    ]
    return [*head, *rows]
