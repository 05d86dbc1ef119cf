"""A note beside a store that was found damaged, which outlives the process: it is made anew at the next opening, and not again and again."""

import os
import time
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from converters.core.localized import Localized, localized
from streams.state.disk import refusal
from streams.state.errors import DamagedError, StateError

log = structlog.get_logger()

AGAIN = 1800.0
"""Seconds after it was made anew in which more damage is not mended but told: something damages it, and would go on."""


class DamageNote(Struct, frozen=True):
    """Times in seconds since 1970; 0 is never."""

    found: float = 0.0
    why: str = ""
    remade: float = 0.0


def noted(path: Path) -> DamageNote:
    """What is known of the store at *path*. Raises StateError."""
    try:
        return msgspec.json.decode(_beside(path).read_bytes(), type=DamageNote)
    except FileNotFoundError:
        return DamageNote()
    except msgspec.DecodeError:
        return DamageNote(found=time.time(), why="the note of it cannot be read")
    except OSError as error:
        raise refusal(_beside(path), error) from None


def met(path: Path) -> None:
    """Raises DamagedError where an earlier reading of the store at *path* has met damage, StateError where the note cannot be read."""
    if noted(path).found:
        raise DamagedError(Localized(noted(path).why))


def found(path: Path, why: str) -> None:
    """Note that the store at *path* is damaged; the first cause stays. Raises StateError."""
    known = noted(path)
    if known.found:
        return
    log.error("local state damaged", path=str(path), why=why)
    _write(path, DamageNote(found=time.time(), why=why, remade=known.remade))


def renewing(path: Path) -> None:
    """It is about to be made anew, if it may be. Raises StateError, of the kind `damaged` where it was a short time ago."""
    known, now = noted(path), time.time()
    if 0 <= now - known.remade < AGAIN:
        raise StateError(
            localized(
                "{path} was damaged, was made anew {minutes:.0f} minutes ago, and is damaged again ({why}): it is left as it is. Look at the disk and the kernel's log; it is tried again {again:.0f} minutes after it was last made anew, or once {note} is removed",
                path=path,
                minutes=(now - known.remade) / 60,
                why=known.why,
                again=AGAIN / 60,
                note=_beside(path),
            ),
            "damaged",
        )


def renewed(path: Path) -> None:
    """It was made anew. Raises StateError."""
    _write(path, DamageNote(remade=time.time()))


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged")


def _write(path: Path, note: DamageNote) -> None:
    target = _beside(path)
    temporary = target.with_name(f"{target.name}.new")
    try:
        with temporary.open("wb") as file:
            file.write(msgspec.json.encode(note))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise refusal(target, error) from None
