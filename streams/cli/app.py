"""`im-relay`: every command."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from streams.cli.common import JsonAnyway, fail
from streams.cli.console import console, console_user
from streams.cli.dead import app as dead
from streams.cli.doctor import doctor
from streams.cli.erase import erase
from streams.cli.fidelity import fidelity
from streams.cli.gaps import gaps
from streams.cli.identities import app as identities
from streams.cli.keys import app as keys
from streams.cli.local_kafka import app as kafka
from streams.cli.preview import preview
from streams.cli.release import release
from streams.cli.replay import replay
from streams.cli.report import report
from streams.cli.size import size
from streams.cli.terminal import CommandGroup, on_defect, print_json, print_line, print_notice
from streams.cli.topics import app as topics
from streams.cli.trace import trace
from streams.cli.transactions import app as transactions
from streams.migrate.commands import app as migrate

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(kafka, name="kafka")
app.add_typer(topics, name="topics")
app.add_typer(transactions, name="transactions")
app.add_typer(identities, name="identities")
app.add_typer(keys, name="keys")
app.add_typer(dead, name="dead")
app.add_typer(migrate, name="migrate")
app.command()(replay)
app.command()(gaps)
app.command()(release)
app.command()(trace)
app.command()(report)
app.command()(size)
app.command()(erase)
app.command()(preview)
app.command()(doctor)
app.command()(fidelity)
app.command()(console)
app.command(name="console-user")(console_user)

Config = Annotated[Path | None, typer.Option("--config", "-c", envvar="IM_RELAY_CONFIG", help="The settings file (TOML).")]


def _say_version(asked: bool) -> None:  # noqa: FBT001 - as typer calls it
    if asked:
        from importlib.metadata import version

        print_line(f"im-relay {version('im-relay')}")
        raise typer.Exit


@app.callback()
def relay(
    *, version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Show the version.")] = False
) -> None:
    """Two chat platforms side by side: each message crosses once, and in order."""
    del version


@app.command()
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


@app.command()
def convert(config: Config = None) -> None:
    """Convert callbacks into deliveries. Rules are reloaded when the settings file changes, and on SIGHUP.

    Example: im-relay convert -c relay.toml
    """
    from streams.roles.stages import run_convert
    from streams.settings.role_secrets import CONVERT

    role(run_convert, config, CONVERT, config)


@app.command()
def deliver(platform: Annotated[str, typer.Option(help="The platform to deliver to.")], config: Config = None) -> None:
    """Deliver to one platform. Example: im-relay deliver --platform NAME -c relay.toml"""
    from streams.roles.stages import run_deliver
    from streams.settings import role_secrets

    role(run_deliver, config, role_secrets.deliver(platform), platform)


@app.command()
def media(config: Config = None) -> None:
    """Transfer the files of messages, each in a format that the target shows. Example: im-relay media -c relay.toml"""
    from streams.roles.media import run_media
    from streams.settings.role_secrets import MEDIA

    role(run_media, config, MEDIA)


@app.command()
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


@app.command()
def watch(config: Config = None) -> None:
    """Watch the relay from outside: backlogs and their age, dead letters, owners, test messages, as metrics. Example: im-relay watch -c relay.toml"""
    from streams.roles.watch import run_watch, scope

    role(run_watch, config, scope)


@app.command()
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


def role(run: Any, config: Path | None, process: Any, *arguments: object) -> None:
    """Run a role that follows topics, with the secrets of *process*, which may depend on the settings."""
    from streams.http_server.listener import ListenError
    from streams.plugins import PluginError
    from streams.settings.root import SettingsError, load, require_apps

    try:
        code = run_role(run, require_apps(load(config, process(config) if callable(process) else process)), *arguments)
    except (SettingsError, ListenError, PluginError) as error:
        fail(error)
    raise typer.Exit(code)


def run_role(role: Any, given: Any, *arguments: object) -> Any:
    """Run *role* with the settings *given*, and answer what it does; its log and its secrets are looked after."""
    import structlog

    from streams.kafka.keepalive import ConnectionTimings, use
    from streams.observe import log, tracing
    from streams.roles import secret_watch

    log.setup(given.observe)
    for warning in given.renamed:
        structlog.get_logger().warning("setting renamed", why=warning)
    secret_watch.begin()
    use(ConnectionTimings(given.kafka.connect_timeout, given.kafka.request_timeout, given.kafka.keepalive))
    tracing.begin(given.tracing, given.process.name)
    try:
        return _completed(role(given, *arguments))
    finally:
        tracing.finish()


def _completed(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def main() -> None:
    from streams.media.sandbox.kernel import undumpable
    from streams.observe import log
    from streams.settings.observing import ObserveSettings

    undumpable()  # what is begun here has secrets in its memory
    sys.excepthook = on_defect
    # On standard error, and only what a person has to know: what a command prints is for programs as well. A role sets up its own.
    log.setup(ObserveSettings(level="warning"))
    app()
