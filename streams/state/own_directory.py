"""A worker's own directory under a directory of state, and what is said where there can be none."""

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

import structlog

from converters.core.localized import localized
from streams.observe import metrics
from streams.settings.root import SettingsError
from streams.state.disk import refusal
from streams.state.errors import StateError

log = structlog.get_logger()


def own_directory(state: Path, group: str, setting: str = "deliver.state") -> Path:
    """A directory that no other worker on this machine uses: the first free one of `<group>-0`, `<group>-1`, …

    Raises SettingsError, which names *setting*.
    """
    for number in range(1000):
        path = state / f"{group}-{number}"
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = (path / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise SettingsError(
                localized("{setting} is {state}; {why}", setting=setting, state=state, why=refusal(Path(error.filename or path), error))
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            log.info("state directory is another worker's", path=str(path), process=lock.read(64).strip() or "outcome not reported")
            lock.close()
            continue
        except OSError as error:
            lock.close()
            raise SettingsError(localized("{setting} is {state}; {why}", setting=setting, state=state, why=refusal(path, error))) from None
        with suppress(OSError):  # a full disk; it is only told to others
            lock.truncate(0)
            lock.write(f"{os.getpid()} on {socket.gethostname()}\n")
            lock.flush()
        _locks.append(lock)
        return path
    raise SettingsError(localized("{setting} is {state}; a thousand workers already use it", setting=setting, state=state))


_locks: list[object] = []
"""Held as long as the process lives."""


def do_without(stage: str, what: str, state: Path, error: SettingsError | StateError) -> None:
    """Say, and count as refused, that *what* is held in memory, where nothing can be kept under *state*."""
    kind = error.kind if isinstance(error, StateError) else "forbidden"
    metrics.STATE_REFUSED.labels(stage, kind).set(1)
    log.warning("no directory: it is held in memory", what=what, path=str(state), kind=kind, error=str(error))
