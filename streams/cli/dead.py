"""`im-relay dead`: what could not be carried, and what to do with it."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import orjson
import typer

from converters.core.localized import Localized, joined, localized
from streams.cli.common import CommandContext, ask, confirm, now, operator_name, parse_time
from streams.cli.exit_codes import fail, nothing
from streams.cli.letter_table import print_letters
from streams.cli.options import WHEN, Config, DryRun, Json, Yes
from streams.cli.terminal import print_json, print_line, print_notice, progress
from streams.dead_letters.dead_letter import DeadLetter, Whose
from streams.kafka.topics import DEAD_LETTERS
from streams.locale.messages import translated
from streams.operate.bounds import OLDER, refusal
from streams.operate.dead_letter_reader import End, FoundLetters, LetterFilter, LetterSummary, Resolution, find
from streams.operate.filters import Filter
from streams.operate.resolve_dead_letters import ResolvedCounts, bytes_of, end
from streams.operate.topic_reader import OperateError

app = typer.Typer(
    help="Records that could not be delivered: list, show, put back, set aside. Exit codes: 0 done, 1 nothing matches or nobody "
    "confirmed, 2 settings, command line or Kafka are wrong.",
    no_args_is_help=True,
)

Keys = Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="Letters, by key.  [default: all that the options select]")]
Since = Annotated[str, typer.Option(help=f"Buried since: {WHEN}")]
Until = Annotated[str, typer.Option(help="Buried before; as --since.")]
Conversation = Annotated[str, typer.Option(help="direct:ANN:BOB, group:ID or room:ID; canonical, or a platform's own ids.")]
User = Annotated[str, typer.Option(help="Sender or receiver.")]
Kind = Annotated[str, typer.Option(help="Kind of message or operation: text, …")]
Cause = Annotated[str, typer.Option(help="The cause, as the list shows it.")]
Stage = Annotated[str, typer.Option(help="convert, deliver, media or migrate")]
WhoseOption = Annotated[str, typer.Option("--whose", help="ours (settings, identities, defects) or theirs")]
AppName = Annotated[str, typer.Option("--app", help="An app of the settings, as source or target.")]
All = Annotated[bool, typer.Option("--all", help="Include those that were put back or set aside.")]


@app.command(name="list")
def list_(
    keys: Keys = None,
    since: Since = "",
    until: Until = "",
    conversation: Conversation = "",
    user: User = "",
    kind: Kind = "",
    cause: Cause = "",
    stage: Stage = "",
    whose: WhoseOption = "",
    app_name: AppName = "",
    limit: Annotated[int, typer.Option(min=0, help="Rows of the table. Counts cover all.")] = 50,
    config: Config = None,
    *,
    every: All = False,
    json: Json = False,
) -> None:
    """List letters, and their counts by cause and by who is at fault; never their content.

    Example: im-relay dead list --since 2h --whose ours
    """
    relay = CommandContext(config)
    choice = _choice(relay, keys, since, until, conversation, user, kind, cause, stage, whose, app_name, every=every)
    found = _find(relay, choice)
    if json:
        for letter in found.letters:
            print_json(row(letter))
    elif found.letters:
        print_letters(found.letters, limit)
    if not found.letters:
        nothing(translated("no letter matches"))


@app.command()
def show(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The letter's key, from the list.")],
    config: Config = None,
    *,
    json: Json = False,
) -> None:
    """Print one letter with its full content. No other command shows content without being asked. Example: im-relay dead show KEY"""
    relay = CommandContext(config)
    found = _find(relay, LetterFilter(keys=frozenset({key}), resolved=True))
    if not found.letters:
        nothing(translated("no letter has the key {key}", key=key))
    letter = max(found.letters, key=lambda one: one.offset)  # the newest: the same event may have died before

    async def read() -> dict[tuple[int, int], DeadLetter]:
        async with relay.reader() as reader:
            return await bytes_of(reader, relay.topic(DEAD_LETTERS), [letter])

    whole = ask(read(), relay.kafka.cluster).get((letter.partition, letter.offset))
    if whole is None:
        nothing(translated("the letter with the key {key} has just been deleted: it was older than the topic keeps", key=key))
    told = {**row(letter), "headers": {name: _text(value) for name, value in whole.headers.items()}, "value": _text(whole.value)}
    print_json(told, indent=not json)
    if len(found.letters) > 1:
        print_notice(translated("{count} letters have this key; this is the newest", count=len(found.letters)))


@app.command()
def replay(
    keys: Keys = None,
    since: Since = "",
    until: Until = "",
    conversation: Conversation = "",
    user: User = "",
    kind: Kind = "",
    cause: Cause = "",
    stage: Stage = "",
    whose: WhoseOption = "",
    app_name: AppName = "",
    config: Config = None,
    *,
    older: Annotated[bool, typer.Option("--older", help=OLDER)] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Put records back where they came from: same id, same partition, original order; once.

    Example: im-relay dead replay --cause group-unmapped --dry-run
    """
    relay = CommandContext(config)
    choice = _choice(relay, keys, since, until, conversation, user, kind, cause, stage, whose, app_name)
    _end(relay, choice, "replayed", "", dry_run=dry_run, yes=yes, older=older, json=json)


@app.command()
def drop(
    reason: Annotated[str, typer.Option(help="The reason; it is kept with the letter.")],
    keys: Keys = None,
    since: Since = "",
    until: Until = "",
    conversation: Conversation = "",
    user: User = "",
    kind: Kind = "",
    cause: Cause = "",
    stage: Stage = "",
    whose: WhoseOption = "",
    app_name: AppName = "",
    config: Config = None,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Set letters aside for good: they stay in the topic, and are listed only with --all. Example: im-relay dead drop --cause refused --until 7d --reason 'users are gone'"""
    if not reason.strip():
        raise typer.BadParameter(translated("a reason is needed"))
    relay = CommandContext(config)
    choice = _choice(relay, keys, since, until, conversation, user, kind, cause, stage, whose, app_name)
    _end(relay, choice, "dropped", reason.strip(), dry_run=dry_run, yes=yes, json=json)


def row(letter: LetterSummary) -> dict[str, Any]:
    """What the list says of a letter: ids, and nothing that was said."""
    one = letter.letter
    return {
        "key": letter.name, "at": one.at, "whose": one.whose, "stage": one.stage, "cause": one.cause, "detail": one.detail,
        "attempts": one.attempts, "bytes": letter.size, "topic": one.topic, "partition": one.partition, "offset": one.offset,
        "apps": sorted(letter.about.apps), "conversations": sorted(letter.about.conversations),
        "kinds": sorted(letter.about.kinds), "resolved": msgspec.to_builtins(letter.resolved),
    }  # fmt: skip


def _choice(
    relay: CommandContext, keys: list[str] | None, since: str, until: str, conversation: str, user: str, kind: str, cause: str,
    stage: str, whose: str, app_name: str, *, every: bool = False,
) -> LetterFilter:  # fmt: skip
    words: dict[str, Whose | None] = {"": None, "ours": "ours", "theirs": "theirs"}
    if whose not in words:
        raise typer.BadParameter(translated("--whose is {whose!r}; expected ours or theirs", whose=whose))
    return LetterFilter(
        keys=frozenset(keys or ()),
        since=parse_time(since),
        until=parse_time(until),
        cause=cause,
        stage=stage,
        whose=words[whose],
        filter=Filter(app=relay.app(app_name), conversation=conversation, user=user, kind=kind),
        resolved=every,
    )


def _find(relay: CommandContext, choice: LetterFilter) -> FoundLetters:
    async def read() -> FoundLetters:
        identities = await relay.identities()
        with progress(translated("reads dead letters")) as tell:
            async with relay.reader() as reader:
                return await find(reader, relay.topic(DEAD_LETTERS), choice, relay.apps, identities, tell)

    found = ask(read(), relay.kafka.cluster)
    if found.unreadable:
        print_notice(translated("{unreadable} records of the topic are no letters", unreadable=found.unreadable))
    return found


WORDS: Mapping[End, tuple[Localized, Localized, Localized]] = {
    "replayed": (localized("put back"), localized("Put back"), localized("replayed")),
    "dropped": (localized("set aside"), localized("Set aside"), localized("dropped")),
}
"""What will be done, is asked for, and was done."""


def _end(
    relay: CommandContext, choice: LetterFilter, what: End, reason: str, *, dry_run: bool, yes: bool, older: bool = False, json: bool
) -> None:
    found = _find(relay, choice)
    if not found.letters:
        nothing(translated("no letter matches"))
    count = len(found.letters)
    doing, asked, done = WORDS[what]
    if json and dry_run:
        for letter in found.letters:
            print_json(row(letter))
    elif not json and (dry_run or not yes):
        print_letters(found.letters, 20)
    if dry_run:
        (print_notice if json else print_line)(translated("{count} would be {what}; nothing was done", count=count, what=done))
        return
    silent = now() - int(relay.settings.deliver.max_age * 1000)
    if what == "replayed" and (old := [one.letter.at for one in found.letters if one.letter.at < silent]):
        what_old = localized("{old} of {count} letters", old=len(old), count=count)
        if not older and (why := refusal(what_old, min(old), now(), relay.settings.deliver.max_age)):
            fail(OperateError(why))
        print_notice(
            translated(
                "{count} of them are older than deliver.max_age, and go without a push where the platform can be told so", count=len(old)
            )
        )
    causes = Counter(f"{one.letter.stage}: {one.letter.cause}" for one in found.letters)
    told = ", ".join(f"{cause} {number}" for cause, number in causes.most_common())
    print_notice(translated("will {what} {count} letters ({told})", what=doing, count=count, told=told))
    confirm(translated("{what} {count} letters?", what=asked, count=count), yes=yes)

    async def work() -> ResolvedCounts:
        mark = Resolution(resolved=what, offset=0, at=now(), by=operator_name(), reason=reason)
        topic = relay.topic(DEAD_LETTERS)
        with progress(what, translated("letters")) as tell:
            async with relay.reader() as reader:
                return await end(
                    reader, relay.link, topic, relay.prefix, found.letters, mark, lambda done: tell(done, count), silent_before=silent
                )

    ended = ask(work(), relay.kafka.cluster)
    if json:
        print_json({what: ended.done, "already": ended.already, "gone": ended.gone, "foreign": ended.foreign})
        return
    more = [
        localized(", {count} had been ended meanwhile", count=ended.already) if ended.already else "",
        localized(", {count} were deleted meanwhile", count=ended.gone) if ended.gone else "",
        localized(", {count} name no topic that a stage reads, and were left: no role of ours wrote them", count=ended.foreign)
        if ended.foreign
        else "",
    ]
    print_line(translated("{count} {what}{more}", count=ended.done, what=done, more=joined(more, "")))


def _text(value: bytes) -> Any:
    """As JSON or text where it is one, else in base64."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        pass
    try:
        return value.decode()
    except UnicodeDecodeError:
        return msgspec.to_builtins(value)
