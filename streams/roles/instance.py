"""A worker's name in its consumer groups, under which it comes back when it was killed."""

import re
from pathlib import Path
from uuid import uuid4

import structlog

log = structlog.get_logger()

FILE = "instance"
_FORM = re.compile(r"[0-9a-f]{32}")


def name_of(given: str, directory: Path | None) -> str:
    """*given*, or the name that lies in *directory*, which no other process uses: made there when there is none. Empty where none can be kept."""
    if given or directory is None:
        return given
    path = directory / FILE
    try:
        if path.exists() and _FORM.fullmatch(found := path.read_text(encoding="utf-8").strip()):
            return found
        made = uuid4().hex
        path.write_text(made + "\n", encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        log.info(
            "the worker has no name of its own: killed and started again, it waits until it was given up",
            path=str(path),
            error=type(error).__name__,
        )
        return ""
    return made
