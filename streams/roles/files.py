"""`im-relay files` as a process."""

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from msgspec import structs

from converters.core.localized import localized, text_of
from streams.files.app import STALL, FilesApp
from streams.files.disk import DirectoryError, FileDirectory
from streams.http_server.connections import PortLimits
from streams.http_server.listener import Listener, until_told
from streams.observe import metrics
from streams.observe.log import place
from streams.roles import health as healths
from streams.roles.health import Health
from streams.settings.root import Settings, SettingsError
from streams.settings.secret_settings import long_enough

log = structlog.get_logger(__name__)

DAY = 86_400.0
EVERY = 600.0
"""Seconds from the end of one look at all files to the next."""
SWEEP = "sweep"
BOUNDS = PortLimits(connections=512, streams=True, strangers_rate=0)
"""An upload on its way holds up to 128 KiB."""


async def serve(settings: Settings) -> None:
    """Keep files until SIGTERM or SIGINT. Raises SettingsError, ListenError."""
    await until_told(lambda stop: run(settings, stop))


async def run(settings: Settings, stop: asyncio.Event, started: "asyncio.Future[tuple[int, int]] | None" = None) -> None:
    """As `serve`, until *stop* is set; *started* receives the ports of files and of `/metrics`."""
    files, health = settings.files, Health()
    try:
        long_enough("files.secret", files.secret)
    except ValueError as error:
        raise SettingsError(text_of(error)) from None
    if not files.public_url:
        raise SettingsError(
            localized("files.public_url is missing: where chat clients reach files.port, such as https://files.example.com")
        )
    disk = FileDirectory(files.directory, kept=files.kept_days * DAY)
    app = FilesApp(
        disk, files.secret.get_secret_value().encode(), public_url=files.public_url, lives=files.link_days * DAY, largest=files.max_bytes
    )
    observer = healths.listener(health, settings.observe)
    listener = Listener(app, files.hosts(), files.port, "files", structs.replace(BOUNDS, idle=files.keep_alive))
    try:
        disk.open()
    except DirectoryError as error:
        raise SettingsError(text_of(error)) from None
    sweeping: asyncio.Task[Any] | None = None
    try:
        await observer.start()
        try:
            await listener.start()
            sweeping = asyncio.create_task(_sweep(disk, health))
            health.ready(True)
            log.info("files ready", port=listener.port, directory=str(files.directory), observe=observer.port)
            if started is not None:
                started.set_result((listener.port, observer.port))
            await stop.wait()
            log.info("files stopped")
            health.ready(False, "stopping")
            await listener.stop(STALL / 2)
        finally:
            if sweeping is not None:
                sweeping.cancel()
                with suppress(asyncio.CancelledError):
                    await sweeping
            await observer.stop(1.0)
    finally:
        disk.close()


async def _sweep(disk: FileDirectory, health: Health) -> None:
    health.watch(SWEEP, lambda: True, patience=3 * EVERY)
    while True:
        try:
            seen = await disk.sweep(lambda: health.progress(SWEEP))
            metrics.FILES.set(seen.files)
            metrics.FILES_SIZE.set(seen.bytes)
            metrics.FILES_FREE.set(disk.free())
            health.progress(SWEEP)
            if seen.deleted:
                log.info("files deleted", files=seen.deleted)
        except OSError as error:  # the health says so if it lasts
            log.warning("files cannot be looked through", error=place(error))
        await asyncio.sleep(EVERY)
