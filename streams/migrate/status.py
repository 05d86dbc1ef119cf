"""How far a migration is, read from its topics."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from converters.inventory import KINDS, MESSAGE
from converters.routing.route import App
from streams.cli.times import shown
from streams.kafka.log_reader import LogReader
from streams.migrate.apply import known_of, orders_of
from streams.migrate.records import Feed, Run
from streams.migrate.shown import done_of
from streams.settings.root import Settings

EXAMPLES = 10


class Seen(Struct, frozen=True):
    run: Run
    feed: Feed | None
    counts: Mapping[tuple[str, str], int]
    stopped: list[tuple[str, str]]
    """(event id, why) of the conversations in which nothing goes on."""

    def plain(self) -> dict[str, Any]:
        counts = self.counts
        return {
            "app": self.run.app,
            "bundle": self.run.bundle,
            "mode": self.run.mode,
            "between": self.run.between,
            "started": self.run.started,
            "feeds": self.feed.kind if self.feed else "",
            "done": {kind: done_of(kind, counts) for kind in (*KINDS, MESSAGE)},
            "refused": {kind: counts.get((kind, "refused"), 0) for kind in KINDS},
            "there": {kind: counts.get((kind, "there"), 0) for kind in KINDS},
            "live": counts.get(("lane", "live"), 0),
            "skipped": counts.get(("lane", "skipped"), 0),
            "doubts": counts.get(("lane", "doubts"), 0),
            "stopped": [event for event, _ in self.stopped],
            "lacking": self.feed.lacking if self.feed else {},
            "older": self.feed.older if self.feed else 0,
        }

    def lines(self) -> list[str]:
        run, counts = self.run, self.counts
        hours = f", from {run.between} ({run.zone})" if run.between else ""
        found = [f"{run.app}  bundle {run.bundle}  {run.mode} since {shown(run.at)} UTC by {run.by or 'unknown'}{hours}"]
        if self.feed is not None and self.feed.kind:
            found.append(f"feeds {self.feed.kind}")
        for kind in KINDS:
            if done := done_of(kind, counts):
                there, refused = counts.get((kind, "there"), 0), counts.get((kind, "refused"), 0)
                found.append(
                    f"{kind:<12} {done:>14,}" + (f"  {there:,} were there" if there else "") + (f"  {refused:,} refused" if refused else "")
                )
        if done := done_of(MESSAGE, counts):
            words = {"live": "carried live", "skipped": "left out", "doubts": "settled by a repeat that was refused"}
            told = "".join(f"  {counts[('lane', word)]:,} {text}" for word, text in words.items() if counts.get(("lane", word)))
            found.append(f"{MESSAGE:<12} {done:>14,}{told}")
        for event, why in self.stopped[:EXAMPLES]:
            found.append(f"stopped at {event}: {why}")
        if self.stopped:
            found.append(f"{len(self.stopped)} conversations wait for a person: im-relay dead list --stage migrate")
        return found


async def seen(settings: Settings, app: str, apps: Mapping[str, App]) -> Seen | None:
    """None where no migration to *app* has begun. Raises KafkaError, StateError, SettingsError."""
    orders = await orders_of(settings)
    run = orders.runs.get(app)
    if run is None:
        return None
    reader = LogReader(settings.kafka.cluster, committed=True)
    known = known_of(settings, apps[app], reader)
    try:
        await known.refresh()
        stopped = [(progress.letter, progress.stopped) for _, progress in known.stopped()]
        return Seen(run, orders.feeds.get((app, run.bundle)), known.counts, stopped)
    finally:
        known.close()
        await reader.stop()
