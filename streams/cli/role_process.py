"""How a role is run: its log, its secrets and its connections looked after, and its event loop."""

import asyncio
import gc
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import typer

from streams.cli.exit_codes import fail


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
    collect_garbage()
    try:
        return _completed(role(given, *arguments))
    finally:
        tracing.finish()


def collect_garbage() -> None:
    """From now on, and nothing of what is there: what was imported stays."""
    gc.freeze()
    gc.enable()


def _completed(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
