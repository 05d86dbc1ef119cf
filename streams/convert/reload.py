"""The rules are read again when the settings file changes: no restart, no pause. Everything else in it waits for the next start."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Self

import structlog
from msgspec import structs

from converters.routing.route import App
from streams.observe import metrics
from streams.settings.root import Settings, SettingsError, load, marking
from streams.settings.rules import digest

log = structlog.get_logger()

EVERY = 3.0
"""Seconds between two looks at the file. Its content counts: a mounted file may be another one with the same times."""


class RulesReloader:
    """A context manager that follows the file *path* while *settings* are in force, and gives *take* the apps with new rules."""

    def __init__(
        self,
        path: Path | None,
        settings: Settings,
        apps: Mapping[str, App],
        take: Callable[[Mapping[str, App]], None],
        every: float = EVERY,
    ) -> None:
        self._path = path
        self._settings = settings
        self._apps = apps
        self._take = take
        self._every = every
        self._asked = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self.digest = ""
        self._show(digest({name: app.rules for name, app in settings.apps.items()}))

    async def __aenter__(self) -> Self:
        if self._path is not None:
            with suppress(NotImplementedError, AttributeError, ValueError, RuntimeError):  # not on every system, or thread
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._asked.set)
            self._following = asyncio.create_task(self._follow(self._path, await asyncio.to_thread(_content, self._path)))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
            with suppress(NotImplementedError, AttributeError, ValueError, RuntimeError):
                asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)

    def ask(self) -> None:
        """Look now, changed or not."""
        self._asked.set()

    async def _follow(self, path: Path, known: bytes | None) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._asked.wait()
            seen = await asyncio.to_thread(_content, path)
            if (seen == known and not self._asked.is_set()) or seen is None:
                self._asked.clear()
                continue
            self._asked.clear()
            known = seen
            await self._read(path)

    async def _read(self, path: Path) -> None:
        try:
            settings = await asyncio.to_thread(load, path, self._settings.process)
            apps = marking(settings)
        except SettingsError as error:
            metrics.RULES_READ.labels("refused").inc()
            metrics.RULES_REFUSED.set(1)
            log.error("settings file has changed and is not as it should be: the old rules stay", why=str(error), rules=self.digest)  # noqa: TRY400
            return
        metrics.RULES_REFUSED.set(0)
        if _rest(settings) != _rest(self._settings):
            log.warning("settings file has changed; all but the rules wait for a restart", file=str(path))
        rules = {name: settings.apps[name].rules if name in settings.apps else app.rules for name, app in self._settings.apps.items()}
        now = digest(rules)
        if now == self.digest:
            metrics.RULES_READ.labels("same").inc()
            return
        self._apps = {name: structs.replace(app, rules=apps[name].rules) if name in apps else app for name, app in self._apps.items()}
        self._take(self._apps)
        metrics.RULES_READ.labels("taken").inc()
        before = self.digest
        self._show(now)
        counts = {name: len(of) for name, of in rules.items() if of}
        log.info("rules in force", rules=now, before=before, of=counts)

    def _show(self, now: str) -> None:
        if self.digest:
            metrics.RULES.remove(self.digest)
        self.digest = now
        metrics.RULES.labels(now).set(1)
        if not self._following:
            log.info("rules in force", rules=now)


def _content(path: Path) -> bytes | None:
    """A digest; None where it cannot be read at the moment, as while it is being replaced."""
    try:
        return blake2b(path.read_bytes(), digest_size=16).digest()
    except OSError:
        return None


def _rest(settings: Settings) -> object:
    plain = settings.model_dump()
    for app in plain["apps"].values():
        del app["rules"]
    return plain
