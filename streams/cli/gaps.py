"""`im-relay gaps`: callbacks that never came, found in what the platforms keep."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from converters.core.localized import localized, text_of
from converters.core.model import Conversation, Group, Room, direct
from converters.platform import TimeRange
from converters.routing.route import App
from converters.routing.user_ids import fold
from streams.cli.common import CommandContext, ask, now, parse_time
from streams.cli.exit_codes import FAILED, fail, nothing
from streams.cli.options import WHEN, Config, Json
from streams.cli.terminal import Cell, print_json, print_line, print_notice, print_styled, print_table, progress
from streams.cli.times import shown
from streams.kafka import topics
from streams.locale.messages import translated
from streams.operate.bounds import OLDER, begins, first_known, refusal
from streams.operate.filters import conversation_ids
from streams.operate.gaps import GapResult
from streams.operate.topic_reader import OperateError
from streams.settings.role_secrets import GAPS

SHOWN = 20


def gaps(
    apps: Annotated[
        list[str] | None, typer.Argument(metavar="[APP]...", help="Apps of the settings.  [default: all that support it]")
    ] = None,
    since: Annotated[str, typer.Option(help=f"From when on: {WHEN}  [default: gaps.window]")] = "",
    until: Annotated[str, typer.Option(help="End of the period; as --since.  [default: gaps.delay ago]")] = "",
    conversation: Annotated[
        list[str] | None,
        typer.Option(help="Also ask about this conversation, in the platform's own ids: direct:ANN:BOB, group:ID or room:ID."),
    ] = None,
    config: Config = None,
    *,
    fill: Annotated[bool, typer.Option("--fill", help="Write what is missing. Without it nothing is written.")] = False,
    older: Annotated[bool, typer.Option("--older", help=f"With --fill: {OLDER[0].lower()}{OLDER[1:]}")] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Run as a role: search and fill until stopped, as the settings' section gaps says.")
    ] = False,
    every: Annotated[float | None, typer.Option(min=1, help="With --run: seconds between searches.  [default: gaps.interval]")] = None,
    json: Json = False,
) -> None:
    """Find callbacks that never arrived in the platforms' records, and write them where they should have been.

    Exit codes: 0 some were missing (and are filled), 1 none is missing, 2 settings, command line, Kafka or the platform failed.
    Example: im-relay gaps APP --since 3h --fill
    """
    names = apps or []
    if run:
        _run(config, names, every)
    relay = CommandContext(config, GAPS)
    places = [_place(text) for text in conversation or ()]
    chosen = _searchable(relay, names)
    something, unstored = False, 0
    for app in chosen.values():
        found, requests = _search(relay, app, chosen, (parse_time(since), parse_time(until)), places, fill=fill, older=older, json=json)
        something |= bool(found.missing or requests)
        unstored += found.unstored
    if unstored:
        fail(
            OperateError(
                localized(
                    "Kafka did not confirm {unstored} of them; run it again: what was written is not written twice", unstored=unstored
                )
            )
        )
    if not something:
        nothing(translated("nothing is missing that could be seen"))


def _searchable(relay: CommandContext, names: list[str]) -> dict[str, App]:
    from streams.roles.gaps import searchable
    from streams.settings.root import SettingsError

    try:
        return searchable(relay.settings, names)
    except SettingsError as error:
        fail(error)


def _search(
    relay: CommandContext,
    app: App,
    chosen: dict[str, App],
    times: tuple[int | None, int | None],
    places: list[Conversation],
    *,
    fill: bool,
    older: bool,
    json: bool,
) -> tuple[GapResult, int]:
    """And how many requests there are by which the platform sends something again."""
    from streams.ingress.producer import StoreError
    from streams.operate.gaps import GapSearch, ReceivedCallbacks, groups_of, within
    from streams.outbound.vendor_client import VendorClient
    from streams.roles.gaps import store_of

    settings, present = relay.settings.gaps, now()
    until = times[1] or present - int(settings.delay * 1000)
    since = times[0] or until - int(settings.window * 1000)
    if since >= until:
        raise typer.BadParameter(translated("--since ({since}) is not before --until ({until})", since=shown(since), until=shown(until)))
    assert app.platform.gaps is not None
    max_age = relay.settings.deliver.max_age
    if fill and not older and times[0] and (why := refusal(localized("what {name} has missed", name=app.name), since, present, max_age)):
        fail(OperateError(why))
    topic = relay.topic(topics.CALLBACKS, app.platform.name)
    bound = ""
    if fill:
        since, bound = begins(
            since, present, max_age, ask(_first(relay, topic, app.name), relay.kafka.cluster), named=times[0] is not None, older=older
        )
    span, cut = within(app.platform.gaps, min(since, until), until, present)
    silent = present - int(max_age * 1000)
    if fill:
        _announce(app, span, silent, bound)

    async def work() -> tuple[GapResult, VendorClient]:
        named = groups_of(await relay.identities(), app.platform.name) if settings.groups else set()
        questions = VendorClient(app, relay.settings.deliver, acts=fill)
        store = store_of(relay.settings, chosen) if fill else None
        try:
            if store is not None:
                await store.start()
            with progress(translated("searches {name}", name=app.name), "") as tell:
                async with relay.reader() as reader:
                    search = GapSearch(app, ReceivedCallbacks(topic, app), reader, questions, store, now, silent)
                    reach = span.since - int(settings.lookback * 1000)
                    return await search.run(span, reach, [*named, *places], tell), questions
        except StoreError as error:
            raise OperateError(text_of(error)) from None
        finally:
            await questions.close()
            if store is not None:
                await store.close(relay.settings.ingress.store_timeout)

    found, questions = ask(work(), relay.kafka.cluster)
    found.unseen += [why for why in (cut, bound) if why]
    found.unseen += [f"no answer: {api}, {count} times" for api, count in sorted(questions.unanswered.items())]
    _tell(app, found, questions.acted, questions.withheld, json=json)
    if questions.unanswered and not (found.known or found.missing):
        raise typer.Exit(FAILED)
    return found, questions.acted + questions.withheld


async def _first(relay: CommandContext, topic: str, app: str) -> int | None:
    async with relay.reader() as reader:
        return await first_known(reader, topic, app)


def _announce(app: App, span: TimeRange, silent: int, bound: str) -> None:
    """What is about to be done, before it is."""
    told = f"{app.name}: what is missing of {shown(span.since)} to {shown(span.until)} UTC is sent now"
    if span.since < silent:
        told += f"; what was said before {shown(silent)} goes without a push, where the platform can be told so"
    print_notice(told if not bound else f"{told}; {bound}")


def _place(text: str) -> Conversation:
    kind, _, rest = fold(text).partition(":")
    match kind, rest.split(":"):
        case "direct", [one, other] if one and other:
            return direct(one, other)
        case "group", _ if rest:
            return Group(rest)
        case "room", _ if rest:
            return Room(rest)
        case _:
            raise typer.BadParameter(translated("--conversation is {given!r}; expected direct:ANN:BOB, group:ID or room:ID", given=text))


def _tell(app: App, found: GapResult, acted: int, withheld: int, *, json: bool) -> None:
    if json:
        told = {
            "app": app.name,
            "since": found.span.since,
            "until": found.span.until,
            "conversations": found.places,
            "known": found.known,
            "missing": dict(found.missing),
            "missing_in": sorted(conversation_ids(place) for place in found.of),
            "filled": found.written,
            "left_out": dict(found.left_out),
            "unreadable": found.unreadable,
            "sent_again": acted,
            "withheld": withheld,
            "unseen": found.unseen,
        }
        print_json(told)
        return
    missing = "missing", "red"
    rows: list[list[Cell]] = [["asked about", "conversations", str(found.places)], ["has come", "", str(found.known)]]
    rows += [[missing, kind, str(count)] for kind, count in sorted(found.missing.items())]
    if found.missing:
        rows += [[missing, "in conversations", str(len(found.of))], ["filled", "", str(found.written)]]
    rows += [[("left out", "dim"), reason, str(count)] for reason, count in sorted(found.left_out.items())]
    if found.unreadable:
        rows.append([("cannot be read", "red"), "", str(found.unreadable)])
    if acted or withheld:
        rows.append(["sent again by the platform", "requests" if acted else "only with --fill", str(acted or withheld)])
    print_table(
        [translated("what"), "", translated("count")],
        rows,
        title=translated("{name}: {since} to {until} UTC", name=app.name, since=shown(found.span.since), until=shown(found.span.until)),
    )
    for place in sorted(map(conversation_ids, found.of))[:SHOWN]:
        print_styled(place, "dim")
    for what in found.unseen:
        print_line(translated("not seen: {what}", what=what))
    assert app.platform.gaps is not None
    print_styled(app.platform.gaps.note, "dim")


def _run(config: Path | None, names: list[str], every: float | None) -> None:
    from streams.http_server.listener import ListenError
    from streams.ingress.producer import StoreError
    from streams.observe import log
    from streams.roles import secret_watch
    from streams.roles.gaps import run_gaps
    from streams.settings.root import Settings, SettingsError, load, require_apps

    try:
        settings: Settings = require_apps(load(config, GAPS))
        if every is not None:
            settings = settings.model_copy(update={"gaps": settings.gaps.model_copy(update={"interval": every})})
        log.setup(settings.observe)
        secret_watch.begin()
        code = asyncio.run(run_gaps(settings, names))
    except (SettingsError, OperateError, StoreError, ListenError) as error:
        fail(error)
    raise typer.Exit(code)
