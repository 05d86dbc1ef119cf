"""A database that is opened, or made anew where it was damaged, once."""

from pathlib import Path

import structlog

from streams.observe import metrics
from streams.state import damage
from streams.state.database import CACHE, Database, remove
from streams.state.errors import DamagedError

log = structlog.get_logger()


def opened(path: Path, stage: str, *, blocks: int = CACHE) -> Database:
    """Raises StateError; of the kind `damaged` where it was made anew a short time ago."""
    try:
        damage.met(path)
        return Database(path, blocks=blocks)
    except DamagedError as error:
        return mended(path, stage, str(error), blocks=blocks)


def mended(path: Path, stage: str, why: str, *, blocks: int = CACHE) -> Database:
    """Empty, in place of what is damaged and closed. Raises StateError as above."""
    damage.found(path, why)
    damage.renewing(path)
    log.error("local state rebuilding", path=str(path), why="damaged", detail=why)
    metrics.STATE_REBUILT.labels(stage, "damaged").inc()
    remove(path)
    damage.renewed(path)
    return Database(path, blocks=blocks)
