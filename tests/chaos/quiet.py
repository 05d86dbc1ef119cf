"""Three deliver of one platform, on a cluster as operators have them, with the settings' own times: what people notice of updates and deaths."""

import time
from statistics import quantiles
from typing import Any

from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port
from tests.chaos.accounts import Account
from tests.chaos.rig import Rig, Story
from tests.chaos.scenario import Stage, scenario

CLUSTER = {"group.initial.rebalance.delay.ms": 3000, "group.min.session.timeout.ms": 6000}
"""As Kafka has it where nobody has said otherwise. Source: Apache Kafka, "Broker Configs"."""
P99, WORST = 2000.0, 5000.0
"""Ms from being said to having arrived, while workers are updated one by one."""
MISSED = 6000.0
"""Ms at the most until the conversations of a killed worker go on, whether it is started again or stays away."""
RESTART, AWAY = 1.0, 12.0
"""Seconds after which it is started again, as an orchestrator does, and for which it stays away."""


def _built(stage: Stage, **options: Any) -> Rig:
    node = stage.enter(LocalKafka(stage.directory / "kafka", free_port(), free_port(), heap_mb=512, brief=True, more=CLUSTER))
    rig = stage.build(bootstrap=node.bootstrap, each=3, hurried=False, partitions=6, tireless=True, **options)
    rig.load(stage.messages, stage.rate)
    return rig


@scenario(
    "rolling-three",
    "each of three deliver restarted by SIGTERM, one after the other; the settings' own times; group.initial.rebalance.delay.ms = 3000",
    messages=9_000,
    rate=100,
    rest=40.0,
)
def rolling_three(stage: Stage) -> None:
    rig = _built(stage)
    rig.play(_rolled(rig, 1 if stage.short else 3))
    stage.claims.append(lambda account: [f"{account.doubts.opened} were in doubt"] if account.doubts.opened else [])
    stage.claims.append(lambda _: _slow(stage, rig))


def _rolled(rig: Rig, times: int) -> Story:
    yield 3.0
    for worker in [worker for worker in rig.workers if worker.kind == rig.deliver[-1]] * times:
        before = worker.child
        rig.ask(worker)
        while worker.child is before or not worker.alive or not worker.ready():
            yield 0.1
        yield 1.5


@scenario(
    "killed-three",
    "kill -9 of deliver, one of three: started again after 1 s, and staying away for 12 s, in turn; the settings' own times; "
    "group.initial.rebalance.delay.ms = 3000",
    messages=9_000,
    rate=100,
    rest=40.0,
)
def killed_three(stage: Stage) -> None:
    rig = _built(stage, restart=RESTART)
    gone: list[float] = []
    rig.play(_killed(rig, 2 if stage.short else 6, gone))

    def longest(*, doubtful: bool) -> tuple[int, int]:
        """Ms where it was started again, and where it stayed away."""
        away, again = [0], [0]
        for at, took in rig.delays(doubtful=doubtful):
            (away if any(since - 1 <= at / 1000 <= since + AWAY for since in gone) else again).append(took)
        return max(again), max(away)

    def slow(_: Account) -> list[str]:
        (again, away), (again_in_doubt, away_in_doubt) = longest(doubtful=False), longest(doubtful=True)
        stage.notes.append(
            f"the longest from said to arrived: {again / 1000:.1f} s where it is started again, {away / 1000:.1f} s where it stays away; "
            f"in conversations with a send in doubt {again_in_doubt / 1000:.1f} and {away_in_doubt / 1000:.1f} s"
        )
        return _over(stage, ("started again", again, MISSED), ("away", away, MISSED))

    stage.claims.append(slow)
    stage.claims.append(lambda _: [] if rig.counts["workers put out by others"] else ["nobody was put out by the others"])


def _killed(rig: Rig, kills: int, gone: list[float]) -> Story:
    yield 3.0
    for number in range(kills):
        victim = rig.victim(rig.deliver[-1], ready=True)
        while victim is None:
            yield 0.2
            victim = rig.victim(rig.deliver[-1], ready=True)
        stays_away = number % 2 == 1
        if stays_away:
            gone.append(time.time())
            victim.wanted = False
        rig.kill(victim)
        yield AWAY
        victim.wanted = True
        while not victim.alive or not victim.ready():
            yield 0.2
        yield 1.0


def _slow(stage: Stage, rig: Rig) -> list[str]:
    took = [took for _, took in rig.delays()]
    cut, most = quantiles(took, n=100)[98], max(took)
    stage.notes.append(
        f"from said to arrived: p99 {cut / 1000:.2f} s, {most / 1000:.1f} s at most, {sum(one > 1000 for one in took)} of {len(took)} over 1 s"
    )
    return _over(stage, ("p99", cut, P99), ("the slowest", most, WORST))


def _over(stage: Stage, *found: tuple[str, float, float]) -> list[str]:
    """What took longer than it may; in the short form, which machines play that do other things as well, none is too long."""
    return [f"{name}: {took / 1000:.2f} s" for name, took, most in found if took > most and not stage.short]
