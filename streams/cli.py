"""`im-relay`: every command."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from streams.identity_commands import app as identities
from streams.kafka.commands import app as kafka
from streams.kafka.topic_commands import app as topics
from streams.kafka.transaction_commands import app as transactions
from streams.operate.dead_commands import app as dead
from streams.operate.fidelity_commands import fidelity
from streams.operate.gap_commands import gaps
from streams.operate.replay_commands import replay
from streams.operate.trace_commands import trace
from streams.preview_commands import preview

app = typer.Typer(
    help="Two chat platforms side by side: each message crosses once, and in order.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(kafka, name="kafka")
app.add_typer(topics, name="topics")
app.add_typer(transactions, name="transactions")
app.add_typer(identities, name="identities")
app.add_typer(dead, name="dead")
app.command()(replay)
app.command()(gaps)
app.command()(trace)
app.command()(preview)
app.command()(fidelity)

Config = Annotated[
    Path | None, typer.Option("--config", "-c", envvar="IM_RELAY_CONFIG", help="The settings file (TOML).")
]


@app.command()
def ingress(config: Config = None) -> None:
    """Take callbacks, and answer 200 when they are in Kafka. Example: im-relay ingress -c relay.toml"""
    from streams.ingress.producer import StoreError
    from streams.ingress.server import serve
    from streams.listener import ListenError
    from streams.settings import SettingsError, load

    try:
        _run(serve, load(config))
    except (SettingsError, StoreError, ListenError) as error:
        _fail(error)


@app.command()
def convert(config: Config = None) -> None:
    """Turn callbacks into deliveries. Rules are read again when the settings file changes, and on SIGHUP.

    Example: im-relay convert -c relay.toml
    """
    from streams.roles import run_convert

    _role(run_convert, config, config)


@app.command()
def deliver(
    platform: Annotated[str, typer.Option(help="The platform to deliver to.")], config: Config = None
) -> None:
    """Deliver to one platform. Example: im-relay deliver --platform NAME -c relay.toml"""
    from streams.roles import run_deliver

    _role(run_deliver, config, platform)


@app.command()
def media(config: Config = None) -> None:
    """Bring the files of messages over, each in the form that its target shows. Example: im-relay media -c relay.toml"""
    from streams.media.role import run_media

    _role(run_media, config)


@app.command()
def files(config: Config = None) -> None:
    """Keep files for platforms that take none, and give them out by signed links. Example: im-relay files -c relay.toml"""
    from streams.files.role import serve
    from streams.listener import ListenError
    from streams.settings import SettingsError, load

    try:
        _run(serve, load(config))
    except (SettingsError, ListenError) as error:
        _fail(error)


@app.command()
def settings(config: Config = None) -> None:
    """Check the settings, and print them without secrets. Example: im-relay settings -c relay.toml"""
    from streams.settings import SettingsError, load, shown

    try:
        print(shown(load(config)))
    except SettingsError as error:
        _fail(error)


def _role(role: Any, config: Path | None, *arguments: object) -> None:
    from streams.listener import ListenError
    from streams.plugins import PluginError
    from streams.settings import SettingsError, load

    try:
        code = _run(role, load(config), *arguments)
    except (SettingsError, ListenError, PluginError) as error:
        _fail(error)
    raise typer.Exit(code)


def _run(role: Any, given: Any, *arguments: object) -> Any:
    from streams import log
    from streams.kafka.kept import Ways, use

    log.setup(given.observe)
    use(Ways(given.kafka.connect_timeout, given.kafka.request_timeout, given.kafka.keepalive))
    work: Coroutine[Any, Any, Any] = role(given, *arguments)
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _fail(error: Exception) -> None:
    print(f"im-relay: {error}", file=sys.stderr)
    raise typer.Exit(2)


def main() -> None:
    app()
