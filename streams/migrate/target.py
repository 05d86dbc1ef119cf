"""The target of a migration as the settings say, and what its platform declares about it."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from converters import PLATFORMS
from converters.core.localized import localized, text_of
from converters.migration_rules import Language, MigrationRules
from converters.routing.user_ids import IdRule
from streams.migrate.bundle import ROWS, Bundle
from streams.migrate.check import Tries
from streams.migrate.errors import MigrateError
from streams.migrate.remote import RemoteOptions, RemoteSource
from streams.migrate.samples import Dead, Sampled, dead
from streams.migrate.source import APP, Source, open_source


class Target(Struct, frozen=True, kw_only=True):
    platform: str
    source_app: str
    source_platform: str
    edition: str
    rules: MigrationRules
    ids: IdRule
    settings: Any


def target_of(config: Path | None, to: str, source_app: str, edition: str) -> Target:
    """Raises MigrateError, which names what to change."""
    from streams.settings.role_secrets import COMMAND
    from streams.settings.root import SettingsError, load, resolve

    try:
        settings = load(config, COMMAND)
        apps = resolve(settings)
    except SettingsError as error:
        raise MigrateError(text_of(error)) from None
    if to not in apps:
        raise MigrateError(
            localized(
                "--to is {to}, which is no app of the settings; there are: {apps}", to=to, apps=", ".join(sorted(apps)) or localized("none")
            )
        )
    platform = apps[to].platform
    rules = platform.migration
    if rules is None:
        able = ", ".join(sorted(name for name, one in PLATFORMS.items() if one.migration is not None))
        raise MigrateError(
            localized(
                "--to is {to}, on {name}: nothing can be migrated to that platform yet; to these it can: {able}",
                to=to,
                name=platform.name,
                able=able,
            )
        )
    sources = sorted(name for name, app in apps.items() if app.target == to and name != to)
    chosen = source_app or (sources[0] if len(sources) == 1 else "")
    if chosen not in apps:
        raise MigrateError(
            localized(
                "say with --as which app of the settings it comes from; there are: {sources}", sources=", ".join(sources or sorted(apps))
            )
        )
    if edition and edition not in rules.editions:
        raise MigrateError(
            localized(
                "--edition is {edition}; {name} has: {editions}", edition=edition, name=platform.name, editions=", ".join(rules.editions)
            )
        )
    ids = platform.ids_of(apps[to].account) if platform.ids_of is not None else platform.user_ids
    return Target(
        platform=platform.name,
        source_app=chosen,
        source_platform=apps[chosen].platform.name,
        edition=edition or next(iter(rules.editions)),
        rules=rules,
        ids=ids,
        settings=settings,
    )


def opened(
    text: str, config: Path | None, target: Target, work: Path, *, users: Path | None, pairs: Path | None, owners: Path | None, since: int
) -> tuple[str, Source]:
    """(how a bundle names it, the source): an export, or an app of the settings. Raises MigrateError."""
    from streams.settings.role_secrets import migrate
    from streams.settings.root import load, resolve

    apps = resolve(target.settings)
    if Path(text).exists() or text not in apps:
        if given := [name for name, value in (("--users", users), ("--pairs", pairs), ("--owners", owners)) if value is not None]:
            raise MigrateError(
                localized(
                    "{given}: of use only where --from is an app of the settings ({apps})",
                    given=", ".join(given),
                    apps=", ".join(sorted(apps)),
                )
            )
        # Later commands read passwords there, from wherever they are started.
        return (str(Path(text).absolute()) if Path(text).exists() else text), open_source(text)
    if text != target.source_app:
        raise MigrateError(
            localized(
                "--from is {text}, whose messages go to {target}; name the source app also with --as", text=text, target=apps[text].target
            )
        )
    settings = load(config, migrate(apps[text].platform.name))
    options = RemoteOptions(users=users, pairs=pairs, owners=owners, since=since, until=int(time.time() * 1000))
    return f"{APP}:{text}", RemoteSource(settings, resolve(settings)[text], options, work)


def close(source: Source) -> None:
    """Connections and files of one that has some."""
    if isinstance(source, RemoteSource):
        source.close()


def tries(settings: Any, most: int) -> Tries:
    """Asks for at most *most* files, of what the media settings allow."""
    from streams.media.fetch import Fetcher
    from streams.media.ssrf_guard import AddressPolicy
    from streams.outbound.proxies import proxies

    def tried(files: list[Sampled]) -> list[Dead]:
        async def asked() -> list[Dead]:
            fetcher = Fetcher(AddressPolicy(settings.media.allow), total=30.0, proxies=proxies(settings.media, "media"))
            return await dead(files[:most], fetcher)

        return asyncio.run(asked()) if files else []

    return tried


def newest(work: Path) -> Path:
    """The bundle that was made last. Raises MigrateError."""
    found = [path.parent for path in work.glob(f"*/{ROWS}") if (path / "CURRENT").is_file()]
    if not found:
        raise MigrateError(localized("there is no bundle in {work}: im-relay migrate check makes one", work=work))
    return max(found, key=lambda path: (path / ROWS / "CURRENT").stat().st_mtime)


def write_plan(given: Path | None, work: Path, out: Path, quotas: Mapping[str, float], language: Language) -> str:
    """What was written, in a line. Raises MigrateError, OperateError, OSError."""
    from converters.estimate import Lane, estimate, recounted
    from streams.migrate.apply import findings_of
    from streams.migrate.plan import markdown
    from streams.migrate.plan_words import WORDS, span

    path = given or newest(work)
    with Bundle.open(path) as bundle:
        meta = bundle.meta
        declared = PLATFORMS[meta.target_platform].migration if meta.target_platform in PLATFORMS else None
        if declared is None:
            raise MigrateError(
                localized(
                    "{path} is for {target_platform}, to which nothing can be migrated", path=path, target_platform=meta.target_platform
                )
            )
        findings = findings_of(work, meta.target_app)
        rules = declared.found(declared, findings)
        calls = recounted(
            declared, rules, meta.calls, lambda kind: ((row.item, row.key.split(b"\x1f", 2)[1].decode()) for row in bundle.items(kind))
        )
    meta = structs.replace(meta, calls=calls)
    known = {one.name for one in rules.quotas}
    wrong = sorted(set(quotas) - known)
    if wrong:
        raise MigrateError(localized("--quota names {wrong}; there are: {known}", wrong=", ".join(wrong), known=", ".join(sorted(known))))
    out.write_text(markdown(meta, path, rules, language, quotas, meta.target_app, findings), encoding="utf-8")
    seconds = estimate(rules, meta.calls, [Lane(kind, count) for kind, count in meta.lanes.items()], quotas).seconds
    return WORDS[language]["written"].format(out, sum(meta.calls.values()), span(seconds, language))
