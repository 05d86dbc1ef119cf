"""A role whose secrets have changed on disk ends, to be started anew with the new ones by whatever keeps it running.

So a secret is changed in one place, and nothing of it has to stand beside the pods to say that it did. Kubernetes brings a mounted Secret up
to date within a minute or two. Each process waits a while of its own, so that not all of a role are away at once. Source: Kubernetes,
"Secrets", mounted Secrets are updated automatically.
"""

import os
import random
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from streams.settings import role_secrets

log = structlog.get_logger(__name__)

EVERY = 10.0
"""Seconds between two looks."""
SPREAD = 60.0
"""Seconds over which the processes end."""


def begin() -> None:
    """Watch what this process has read, if anything, as long as it lives."""
    if role_secrets.files_read:
        watch = SecretWatch(dict(role_secrets.files_read), threading.Event().wait, lambda: os.kill(os.getpid(), signal.SIGTERM))
        threading.Thread(target=watch.run, name="secret-watch", daemon=True).start()


class SecretWatch:
    """*known* are paths with what was read there, *wait* sleeps for seconds, *end* asks the process to end."""

    def __init__(self, known: Mapping[Path, str], wait: Callable[[float], object], end: Callable[[], None]) -> None:
        self._known = known
        self._wait = wait
        self._end = end

    def run(self) -> None:
        """Until something has changed; then end, once."""
        while not (changed := self.changed()):
            self._wait(EVERY)
        wait = random.uniform(0.0, SPREAD)  # noqa: S311 - to spread them
        log.warning("secrets changed, stopping for a restart", files=[str(path) for path in changed], seconds=round(wait))
        self._wait(wait)
        self._end()

    def changed(self) -> list[Path]:
        """Files that hold something else; one that is empty or away for a moment, as while it is replaced, is not meant."""
        found = {path: _content(path) for path in self._known}
        return [path for path, now in found.items() if now and now != self._known[path]]


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
