"""`im-relay identities`: who is who on the platforms."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from converters.routing.identity_table import ACCOUNTS, KINDS, IdentityTable, account_record, cohort_record
from converters.routing.user_ids import fold
from streams.cli.common import ask, settings_of
from streams.cli.exit_codes import DIFFERS
from streams.cli.joining import delivered_below, judge_joining
from streams.cli.options import DryRun, Json, JsonAnyway
from streams.cli.terminal import print_json, print_line, print_notice
from streams.kafka.topics import IDENTITIES
from streams.locale.messages import translated

NONE = "none"

app = typer.Typer(help="Which group, room or user of one platform is which on the others.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option("--config", "-c", envvar="IM_RELAY_CONFIG", help="The settings file (TOML).")]


@app.command(name="set")
def set_(
    kind: Annotated[str, typer.Argument(help="group, room or user")],
    ids: Annotated[list[str], typer.Argument(help="PLATFORM=ID, one for each platform.")],
    canonical: Annotated[str, typer.Option(help="Canonical id.  [default: the first one's ID]")] = "",
    config: Config = None,
    *,
    join: Annotated[bool, typer.Option("--join", help="Also if two conversations with delivered messages become one.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Map ids of several platforms to one canonical id. A conversation keeps its key whatever it is called, so what was delivered stays known.

    If two conversations with delivered messages would become one, the command reports how many, and writes nothing (exit code 1) without
    --join.
    Example: im-relay identities set group one=6123 other=2700 --canonical ops
    """
    from converters.routing.renaming import setting

    pairs = _pairs(kind, ids)
    common = canonical or pairs[0][1]
    settings = settings_of(config)
    plan = setting(_table(settings), kind, pairs, common, _implied(settings))  # type: ignore[arg-type]
    origin = plan.origins[0] if plan.origins else ""
    if len(plan.origins) > 1:
        under = delivered_below(settings, kind, plan.origins)
        origin = max(plan.origins, key=lambda one: under.counts[one])  # the first of equals
        judge_joining(under, origin, join=join)
    print_notice(
        translated(
            "will say that {what} {more} {common}",
            what=", ".join(f"{platform} {kind} {native}" for platform, native in pairs),
            more="is" if len(pairs) == 1 else "are",
            common=common,
        )
    )
    if dry_run:
        return
    _write(settings, plan.records(origin))
    for platform, native in pairs:
        if json:
            print_json({"platform": platform, "kind": kind, "id": native, "canonical": common})
        else:
            print_line(translated("{platform} {kind} {native} is {common}", platform=platform, kind=kind, native=native, common=common))
    for one in plan.left:
        print_notice(
            translated(
                "{platform} {kind} {native} is still {canonical}: name it too",
                platform=one.platform,
                kind=kind,
                native=one.native,
                canonical=one.canonical,
            )
        )


@app.command()
def forget(
    kind: Annotated[str, typer.Argument(help="group, room or user")],
    ids: Annotated[list[str], typer.Argument(help="PLATFORM=ID, one or more.")],
    config: Config = None,
    *,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Remove entries. One that is set again keeps the key it had. Example: im-relay identities forget group one=6123"""
    from converters.routing.renaming import forgetting

    pairs = _pairs(kind, ids)
    settings = settings_of(config)
    plan = forgetting(_table(settings), kind, pairs, _implied(settings))  # type: ignore[arg-type]
    if plan.moved:
        under = delivered_below(settings, kind, plan.moved)
        for origin, count in under.counts.items():
            print_notice(
                translated(
                    "{count} messages were delivered under {origin}, which is not what the rule says: recalls of them will find nothing",
                    count=count,
                    origin=origin,
                )
            )
    print_notice(translated("will forget {what}", what=", ".join(f"{platform} {kind} {native}" for platform, native in pairs)))
    if dry_run:
        return
    _write(settings, plan.kept)
    _write(settings, plan.records)
    for platform, native in pairs:
        if json:
            print_json({"platform": platform, "kind": kind, "id": native, "forgotten": True})
        else:
            print_line(translated("{platform} {kind} {native} is forgotten", platform=platform, kind=kind, native=native))


@app.command()
def mark(
    users: Annotated[list[str] | None, typer.Argument(help="The customer's own user ids.")] = None,
    file: Annotated[typer.FileText | None, typer.Option(help="Further ids, one per line; - is standard input.")] = None,
    platform: Annotated[str, typer.Option(help="Platform of the account.")] = "",
    account: Annotated[str, typer.Option(help="made (it exists), used (the user is on that app), none.")] = "",
    cohort: Annotated[str, typer.Option(help="A name that rules can use; none removes the users from theirs.")] = "",
    config: Config = None,
    *,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Set who has an account where, and who is in which cohort, for the routing rules.

    Example: im-relay identities mark --platform NAME --account used ann bob
    """
    from converters import PLATFORMS

    if not account and not cohort:
        raise typer.BadParameter(translated("--account or --cohort is needed"))
    if account and (account not in (*ACCOUNTS, NONE) or platform not in PLATFORMS):
        raise typer.BadParameter(
            translated(
                "--account is {account!r}, --platform {platform!r}; expected {names}, and one of {platforms}",
                account=account,
                platform=platform,
                names=", ".join((*ACCOUNTS, NONE)),
                platforms=", ".join(PLATFORMS),
            )
        )
    if cohort and not re.fullmatch("[A-Za-z0-9._-]{1,64}", cohort):
        raise typer.BadParameter(translated("--cohort is {cohort!r}; expected at most 64 letters, digits, `.`, `_` and `-`", cohort=cohort))
    ids = [*(users or ()), *(line.strip() for line in file or () if line.strip())]
    if not ids:
        raise typer.BadParameter(translated("users are needed, as arguments or with --file"))
    records: list[tuple[bytes, bytes | None]] = []
    for user in ids:
        for held in ACCOUNTS if account else ():
            key, value = account_record(platform, user, held)
            records.append((key, value if account == held else None))
        if cohort:
            key, value = cohort_record(user, cohort)
            records.append((key, value if cohort != NONE else None))
    settings = settings_of(config)
    words = [*([f"account {account} on {platform}"] if account else []), *([f"cohort {cohort}"] if cohort else [])]
    print_notice(translated("will mark {count} users: {what}", count=len(ids), what=", ".join(words)))
    if dry_run:
        return
    _write(settings, records)
    if json:
        print_json({"marked": len(ids)})
    else:
        print_line(f"{len(ids)} marked")


@app.command()
def show(
    user: Annotated[str, typer.Argument(help="The customer's own user id.")], config: Config = None, *, json: JsonAnyway = False
) -> None:
    """Print everything known about a user, and the user's place in percentages. Example: im-relay identities show ann"""
    del json
    from converters import PLATFORMS
    from converters.routing.rules import share

    settings = settings_of(config)
    table, name = _table(settings), fold(user)
    ids = {platform: table.native(platform, "user", name) or PLATFORMS[platform].user_ids.write(name).native for platform in PLATFORMS}
    accounts = {platform: held for platform in PLATFORMS if (held := table.account(platform, name))}
    row = {"user": name, "ids": ids, "accounts": accounts, "cohort": table.cohort(name), "share": round(share(name), 2)}
    print_json(row)


@app.command(name="list")
def list_(
    config: Config = None,
    *,
    people: Annotated[bool, typer.Option("--people", help="Print accounts and cohorts of users instead.")] = False,
    json: JsonAnyway = False,
) -> None:
    """Print the table, one JSON object per line. Example: im-relay identities list"""
    del json
    table = _table(settings_of(config))
    if people:
        for user, accounts, cohort in table.people():
            print_json({"user": user, "accounts": accounts, "cohort": cohort})
        return
    for one in table.each():
        row = {"platform": one.platform, "kind": one.kind, "id": one.native, "canonical": one.canonical}
        print_json(row | ({"origin": one.origin} if one.origin else {}))


@app.command()
def check(
    source: Annotated[str, typer.Option("--platform", help="Current platform of the users.")],
    target: Annotated[str, typer.Option(help="Target platform.")],
    file: Annotated[typer.FileText, typer.Argument(help="User ids, one per line; - is standard input.")],
    *,
    json: JsonAnyway = False,
) -> None:
    """List user ids that change or collide at the target. Exit code 1 if any does.

    Example: im-relay identities check --platform NAME --target NAME ids.txt
    """
    del json
    import msgspec

    from converters import PLATFORMS
    from converters.routing.user_ids import problems

    for name in (source, target):
        if name not in PLATFORMS:
            raise typer.BadParameter(
                translated("{name!r} is no platform; known are {platforms}", name=name, platforms=", ".join(PLATFORMS))
            )
    ids = [line.strip() for line in file if line.strip()]
    found = problems(ids, PLATFORMS[target].user_ids, PLATFORMS[source].user_ids)
    for problem in found:
        print_json(msgspec.to_builtins(problem))
    print_notice(translated("{count} ids, {count_2} to be looked at", count=len(ids), count_2=len(found)))
    raise typer.Exit(DIFFERS if found else 0)


def _pairs(kind: str, ids: list[str]) -> list[tuple[str, str]]:
    from converters import PLATFORMS

    if kind not in KINDS:
        raise typer.BadParameter(translated("{kind!r} is none of {kinds}", kind=kind, kinds=", ".join(KINDS)))
    pairs = [(platform, native) for platform, _, native in (named.partition("=") for named in ids)]
    for platform, native in pairs:
        if platform not in PLATFORMS or not native:
            known = ", ".join(PLATFORMS)
            raise typer.BadParameter(
                translated("expected PLATFORM=ID with a platform of {known}; seen {platform!r}", known=known, platform=platform)
            )
    return pairs


def _table(settings: Any) -> IdentityTable:
    from streams.identities.follower import IdentityFollower

    follower = IdentityFollower(settings.kafka.cluster, settings.kafka.topic(IDENTITIES))

    async def read() -> None:
        try:
            await follower.start()
        finally:
            await follower.stop()

    ask(read(), settings.kafka.cluster)
    return follower.table


def _write(settings: Any, records: list[tuple[bytes, bytes | None]]) -> None:
    from streams.identities.follower import write

    if records:
        ask(write(settings.kafka.cluster, settings.kafka.topic(IDENTITIES), records), settings.kafka.cluster)


def _implied(settings: Any) -> Any:
    """A user's canonical id by the rule of the platform, with the account that the settings have there."""
    from converters import PLATFORMS
    from streams.settings.root import resolve

    rules = {name: platform.user_ids for name, platform in PLATFORMS.items()}
    rules |= {app.platform.name: app.user_ids for app in resolve(settings).values()}
    return lambda platform, native: rules[platform].to_canonical(native)
