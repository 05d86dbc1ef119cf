"""The commands that are roles, and `settings`: a program of their own as well, so that a role imports no other command."""

from typing import Annotated

import typer

from streams.cli.exit_codes import fail
from streams.cli.options import Config, JsonAnyway
from streams.cli.program import program
from streams.cli.role_process import role, run_role
from streams.cli.terminal import print_json, print_notice


def ingress(config: Config = None) -> None:
    """Receive callbacks, and answer 200 once they are in Kafka. Example: im-relay ingress -c relay.toml"""
    from streams.http_server.listener import ListenError
    from streams.ingress.producer import StoreError
    from streams.roles.ingress import serve
    from streams.settings.role_secrets import INGRESS
    from streams.settings.root import SettingsError, load, require_apps

    try:
        run_role(serve, require_apps(load(config, INGRESS)))
    except (SettingsError, StoreError, ListenError) as error:
        fail(error)


def convert(config: Config = None) -> None:
    """Convert callbacks into deliveries. Rules are reloaded when the settings file changes, and on SIGHUP.

    Example: im-relay convert -c relay.toml
    """
    from streams.roles.stages import run_convert
    from streams.settings.role_secrets import CONVERT

    role(run_convert, config, CONVERT, config)


def deliver(platform: Annotated[str, typer.Option(help="The platform to deliver to.")], config: Config = None) -> None:
    """Deliver to one platform. Example: im-relay deliver --platform NAME -c relay.toml"""
    from streams.roles.stages import run_deliver
    from streams.settings import role_secrets

    role(run_deliver, config, role_secrets.deliver(platform), platform)


def media(config: Config = None) -> None:
    """Transfer the files of messages, each in a format that the target shows. Example: im-relay media -c relay.toml"""
    from streams.roles.media import run_media
    from streams.settings.role_secrets import MEDIA

    role(run_media, config, MEDIA)


def files(config: Config = None) -> None:
    """Store files for platforms that accept no uploads, and serve them by signed links. Example: im-relay files -c relay.toml"""
    from streams.http_server.listener import ListenError
    from streams.roles.files import serve
    from streams.settings.role_secrets import FILES
    from streams.settings.root import SettingsError, load

    try:
        run_role(serve, load(config, FILES))
    except (SettingsError, ListenError) as error:
        fail(error)


def watch(config: Config = None) -> None:
    """Watch the relay from outside: backlogs and their age, dead letters, owners, test messages, as metrics. Example: im-relay watch -c relay.toml"""
    from streams.roles.watch import run_watch, scope

    role(run_watch, config, scope)


def settings(config: Config = None, *, json: JsonAnyway = False) -> None:
    """Check the settings, and print them without secrets. Example: im-relay settings -c relay.toml"""
    del json
    from streams.settings.root import SettingsError, load, require_apps, shown

    try:
        found = require_apps(load(config))
        for warning in found.renamed:
            print_notice(f"im-relay: {warning}")
        print_json(shown(found), indent=True)
    except SettingsError as error:
        fail(error)


COMMANDS = (ingress, convert, deliver, media, files, watch, settings)


def register(app: typer.Typer) -> None:
    for each in COMMANDS:
        app.command()(each)


app = program()
register(app)
