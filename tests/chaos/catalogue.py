"""All scenarios, in the order in which they are played: those that tell most come first."""

from tests.chaos import (
    attachments,
    broker,
    brokers,
    features,
    fleet,
    knowing,
    machine,
    people,
    processes,
    quiet,
    renames,
    stale_state,
    target,
    topics,
    upgrade,
)
from tests.chaos.scenario import SCENARIOS as DECLARED

_ORDER = (
    processes,
    quiet,
    knowing,
    people,
    renames,
    fleet,
    upgrade,
    features,
    broker,
    brokers,
    topics,
    stale_state,
    target,
    attachments,
    machine,
)
SCENARIOS = {one.name: one for module in _ORDER for one in DECLARED.values() if one.play.__module__ == module.__name__}
