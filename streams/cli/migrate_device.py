"""`im-relay migrate device-export`: pages of messages for the devices."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from converters.core.localized import localized
from streams.cli.common import CommandContext, ask
from streams.cli.exit_codes import fail
from streams.cli.migrate_apply import BundleOption, PlanOption, bundle_path
from streams.cli.options import Config, Json
from streams.cli.terminal import print_json, print_line
from streams.locale.messages import translated
from streams.migrate.errors import BundleError
from streams.operate.topic_reader import OperateError
from streams.state.errors import StateError

if TYPE_CHECKING:
    from streams.migrate.bundle import Bundle
    from streams.migrate.device import Exported


def register(app: typer.Typer) -> None:
    app.command()(device_export)


def device_export(
    out: Annotated[Path, typer.Option(help="The directory to write.")],
    bundle: BundleOption = None,
    plan: PlanOption = None,
    config: Config = None,
    *,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also what the server takes. Without it: what is older than its retention, or than its group there."),
    ] = False,
    json: Json = False,
) -> None:
    """Write messages as pages that the new app imports into its local database: an index and at most 1,000 messages a page for each user.

    Example: im-relay migrate device-export --out devices -c relay.toml
    """
    from streams.migrate.bundle import Bundle

    relay = CommandContext(config)
    try:
        with Bundle.open(bundle_path(relay, bundle, plan)) as opened:
            done = ask(_exported(relay, opened, out, everything=everything), relay.kafka.cluster)
    except (BundleError, StateError) as error:
        fail(error)
    except OSError as error:
        fail(OperateError(localized("{filename}: {strerror}", filename=error.filename, strerror=error.strerror)))
    if json:
        print_json(done)
        return
    print_line(
        translated(
            "{messages:,} messages of {users:,} users and {groups:,} groups, {pages:,} pages: {out}",
            messages=done.messages,
            users=done.users,
            groups=done.groups,
            pages=done.pages,
            out=out,
        )
    )
    if done.stale:
        print_line(
            translated(
                "{stale:,} files of an earlier export removed: what is there now is of this one alone; publish all of it anew",
                stale=done.stale,
            )
        )
    if done.without_group:
        print_line(
            translated(
                "{without_group:,} messages left out: their groups are not at the target yet; run it again after apply",
                without_group=done.without_group,
            )
        )


async def _exported(relay: "CommandContext", bundle: "Bundle", out: Path, *, everything: bool) -> "Exported":
    from contextlib import AsyncExitStack

    from streams.migrate.apply import identities_of
    from streams.migrate.bundle_apps import apps_of
    from streams.migrate.device import DeviceExport
    from streams.migrate.role import names_of

    source, target = apps_of(relay.apps, bundle)
    async with AsyncExitStack() as exits:
        names = names_of(target.platform.name, relay.settings)
        identities = await identities_of(relay.settings, names.identities, exits)
        return DeviceExport(bundle, source, target, identities.table, out, everything=everything).run()
