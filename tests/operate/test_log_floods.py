"""Floods of one log line: bounded, and what is left out is said."""

import atexit
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from streams.observe import log, metrics
from streams.observe.log_floods import BURST, SUMMARY, FloodFilter
from streams.settings.observing import ObserveSettings


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Clock, FloodFilter, list[dict[str, object]]]]:
    """A clock, and what the log of a role would hold."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    clock, said = Clock(), []
    made: list[FloodFilter] = []

    def filtered() -> FloodFilter:
        made.append(FloodFilter(clock=clock))
        return made[-1]

    monkeypatch.setattr(log, "FloodFilter", filtered)
    monkeypatch.setattr(atexit, "register", lambda _: None)
    log.setup(ObserveSettings(log="json"))
    monkeypatch.setattr(root.handlers[0], "emit", lambda record: said.append(json.loads(root.handlers[0].format(record))))
    yield clock, made[0], said
    root.handlers[:], root.level = before, level
    structlog.reset_defaults()


def left_out() -> float:
    return float(metrics.LOG_LINES_LEFT_OUT.labels("warning")._value.get())


def test_a_flood_is_cut_and_counted_and_said_by_the_next_line(lines: tuple[Clock, FloodFilter, list[dict[str, object]]]) -> None:
    clock, _, said = lines
    before = left_out()
    logger = structlog.get_logger("streams.test")
    for number in range(BURST + 7):
        logger.warning("platform away", event_id=f"e{number}")
    assert [one["event_id"] for one in said] == [f"e{number}" for number in range(BURST)]
    assert left_out() - before == 7
    clock.now = 10.0
    logger.info("another line")
    assert [one["event"] for one in said[BURST:]] == [SUMMARY, "another line"]
    assert (said[BURST]["of"], said[BURST]["lines"], said[BURST]["level"]) == ("platform away", 7, "warning")


def test_lines_of_another_level_event_or_logger_are_no_part_of_it(lines: tuple[Clock, FloodFilter, list[dict[str, object]]]) -> None:
    _, _, said = lines
    for _ in range(BURST + 1):
        structlog.get_logger("streams.test").warning("platform away")
    structlog.get_logger("streams.test").error("platform away")
    structlog.get_logger("streams.test").warning("platform back")
    structlog.get_logger("streams.other").warning("platform away")
    logging.getLogger("library").warning("platform %s", "away")
    assert len(said) == BURST + 4


def test_the_last_flood_is_said_at_the_end(lines: tuple[Clock, FloodFilter, list[dict[str, object]]]) -> None:
    _, floods, said = lines
    for _ in range(BURST + 3):
        logging.getLogger("library").error("no answer from %s", "there")
    floods.flush()
    floods.flush()
    assert [(one["event"], one["lines"]) for one in said[BURST:]] == [(SUMMARY, 3)]


def test_the_next_period_lets_as_many_through(lines: tuple[Clock, FloodFilter, list[dict[str, object]]]) -> None:
    clock, _, said = lines
    for _ in range(3):
        for _ in range(2 * BURST):
            structlog.get_logger("streams.test").warning("platform away")
        clock.now += 10.0
    assert sum(one["event"] == "platform away" for one in said) == 3 * BURST
    assert [one["lines"] for one in said if one["event"] == SUMMARY] == [BURST, BURST]


def test_kinds_without_end_take_no_memory_without_end() -> None:
    floods = FloodFilter(burst=1)
    for number in range(5000):
        floods.filter(logging.LogRecord("library", logging.INFO, "", 0, f"line {number}", None, None))
    assert len(floods._spells) <= 1024
