"""`im-relay erase`: a person's data, where it lies, and how it goes."""

from typing import Annotated

import typer

from streams.cli.common import CommandContext, ask, confirm, now, operator_name
from streams.cli.exit_codes import nothing
from streams.cli.options import Config, DryRun, Json, Yes
from streams.cli.terminal import Cell, print_json, print_line, print_notice, print_table, progress
from streams.cli.times import shown
from streams.erase.erasing import Erased, Known
from streams.erase.places import Place
from streams.locale.messages import translated
from streams.settings.role_secrets import ERASE


def erase(
    user: Annotated[str, typer.Option(help="The user's id in --app.")],
    app: Annotated[str, typer.Option("--app", help="App of the settings in which the user has that id.")],
    config: Config = None,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Show where data about a user lies and when it is gone; remove what can be removed: identities, open dead letters, stored files, keys.

    The rest goes by the retention of the topics. The act is in the topic audit, under a digest of the id. Exit codes: 0 done, 1 nothing is there or
    nobody confirmed, 2 settings, command line or Kafka are wrong. Example: im-relay erase --user ann --app NAME --dry-run
    """
    from streams.erase.erasing import erase as erased
    from streams.erase.erasing import known
    from streams.erase.media_copies import gone_by
    from streams.erase.person import names_of

    if not user.strip() or not app:
        raise typer.BadParameter(translated("--user and --app are needed"))
    relay = CommandContext(config, ERASE)
    one = relay.apps[relay.app(app)]

    async def look() -> Known:
        table = await relay.identities()
        with progress(translated("reads")) as tell:
            async with relay.reader() as reader:
                return await known(relay.settings, relay.apps, names_of(one, user.strip(), relay.apps, table), table, reader, tell)

    there = ask(look(), relay.kafka.cluster)
    if there.nothing:
        nothing(translated("nothing names {user} in any topic or store", user=user.strip()))
    kept = gone_by(relay.settings, now())
    if json:
        _print_json(there, kept, dry_run=dry_run)
    else:
        _print(there, kept)
    if dry_run:
        return
    own = sum(not each.shared for each in there.copies)
    print_notice(
        translated(
            "will remove {identities} entries of identities, set {letters} dead letters aside, delete {files} stored files, and throw away {secrets} keys of what the user wrote",
            secrets=there.secrets,
            identities=len(there.keys),
            letters=len(there.letters),
            files=own,
        )
    )
    confirm(translated("Erase what can be removed?"), yes=yes)

    async def work() -> Erased:
        async with relay.reader() as reader:
            return await erased(relay.settings, relay.link, there, reader, operator_name(), now())

    done = ask(work(), relay.kafka.cluster)
    if json:
        print_json(
            {
                "what": "erased",
                "identities": done.identities,
                "letters": done.letters,
                "keys": done.secrets,
                "files": len(done.media.removed),
                "absent": len(done.media.absent),
                "left": done.media.left,
            }
        )
        return
    print_line(
        translated(
            "removed: {identities} entries of identities, {letters} dead letters set aside, {files} stored files deleted, {secrets} keys thrown away",
            secrets=done.secrets,
            identities=done.identities,
            letters=done.letters,
            files=len(done.media.removed),
        )
    )
    for key in done.media.left:
        print_line(translated("not reached from here, delete it where it lies: {key}", key=key))


def _when(place: Place) -> str:
    match place.how:
        case "removed":
            return translated("removed now; the old records go when brokers compact the topic, after a day or more")
        case "kept":
            return translated("kept without end: delete the topic when the migration is over")
        case "set-aside":
            return translated("set aside now; deleted by {when} UTC", when=_date(place.gone))
        case "retention":
            return translated("deleted by {when} UTC", when=_date(place.gone))


def _date(at: int | None) -> str:
    return shown(at)[:16] if at is not None else "-"


def _print(there: Known, kept: int | None) -> None:
    print_table(
        [translated("platform"), translated("id")],
        [[platform, native] for platform, native in there.names.natives],
        title=there.names.canonical,
    )
    rows: list[list[Cell]] = [[one.topic, str(one.records), str(one.own), shown(one.last)[:16], _when(one)] for one in there.places]
    heads = [
        translated("topic"),
        translated("records"),
        translated("under the user's key"),
        translated("last (UTC)"),
        translated("how it goes"),
    ]
    print_table(heads, rows)
    if there.copies:
        shared = sum(one.shared for one in there.copies)
        print_line(
            translated(
                "stored files: {count}, of which {shared} were sent by others as well and stay; by themselves they go by {when} UTC",
                count=len(there.copies),
                shared=shared,
                when=_date(kept),
            )
        )
    print_line(
        translated(
            "also: local state of deliver (ids only) goes with deliver.remember_names and deliver.remember_delivered; bundles in migrate.directory, logs, traces, backups of Kafka and the platforms' own copies are yours to erase"
        )
    )


def _print_json(there: Known, kept: int | None, *, dry_run: bool) -> None:
    print_json(
        {
            "what": "found",
            "canonical": there.names.canonical,
            "ids": [{"platform": platform, "id": native} for platform, native in there.names.natives],
            "identities": len(there.keys),
            "keys": there.secrets,
            "letters": [one.name for one in there.letters],
            "files": [{"key": one.key, "shared": one.shared} for one in there.copies],
            "files_gone": kept if there.copies else None,
            "dry_run": dry_run,
        }
    )
    for one in there.places:
        print_json(
            {
                "what": "topic",
                "topic": one.topic,
                "records": one.records,
                "own": one.own,
                "last": one.last,
                "how": one.how,
                "gone": one.gone,
            }
        )
