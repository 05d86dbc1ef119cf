"""What a scenario is, and how one is run: a fresh relay, a load, what is done to it, and the account of it."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from streams.kafka.local.broker import LocalKafka
from tests.apps import APPS
from tests.chaos.accounts import Account
from tests.chaos.rig import Rig


class Scenario(NamedTuple):
    name: str
    what: str
    messages: int
    rate: float
    play: "Callable[[Stage], None]"
    own_broker: bool = False
    """Whether it does something to the broker, so that it must be ours."""
    source: str = ""
    """The platform that is left, where it must be this one."""
    rest: float = 18.0
    """Seconds beside the load, on two idle cores: the start, what must be caught up with, the account."""

    @property
    def seconds(self) -> float:
        """How long it takes in full, about."""
        return self.messages / self.rate + self.rest


class Skipped(Exception):
    """This machine, or the broker that was given, cannot play it; the text says why."""


class Result(NamedTuple):
    scenario: Scenario
    seed: int
    account: Account
    complaints: list[str]
    counts: dict[str, int]
    left: list[str]
    seconds: float
    notes: list[str]

    @property
    def good(self) -> bool:
        return not self.complaints


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str, what: str, *, messages: int, rate: float = 600.0, **more: Any
) -> "Callable[[Callable[[Stage], None]], Callable[[Stage], None]]":
    """Name a function as a scenario; *messages* and the *rate* a second are those of the full form."""

    def named(play: "Callable[[Stage], None]") -> "Callable[[Stage], None]":
        SCENARIOS[name] = Scenario(name, what, messages, rate, play, **more)
        return play

    return named


class Stage:
    """What a scenario is given."""

    def __init__(
        self,
        messages: int,
        rate: float,
        seed: int,
        bootstrap: str,
        node: LocalKafka | None,
        directory: Path,
        exits: ExitStack,
        say: Callable[[str], None],
        *,
        short: bool,
        source: str = "yunxin",
    ) -> None:
        self.messages = messages
        self.rate = rate
        self.random = Random(seed)
        self.bootstrap = bootstrap
        self.node = node
        self.short = short
        self.source = source
        self.shuffled = False
        """Whether the platforms call back in disorder."""
        self.excused: dict[str, Callable[[Account], list[str]]] = {}
        """Kinds of anomalies that this scenario may cause, each with what must hold of them instead."""
        self.claims: list[Callable[[Account], list[str]]] = []
        """What else must hold at the end; the answer is what does not."""
        self.last: list[Callable[[], None]] = []
        """What is looked at when all is at rest, and the platforms are still there."""
        self.notes: list[str] = []
        self.patience = 150.0
        """Seconds after the last message in which all must have come to rest."""
        self.left_allowed = False
        """Whether processes may end without being asked to."""
        self.enter = exits.enter_context
        self.directory, self._say = directory, say
        self.rig: Rig

    def build(self, *, tireless: bool = False, **options: Any) -> Rig:
        """*tireless* platforms never stop calling back an address that fails."""
        for platform in (self.source, "easemob") if tireless else ():
            options[platform] = {**APPS[platform].tireless, **options.get(platform, {})}
        given = {"bootstrap": self.bootstrap, "say": self._say, "source": self.source, **options}
        self.rig = self.enter(Rig(self.directory, self.random, **given))
        return self.rig

    def in_disorder(self, *, expected: bool = True) -> None:
        """The platforms shuffle their callbacks: what comes behind a later one may arrive there, if it is marked so; some must,
        if it is *expected*."""
        self.shuffled = True
        self.excused["late"] = nothing
        if expected:
            self.claims.append(lambda account: [] if account.late else ["nothing came late: the disorder was none"])

    @property
    def proxy_ports(self) -> tuple[int, int] | None:
        """(where the broker listens behind a proxy, where the proxy is to listen)"""
        return next(iter(self.node.behind.items()), None) if self.node else None

    @property
    def duration(self) -> float:
        """Seconds in which the load is said."""
        return self.messages / self.rate


def run(
    chosen: Scenario,
    *,
    seed: int,
    bootstrap: str,
    node: LocalKafka | None,
    directory: Path,
    messages: int = 0,
    short: bool = False,
    source: str = "yunxin",
    say: Callable[[str], None] = print,
) -> Result:
    """Raises Skipped, and what the machine does wrong; what the relay does wrong is in the result."""
    begun = time.monotonic()
    if chosen.own_broker and node is None:
        raise Skipped("it needs a broker of its own, and KAFKA_BOOTSTRAP names another")
    with ExitStack() as exits:
        count = messages or (2000 if short else chosen.messages)
        rate, left = min(chosen.rate, 400.0) if short else chosen.rate, chosen.source or source
        stage = Stage(count, rate, seed, bootstrap, node, directory, exits, say, short=short, source=left)
        chosen.play(stage)
        rig = stage.rig
        rig.log("all is said; the rest must arrive")
        unsettled = rig.settle(stage.patience)
        rig.log(unsettled or "at rest")
        for look in stage.last:
            look()
        rig.close_books()
        account = rig.account(shuffled=stage.shuffled)
    complaints = [unsettled] if unsettled else []
    complaints += [f"{kind}: {len(found)}, such as {found[:3]}" for kind, found in account.anomalies(*stage.excused).items()]
    complaints += [text for claim in (*stage.excused.values(), *stage.claims) for text in claim(account)]
    if rig.left and not stage.left_allowed:
        complaints.append(f"left without being asked to: {', '.join(rig.left)}")
    if account.said < count:
        complaints.append(f"only {account.said} of {count} were said")
    return Result(chosen, seed, account, complaints, dict(rig.counts), rig.left, time.monotonic() - begun, stage.notes)


def nothing(_: Account) -> list[str]:
    return []
