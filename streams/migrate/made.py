"""What a migration has made at a target, from its own records: by kind, with the ids that the target gave."""

from collections.abc import Callable, Iterator

from converters.routing.route import App
from streams.cli.times import shown
from streams.kafka.log_reader import LogReader
from streams.migrate.apply import known_of
from streams.migrate.known import Known
from streams.migrate.records import LATE
from streams.settings.root import Settings

Row = tuple[str, str, str, str, str, str]
"""kind, id, what was done, id at the target, run, time."""


async def made_of(settings: Settings, app: App, take: Callable[[Iterator[Row]], int]) -> int:
    """What *take* makes of the rows, by kind. Raises KafkaError, StateError."""
    reader = LogReader(settings.kafka.cluster, committed=True)
    known = known_of(settings, app, reader)
    try:
        await known.refresh()
        return take(_rows(known, app))
    finally:
        known.close()
        await reader.stop()


def _rows(known: Known, app: App) -> Iterator[Row]:
    for key, item in known.items():
        if item.word in ("made", "changed") and not key.endswith(LATE):
            kind, _, name = key.partition("\x1f")
            there = item.remote or (str(app.user_ids.write(name).native) if kind == "user" else "")
            yield kind, name.replace("\x1f", " "), item.word, there, item.run, shown(item.at)
