"""How long a migration takes: calls over quotas, or the longest conversation, whichever is more."""

from collections.abc import Callable, Iterable, Mapping
from math import ceil

from msgspec import Struct

from converters.inventory import MESSAGE, AnyItem, kind_of
from converters.migration_rules import Call, MigrationRules

PHASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("people", ("user",)),
    ("relations", ("friendship", "block")),
    ("groups", ("group", "room")),
    ("members", ("member", "group-block", "room-member")),
    ("settings", ("setting",)),
    ("history", (MESSAGE,)),
)
"""One after the other, by the tags of their items; within one, all quotas are used at once."""


class CallCounter:
    """Counts calls exactly, of items that come in a bundle's order; `calls` may be read once all are in."""

    def __init__(self, rules: MigrationRules) -> None:
        self._by_kind: dict[str, list[Call]] = {}
        for call in rules.calls:
            if call.kind != MESSAGE:
                self._by_kind.setdefault(call.kind, []).append(call)
        self._open: dict[str, int] = {}
        self._owner: dict[str, str] = {}
        self._done: dict[str, int] = {}

    def add(self, item: AnyItem, owner: str) -> None:
        """*owner*: by what *item* can stand in one batch with its neighbours: the first part of its id."""
        kind = kind_of(item)
        for call in self._by_kind.get(kind, ()):
            if call.together == "owner" and self._owner.get(call.api) != owner:
                self._close(call)
                self._owner[call.api] = owner
            entries = call.entries(item)
            if entries:
                self._open[call.api] = self._open.get(call.api, 0) + entries

    def calls(self) -> dict[str, int]:
        """By API."""
        for calls in self._by_kind.values():
            for call in calls:
                self._close(call)
        return {api: count for api, count in sorted(self._done.items()) if count}

    def _close(self, call: Call) -> None:
        entries = self._open.pop(call.api, 0)
        self._done[call.api] = self._done.get(call.api, 0) + ceil(entries / call.batch)


class Lane(Struct, frozen=True):
    """The longest conversation of a kind: its messages go one after the other."""

    kind: str
    messages: int


class Row(Struct, frozen=True):
    api: str
    phase: str
    calls: int
    quota: str
    amount: float
    """Calls a second, of all that share *quota*."""
    seconds: float


class Phase(Struct, frozen=True):
    name: str
    seconds: float
    limit: str
    """The quota that it waits for, or `lane`; empty: nothing to do."""


class Estimate(Struct, frozen=True):
    rows: tuple[Row, ...]
    phases: tuple[Phase, ...]
    lane: float
    """Seconds of the longest conversation."""

    @property
    def seconds(self) -> float:
        return sum(phase.seconds for phase in self.phases)


class Saving(Struct, frozen=True):
    quota: str
    amount: float
    wanted: float
    seconds: float
    """Saved in all, with this quota alone raised."""


def recounted(
    declared: MigrationRules, rules: MigrationRules, calls: Mapping[str, int], items: Callable[[str], Iterable[tuple[AnyItem, str]]]
) -> dict[str, int]:
    """*calls*, which were counted by *declared*, by *rules*. *items*: those of a kind, each with its owner, in a bundle's order."""
    batches = {call.api: call.batch for call in declared.calls}
    counter = CallCounter(rules)
    for kind in sorted({call.kind for call in rules.calls if call.batch != batches[call.api]}):
        for item, owner in items(kind):
            counter.add(item, owner)
    return {**calls, **counter.calls()}


def message_calls(rules: MigrationRules, counts: Mapping[str, int]) -> dict[str, int]:
    """*counts*: messages by the kind of their conversation."""
    return {call.api: counts[call.conversation] for call in rules.calls if call.kind == MESSAGE and counts.get(call.conversation)}


def estimate(rules: MigrationRules, calls: Mapping[str, int], lanes: Iterable[Lane], raised: Mapping[str, float] | None = None) -> Estimate:
    """*calls*: by API; *raised*: quotas that are not the default ones, by name."""
    amounts = {quota.name: quota.amount for quota in rules.quotas} | dict(raised or {})
    by_api = {call.api: call for call in rules.calls}
    phase_of = {kind: name for name, kinds in PHASES for kind in kinds}
    rows = tuple(
        Row(api, phase_of[by_api[api].kind], count, by_api[api].quota, amounts[by_api[api].quota], count / amounts[by_api[api].quota])
        for api, count in ((api, calls[api]) for api in by_api if calls.get(api))
    )
    lane = max((one.messages for one in lanes), default=0) * rules.round_trip
    phases = []
    for name, _ in PHASES:
        by_quota: dict[str, float] = {}
        for row in rows:
            if row.phase == name:
                by_quota[row.quota] = by_quota.get(row.quota, 0.0) + row.seconds
        if name == "history" and lane:
            by_quota["lane"] = lane
        limit = max(by_quota, key=lambda one: by_quota[one], default="")
        phases.append(Phase(name, by_quota.get(limit, 0.0), limit))
    return Estimate(rows, tuple(phases), lane)


def savings(
    rules: MigrationRules,
    calls: Mapping[str, int],
    lanes: tuple[Lane, ...],
    raised: Mapping[str, float] | None = None,
    times: float = 5.0,
    least: float = 60.0,
) -> tuple[Saving, ...]:
    """What it saves to have each quota *times* as large, the most first; what saves less than *least* seconds is left out."""
    now = estimate(rules, calls, lanes, raised)
    found = []
    for quota, amount in sorted({(row.quota, row.amount) for row in now.rows}):
        then = estimate(rules, calls, lanes, {**(raised or {}), quota: amount * times})
        if now.seconds - then.seconds >= least:
            found.append(Saving(quota, amount, amount * times, now.seconds - then.seconds))
    return tuple(sorted(found, key=lambda one: -one.seconds))
