"""Delivery of the events of one conversation, as docs/architecture.md tells it and `streams.deliver.protocol` decides it.

Owners of the partition come one after the other. Any of them may crash or freeze at any moment; the next one fences it, which aborts its
open transaction. A frozen one wakes, and can do one thing before it sees that it is fenced: send what it has a young intent for.
Requests arrive or are lost, answered or not; the target calls back at once, late or never. Whoever likes posts echoes that are none.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Literal, NamedTuple, TypeVar

from converters.core.outcome import Delivered, Unsure
from streams.deliver.ledger_schema import Entry, Intent, Settled
from streams.deliver.protocol import DeliveryStep, EventState, admitted, decided, may_leave, moved, refusal
from tests.model.search import Wrong

T = TypeVar("T")

NONE, INTENT, THERE = "none", "intent", "there"
HELD = "held"
"""As in `held 0`: the letter of record 0."""


class Record(NamedTuple):
    """What lies in the topic of deliveries."""

    event: int
    released: str = ""
    """A person has put back the letter of that record."""


class Rules(NamedTuple):
    """The relay as it is built, unless a control says otherwise."""

    records: tuple[Record, ...] = (Record(0),)
    owners: int = 3
    in_doubt: Literal["resend", "hold"] = "resend"
    echo: Literal["prompt", "late", "never"] = "prompt"
    """*prompt*: it lies in its topic before anybody has waited for it in vain."""
    releases: int = 0
    """How many letters a person puts back."""
    reads_committed_only: bool = False
    lease_not_kept: bool = False
    echo_not_looked_at: bool = False
    hold_forgotten: bool = False
    next_goes_in_doubt: bool = False
    forged: Literal["", "other-app", "unkeyed", "keyed"] = ""
    """Echoes that strangers post of any event at any time: in another app, with a mark of the time before keys, or, if they had one, with a key."""
    all_believed: bool = False


class Owner(NamedTuple):
    state: EventState
    """Of the event of the record that is read next."""
    ledger: tuple[str, ...]
    """What it knows of each event: its local state."""
    read: int
    """Records before this one are settled, as far as it is concerned."""
    heard: frozenset[int] = frozenset()
    """Events that the target has called back to it."""
    letters: frozenset[int] = frozenset()
    """Records whose dead letters it has written and not committed."""
    outcome: str = ""


class State(NamedTuple):
    records: tuple[Record, ...]
    owner: Owner
    heirs: int
    """How many may yet take over."""
    committed: tuple[str, ...]
    """The ledger, by event: as far as it is committed, and as far as it was written."""
    written: tuple[str, ...]
    frozen: tuple[int, ...] = ()
    """Events for which an earlier owner, frozen, has a young intent and has not sent."""
    settled: int = 0
    """The committed offset of deliveries."""
    heard: frozenset[int] = frozenset()
    """Events before the committed offset of echoes."""
    flight: tuple[int, ...] = ()
    """Requests on their way, by the event."""
    target: tuple[int, ...] = ()
    """What has arrived, in that order."""
    due: frozenset[int] = frozenset()
    """Events that the target is yet to call back."""
    echoed: frozenset[int] = frozenset()
    letters: frozenset[int] = frozenset()
    """Records whose dead letters can be read."""
    released: int = 0
    asked: tuple[int, ...] = ()
    """Where a person decides, requests that may have arrived, by the event."""


Following = Iterator[tuple[str, State]]


def start(rules: Rules) -> State:
    none = (NONE,) * (1 + max(record.event for record in rules.records))
    return State(rules.records, Owner(EventState.QUEUED, none, 0), rules.owners - 1, none, none, asked=(0,) * len(none))


def steps(rules: Rules) -> Callable[[State], Following]:
    def following(state: State) -> Following:
        yield from _world(rules, state)
        yield from _dies(rules, state)
        yield from _owns(rules, state)

    return following


def at_the_end(state: State) -> str:
    """Nothing more can happen: every event is at the target, or has a letter that a person can read."""
    for event, entry in enumerate(state.committed):
        if event not in state.target and not any(state.records[place].event == event for place in state.letters):
            return f"event {event} is lost: {entry}"
    return ""


# -- the world


def _world(rules: Rules, state: State) -> Following:
    for event in set(state.flight):
        left = state._replace(flight=_less(state.flight, event))
        yield f"request for {event} arrives", _arrived(rules, left, event)
        yield f"request for {event} is lost", left
    for event in state.due:
        yield f"{event} is called back", state._replace(due=state.due - {event}, echoed=state.echoed | {event})
    for event in set(state.frozen):
        woken = state._replace(frozen=_less(state.frozen, event))
        yield f"a frozen owner wakes and sends {event}", _leaves(rules, woken, event)
    for place in sorted(state.letters) if state.released < rules.releases else ():
        back = Record(state.records[place].event, str(place))
        name = f"a person puts the letter of record {place} back"
        yield name, state._replace(records=(*state.records, back), letters=state.letters - {place}, released=state.released + 1)


def _arrived(rules: Rules, state: State, event: int) -> State:
    if event in state.target:
        if rules.in_doubt == "resend" and rules.echo == "prompt":
            raise Wrong(f"event {event} is doubled")
        return state
    if any(other > event for other in state.target):
        raise Wrong(f"event {event} comes behind a later one")
    state = state._replace(target=(*state.target, event))
    if rules.echo == "late":
        return state._replace(due=state.due | {event})
    return state._replace(echoed=state.echoed | {event}) if rules.echo == "prompt" else state


def _leaves(rules: Rules, state: State, event: int) -> State:
    if rules.in_doubt == "hold":
        if state.asked[event] > state.released:
            raise Wrong(f"event {event} leaves although nobody has decided about it")
        state = state._replace(asked=_with(state.asked, event, state.asked[event] + 1))
    return state._replace(flight=tuple(sorted((*state.flight, event))))


def _dies(rules: Rules, state: State) -> Following:
    """Fence, then read: the open transaction is aborted, and what it wrote is believed all the same."""
    if not state.heirs:
        return
    found = state.committed if rules.reads_committed_only else state.written
    heir = state._replace(owner=Owner(EventState.QUEUED, found, state.settled), heirs=state.heirs - 1)
    yield "it crashes, and another takes over", heir
    if state.owner.state is EventState.LICENSED and not _known(rules, state):
        frozen = tuple(sorted((*state.frozen, _event(state))))
        yield "it freezes, and another takes over", heir._replace(frozen=frozen)


# -- the owner


def _owns(rules: Rules, state: State) -> Following:
    owner = state.owner
    yield from _hears(rules, state)
    # The open transaction ends: what was written, letters, and up to where all is settled.
    committed = state._replace(
        committed=owner.ledger,
        written=owner.ledger,
        settled=owner.read,
        heard=state.heard | owner.heard,
        letters=state.letters | owner.letters,
        owner=owner._replace(letters=frozenset()),
    )
    if committed != state:
        yield "commits", committed
    if owner.read == len(state.records):
        return
    event = _event(state)
    match owner.state:
        case EventState.QUEUED:
            yield _admits(rules, state)
        case EventState.GATE | EventState.LICENSED if _known(rules, state):
            yield f"finds that {event} was called back", _ended(state, THERE)
        case EventState.GATE:
            yield f"writes the intent of {event}", _at(_written(state, event, INTENT), EventState.LICENSED)
        case EventState.LICENSED:
            if event in owner.heard | state.heard:
                raise Wrong(f"event {event} leaves although its echo was heard")
            yield f"sends {event}", _at(_leaves(rules, state, event), EventState.ASKED)
            yield f"is too slow to send {event}", _at(state, EventState.GATE)
        case EventState.ASKED:
            yield from _answered(rules, state, event)
        case EventState.DOUBT:
            yield from _settles(rules, state, event)
        case EventState.ENDED:
            yield f"writes the end of {event}: {owner.outcome}", _ends(state, event)


def _admits(rules: Rules, state: State) -> tuple[str, State]:
    owner, record = state.owner, state.records[state.owner.read]
    known = owner.ledger[record.event]
    step = DeliveryStep.SEND if rules.hold_forgotten and known.startswith(HELD) else _admitted(known, record.released)
    past = state._replace(owner=owner._replace(read=owner.read + 1))
    match step:
        case DeliveryStep.SKIP:
            return f"knows {record.event}", past
        case DeliveryStep.HOLD:
            if known == f"{HELD} {owner.read}":
                # Its letter may have gone with the transaction of an earlier owner.
                past = past._replace(owner=past.owner._replace(letters=owner.letters | {owner.read}))
            return f"holds {record.event} still", past
        case DeliveryStep.SETTLE:
            return f"finds {record.event} in doubt", _at(state, EventState.DOUBT)
        case _:
            return f"takes {record.event}", _at(state, EventState.GATE)


def _answered(rules: Rules, state: State, event: int) -> Following:
    if event in state.flight:
        left = state._replace(flight=_less(state.flight, event))
        yield f"has the answer to {event}", _ended(_arrived(rules, left, event), THERE)
        refused = left._replace(asked=_with(state.asked, event, max(0, state.asked[event] - 1)))
        yield f"is told that {event} was not taken", _at(refused, EventState.GATE)
    else:
        yield f"has no answer to {event}", _at(state, EventState.DOUBT)


def _settles(rules: Rules, state: State, event: int) -> Following:
    """Lease and echo wait are over: what was on its way has arrived or is lost, and no earlier owner's intent is young."""
    owner = state.owner
    if rules.next_goes_in_doubt and owner.read + 1 < len(state.records):
        yield "lets the next one pass", state._replace(owner=owner._replace(state=EventState.QUEUED, read=owner.read + 1))
    if event in state.flight:
        return
    waited = state if rules.lease_not_kept else state._replace(frozen=())
    there = Delivered("1") if event in state.echoed else None
    match decided(Unsure("no answer"), there, None, rules.in_doubt)[0]:
        case Delivered():
            yield f"settles {event} by its echo", _ended(_heard(waited, event), THERE)
        case Unsure():
            yield f"holds {event}", _ended(waited, f"{HELD} {owner.read}")
        case _:
            yield f"sends {event} again", _at(waited, EventState.GATE)


def _ends(state: State, event: int) -> State:
    owner = state.owner
    outcome = THERE if event in owner.heard else owner.outcome
    state = _written(state, event, outcome)
    letters = owner.letters | {owner.read} if outcome.startswith(HELD) else owner.letters
    return state._replace(owner=state.owner._replace(state=EventState.QUEUED, read=owner.read + 1, outcome="", letters=letters))


def _hears(rules: Rules, state: State) -> Following:
    for event in state.echoed - state.heard - state.owner.heard:
        if not _refused(state.owner.ledger[event], "new", unkeyed=False):
            yield f"hears the echo of {event}", _heard(state, event)
        elif not rules.reads_committed_only:
            raise Wrong(f"the echo of event {event} is refused")
    if rules.forged:
        target = "other" if rules.forged == "other-app" else "new"
        for event, known in enumerate(state.owner.ledger):
            if event in state.owner.heard | state.heard:
                continue
            if rules.all_believed or not _refused(known, target, unkeyed=rules.forged == "unkeyed"):
                yield f"hears a forged echo of {event}", _heard(state, event)


def _heard(state: State, event: int) -> State:
    """It goes to the ledger with the offset at which it lay."""
    state = _written(state, event, THERE)
    return state._replace(owner=state.owner._replace(heard=state.owner.heard | {event}))


# -- small things


def _event(state: State) -> int:
    return state.records[state.owner.read].event


def _known(rules: Rules, state: State) -> bool:
    """What it looks at last before the socket."""
    there = _event(state) in state.owner.heard
    return not rules.echo_not_looked_at and not may_leave(0, 1, there=there)


def _at(state: State, to: EventState) -> State:
    return state._replace(owner=state.owner._replace(state=moved(state.owner.state, to)))


def _ended(state: State, outcome: str) -> State:
    ended = _at(state, EventState.ENDED)
    return ended._replace(owner=ended.owner._replace(outcome=outcome))


def _written(state: State, event: int, entry: str) -> State:
    owner = state.owner._replace(ledger=_with(state.owner.ledger, event, entry))
    return state._replace(owner=owner, written=_with(state.written, event, entry))


def _with(all_: tuple[T, ...], place: int, one: T) -> tuple[T, ...]:
    return (*all_[:place], one, *all_[place + 1 :])


def _less(all_: tuple[int, ...], one: int) -> tuple[int, ...]:
    place = all_.index(one)
    return all_[:place] + all_[place + 1 :]


@cache
def _admitted(known: str, released: str) -> DeliveryStep:
    """The relay's own decision."""
    return admitted(_entry(known), released)


@cache
def _refused(known: str, target: str, *, unkeyed: bool) -> str:
    """The relay's own decision."""
    return refusal(_entry(known), target, unkeyed=unkeyed)


def _entry(known: str) -> Entry | None:
    kind, _, held = known.partition(" ")
    entries: dict[str, Entry | None] = {
        NONE: None,
        INTENT: Intent(target="new", at=0, keyed=True),
        THERE: Settled(outcome=Delivered("1"), target="new", at=0, keyed=True),
        HELD: Settled(outcome=Unsure("no answer"), target="new", at=0, held=held, keyed=True),
    }
    return entries[kind]
