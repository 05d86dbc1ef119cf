"""How log lines look, and which lines of libraries are dropped.

What people write and secrets are never given to a logger, with one exception that is mended here: the texts of exceptions, which may quote
whatever was at hand. Of these only the kinds and the places are logged. Ids come from strangers: each is written out as `printable` says.
"""

import atexit
import logging
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from streams.observe.log_floods import FloodFilter
from streams.observe.printable import clean, clean_json
from streams.settings.observing import ObserveSettings

QUIET = {
    "aiokafka": logging.WARNING,  # below, it logs keys and values
    "asyncio": logging.WARNING,
    "faust": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,  # it logs whole URLs
    "mode": logging.WARNING,
    "opentelemetry": logging.ERROR,  # below, it logs each of its retries
    "streams.exactly_once": logging.WARNING,  # Faust speaks through the loggers of its subclasses
    "uvicorn": logging.WARNING,
}

# The broker says these while the markers of the last transaction are written; the client tries again and gets through.
HARMLESS = ("NotEnoughReplicasError", "ConcurrentTransactions", "CoordinatorLoadInProgressError")


REPEAT = 10.0
"""Seconds in which a library says the same thing once: its client tries again twenty times a second in an outage."""

# What a healthy cluster answers at a start, after an election and when a worker joins; the client asks again. Trouble only when it lasts.
PASSING = (
    "CoordinatorNotAvailableError",
    "LoadInProgressError",
    "NotCoordinator",
    "LeaderNotAvailableError",
    "NotLeaderForPartitionError",
    "because it is rebalancing",
    "Marking the coordinator dead",
)
LASTS = 5.0
"""Seconds after which such an answer is logged if it still comes."""


class _RepeatFilter(logging.Filter):
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}
        self._spells: dict[tuple[str, str], tuple[float, float]] = {}
        """When a passing answer came first, and last."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("aiokafka"):
            return True
        if record.levelno <= logging.WARNING and any(name in record.getMessage() for name in HARMLESS):
            return False
        what = record.name, str(record.msg)  # the template: details may differ
        now = self._clock()
        if any(name in record.getMessage() for name in PASSING) and self._passing(what, now):
            return False
        if now - self._said.get(what, -REPEAT) < REPEAT:
            return False
        self._said[what] = now
        return True

    def _passing(self, what: tuple[str, str], now: float) -> bool:
        first, last = self._spells.get(what, (now, now))
        if now - last > REPEAT:
            first = now
        self._spells[what] = first, now
        return now - first < LASTS


class _ContentFilter(logging.Filter):
    """Libraries log exceptions as they are; of those that may quote a message only the kind is kept."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(said(one) if isinstance(one, BaseException) else one for one in record.args)
        if isinstance(record.msg, BaseException):
            record.msg = said(record.msg)
        return True


def setup(observe: ObserveSettings) -> None:
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
        shared.append(structlog.processors.ExceptionRenderer(_formatted))
        renderer = _json
    else:
        shared.append(structlog.processors.ExceptionRenderer(_formatted))
        renderer = _TextRenderer(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_RepeatFilter())
    floods = FloodFilter()
    handler.addFilter(floods)
    atexit.register(floods.flush)
    handler.addFilter(_ContentFilter())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, floor in QUIET.items():
        logging.getLogger(name).setLevel(max(level, floor))


def _json(logger: Any, method: str, event: Any) -> str:
    rendered = structlog.processors.JSONRenderer(ensure_ascii=False, default=_described)(logger, method, event)
    return clean_json(rendered if isinstance(rendered, str) else rendered.decode())


class _TextRenderer:
    """*render* with every value cleaned before; the lines of a traceback are ours."""

    def __init__(self, render: Callable[[Any, str, Any], str]) -> None:
        self._render = render

    def __call__(self, logger: Any, method: str, event: Any) -> str:
        trace = event.pop("exception", None)
        line = self._render(logger, method, {clean(str(name)): _cleaned(value) for name, value in event.items()})
        return line if not trace else "\n".join((line, *map(clean, str(trace).split("\n"))))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    return value if value is None or isinstance(value, bool | int | float) else clean(_described(value))


def _described(value: Any) -> str:
    """Of an exception its kind: its text may quote anybody."""
    return said(value) if isinstance(value, BaseException) else repr(value)


def _formatted(exc_info: Any) -> str:
    return "\n".join(without_text(exc_info[1]))


def without_text(error: BaseException) -> Iterator[str]:
    """The lines of a traceback, without what the exceptions say and without source."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield f"{type(one).__module__}.{type(one).__qualname__}"
        for frame in traceback.extract_tb(one.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        for inner in getattr(one, "exceptions", ()):
            yield f"  with {place(inner)}"
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def said(error: BaseException) -> str:
    """The kind, and the text where the broker's client or the system has made it; of all others it may quote what was said."""
    if isinstance(error, KafkaError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__


def place(error: BaseException) -> str:
    """Where *error* was raised, and its kind; without its text, which may quote what was said."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    way = " < ".join(f"{frame.name} ({Path(frame.filename).name}:{frame.lineno})" for frame in reversed(frames))
    return f"{type(error).__name__} in {way}"
