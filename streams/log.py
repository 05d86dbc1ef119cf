"""How log lines look, and which lines of libraries are dropped.

What people write and secrets are never given to a logger; there is nothing to blot out here.
"""

import logging
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from streams.settings import Observe

QUIET = {
    "aiokafka": logging.WARNING,  # below, it logs keys and values
    "asyncio": logging.WARNING,
    "faust": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,  # it logs whole URLs
    "mode": logging.WARNING,
    "streams.exact": logging.WARNING,  # Faust speaks through the loggers of its subclasses
    "uvicorn": logging.WARNING,
}

# The broker says these while the markers of the last transaction are written; the client tries again and gets through.
HARMLESS = ("NotEnoughReplicasError", "ConcurrentTransactions", "CoordinatorLoadInProgressError")


REPEAT = 10.0
"""Seconds in which a library says the same thing once: its client tries again twenty times a second in an outage."""


class _Repeated(logging.Filter):
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("aiokafka"):
            return True
        if record.levelno <= logging.WARNING and any(name in record.getMessage() for name in HARMLESS):
            return False
        what = record.name, str(record.msg)  # the template: details may differ
        now = self._clock()
        if now - self._said.get(what, -REPEAT) < REPEAT:
            return False
        self._said[what] = now
        return True


def setup(observe: Observe) -> None:
    """One line an event on standard error, from structlog and the standard library alike."""
    level = logging.getLevelNamesMapping()[observe.level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: Any
    if observe.log == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        # Rich's tracebacks show local variables: messages and secrets would be among them.
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )  # fmt: skip
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Repeated())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, floor in QUIET.items():
        logging.getLogger(name).setLevel(max(level, floor))


def place(error: BaseException) -> str:
    """Where *error* was raised, and its kind; without its text, which may quote what was said."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    way = " < ".join(f"{frame.name} ({Path(frame.filename).name}:{frame.lineno})" for frame in reversed(frames))
    return f"{type(error).__name__} in {way}"
