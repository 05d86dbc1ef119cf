"""`im-relay identities`: who is who on the platforms."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from aiokafka.errors import KafkaError

from converters.identities import ACCOUNTS, KINDS, Identities, account_record, cohort_record
from streams.kafka.topics import IDENTITIES

NONE = "none"

app = typer.Typer(help="Which group, room or user of one platform is which on the others.", no_args_is_help=True)

Config = Annotated[
    Path | None, typer.Option("--config", "-c", envvar="IM_RELAY_CONFIG", help="The settings file (TOML).")
]


@app.command(name="set")
def set_(
    kind: Annotated[str, typer.Argument(help="group, room or user")],
    ids: Annotated[list[str], typer.Argument(help="PLATFORM=ID, one for each platform.")],
    canonical: Annotated[str, typer.Option(help="Their common name.  [default: the first one's ID]")] = "",
    config: Config = None,
) -> None:
    """Say that these are the same. Example: im-relay identities set group one=6123 other=2700 --canonical ops"""
    from streams.identities import put

    pairs = _pairs(kind, ids)
    common = canonical or pairs[0][1]
    settings = _settings(config)
    topic = IDENTITIES.name(prefix=settings.kafka.prefix)
    entries = [(platform, kind, native, common) for platform, native in pairs]
    _ask(put(settings.kafka.bootstrap, topic, entries), settings)  # type: ignore[arg-type]
    for platform, native in pairs:
        print(f"{platform} {kind} {native} is {common}")


@app.command()
def forget(
    kind: Annotated[str, typer.Argument(help="group, room or user")],
    ids: Annotated[list[str], typer.Argument(help="PLATFORM=ID, one or more.")],
    config: Config = None,
) -> None:
    """Take entries away. Example: im-relay identities forget group one=6123"""
    from streams.identities import put

    pairs = _pairs(kind, ids)
    settings = _settings(config)
    topic = IDENTITIES.name(prefix=settings.kafka.prefix)
    entries = [(platform, kind, native, None) for platform, native in pairs]
    _ask(put(settings.kafka.bootstrap, topic, entries), settings)  # type: ignore[arg-type]


@app.command()
def mark(
    users: Annotated[list[str] | None, typer.Argument(help="The customer's own user ids.")] = None,
    file: Annotated[typer.FileText | None, typer.Option(help="More of them, one a line; - is standard input.")] = None,
    platform: Annotated[str, typer.Option(help="Where they have the account.")] = "",
    account: Annotated[str, typer.Option(help="made (there is one), used (and they are on that app), none.")] = "",
    cohort: Annotated[str, typer.Option(help="A name that rules can speak of; none takes them out of theirs.")] = "",
    config: Config = None,
) -> None:
    """Say who has an account where, and who is in which cohort, for the rules of routing.

    Example: im-relay identities mark --platform NAME --account used ann bob
    """
    from converters import PLATFORMS
    from streams.identities import write

    if not account and not cohort:
        raise typer.BadParameter("--account or --cohort is needed")
    if account and (account not in (*ACCOUNTS, NONE) or platform not in PLATFORMS):
        raise typer.BadParameter(
            f"--account is {account!r}, --platform {platform!r}; expected {', '.join((*ACCOUNTS, NONE))}, and one of {', '.join(PLATFORMS)}"
        )
    if cohort and not re.fullmatch("[A-Za-z0-9._-]{1,64}", cohort):
        raise typer.BadParameter(f"--cohort is {cohort!r}; expected at most 64 letters, digits, `.`, `_` and `-`")
    ids = [*(users or ()), *(line.strip() for line in file or () if line.strip())]
    if not ids:
        raise typer.BadParameter("users are needed, as arguments or with --file")
    records: list[tuple[bytes, bytes | None]] = []
    for user in ids:
        for held in ACCOUNTS if account else ():
            key, value = account_record(platform, user, held)
            records.append((key, value if account == held else None))
        if cohort:
            key, value = cohort_record(user, cohort)
            records.append((key, value if cohort != NONE else None))
    settings = _settings(config)
    _ask(write(settings.kafka.bootstrap, IDENTITIES.name(prefix=settings.kafka.prefix), records), settings)
    print(f"{len(ids)} marked")


@app.command()
def show(user: Annotated[str, typer.Argument(help="The customer's own user id.")], config: Config = None) -> None:
    """Print all that is known of a user, and where in 100 the user's share lies. Example: im-relay identities show ann"""
    import orjson

    from converters import PLATFORMS
    from converters.rules import share

    settings = _settings(config)
    table, name = _table(settings), user.lower()
    ids = {platform: table.native(platform, "user", name) or PLATFORMS[platform].user_ids.write(name).native for platform in PLATFORMS}
    accounts = {platform: held for platform in PLATFORMS if (held := table.account(platform, name))}
    row = {"user": name, "ids": ids, "accounts": accounts, "cohort": table.cohort(name), "share": round(share(name), 2)}
    print(orjson.dumps(row).decode())


@app.command(name="list")
def list_(
    config: Config = None, *, people: Annotated[bool, typer.Option("--people", help="Instead, who has accounts and cohorts.")] = False
) -> None:
    """Print the table, one JSON object a line. Example: im-relay identities list"""
    import orjson

    table = _table(_settings(config))
    if people:
        for user, accounts, cohort in table.people():
            print(orjson.dumps({"user": user, "accounts": accounts, "cohort": cohort}).decode())
        return
    for platform, kind, native, canonical in table.entries():
        row = {"platform": platform, "kind": kind, "id": native, "canonical": canonical}
        print(orjson.dumps(row).decode())


@app.command()
def check(
    source: Annotated[str, typer.Option("--platform", help="Where the users are now.")],
    target: Annotated[str, typer.Option(help="Where they will be.")],
    file: Annotated[typer.FileText, typer.Argument(help="User ids, one a line; - is standard input.")],
) -> None:
    """Which user ids change or collide at the target; exit code 1 if any does. Example: im-relay identities check --platform NAME --target NAME ids.txt"""
    import msgspec

    from converters import PLATFORMS
    from converters.ids import problems

    for name in (source, target):
        if name not in PLATFORMS:
            raise typer.BadParameter(f"{name!r} is no platform; known are {', '.join(PLATFORMS)}")
    ids = [line.strip() for line in file if line.strip()]
    found = problems(ids, PLATFORMS[target].user_ids, PLATFORMS[source].user_ids)
    for problem in found:
        print(msgspec.json.encode(problem).decode())
    print(f"{len(ids)} ids, {len(found)} to be looked at", file=sys.stderr)
    raise typer.Exit(1 if found else 0)


def _pairs(kind: str, ids: list[str]) -> list[tuple[str, str]]:
    from converters import PLATFORMS

    if kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}")
    pairs = [(platform, native) for platform, _, native in (named.partition("=") for named in ids)]
    for platform, native in pairs:
        if platform not in PLATFORMS or not native:
            known = ", ".join(PLATFORMS)
            raise typer.BadParameter(f"expected PLATFORM=ID with a platform of {known}; seen {platform!r}")
    return pairs


def _table(settings: Any) -> Identities:
    from streams.identities import Follower

    table = Identities()

    async def read() -> None:
        follower = Follower(settings.kafka.bootstrap, IDENTITIES.name(prefix=settings.kafka.prefix), table)
        try:
            await follower.start()
        finally:
            await follower.stop()

    _ask(read(), settings)
    return table


def _settings(config: Path | None) -> Any:
    from streams.settings import SettingsError, load

    try:
        return load(config)
    except SettingsError as error:
        print(f"im-relay: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


def _ask(work: Any, settings: Any) -> None:
    from streams.identities import NoTopicError

    try:
        asyncio.run(work)
    except NoTopicError as error:
        print(f"im-relay: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except KafkaError as error:
        where = settings.kafka.bootstrap
        print(f"im-relay: no answer from Kafka at {where} ({type(error).__name__}); see kafka.bootstrap", file=sys.stderr)
        raise typer.Exit(1) from None
