"""What all partitions of a migration worker share."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct
from prometheus_client import Counter

from converters.core.outcome import NotSent, Unsure
from converters.probing import Findings
from converters.routing.route import App
from streams.dead_letters.dead_letter_limit import DeadLetterLimit
from streams.deliver.settings import DeliverSettings
from streams.kafka.linger import AdaptiveLinger
from streams.kafka.log_reader import LogReader
from streams.migrate.credentials import Passwords
from streams.migrate.orders import Orders
from streams.observe import metrics
from streams.outbound.admission import Admission
from streams.outbound.client import PlatformClient
from streams.state.turns import FairTurns


class Topics(Struct, frozen=True):
    """Of one target platform."""

    tasks: str
    done: str
    imported: str
    ledger: str
    dead: str
    identities: str
    jobs: str
    results: str
    partitions: int
    """Of every topic."""


class Around(Struct, frozen=True):
    platform: str
    names: Topics
    apps: Mapping[str, App]
    clients: Mapping[str, PlatformClient]
    gates: Mapping[str, Admission]
    settings: DeliverSettings
    window: int
    in_flight: int
    recent: int
    """Ms; messages that were said within them before their import can be recalled and quoted after it."""
    state: Path
    log: LogReader
    fuse: DeadLetterLimit
    orders: Orders
    passwords: Passwords
    linger: AdaptiveLinger
    restoring: FairTurns

    def findings(self, app: str) -> Findings:
        run = self.orders.runs.get(app)
        return run.findings if run is not None else Findings()


@cache
def _counter(kind: str, outcome: str) -> Counter:
    return metrics.MIGRATED.labels(kind, outcome)


def counted(kind: str, outcome: str, count: int) -> None:
    """So many items or messages more have ended so."""
    _counter(kind, outcome).inc(count)


def doubted(app: str, step: str) -> None:
    metrics.MIGRATE_DOUBTS.labels(app, step).inc()


def worst(outcomes: Iterable[object]) -> NotSent | Unsure | None:
    """What an answer with several outcomes says of the platform; None where all is well with it."""
    found = [one for one in outcomes if isinstance(one, NotSent | Unsure)]
    return next((one for one in found if isinstance(one, Unsure)), found[0] if found else None)
