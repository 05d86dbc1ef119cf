"""Three deliver of one platform, on a cluster as operators have them, with the settings' own times: what people notice of updates and deaths."""

import time
from statistics import quantiles

from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port
from tests.chaos.accounts import Account
from tests.chaos.rig import Rig, Story
from tests.chaos.scenario import Stage, scenario

CLUSTER = {"group.initial.rebalance.delay.ms": 3000, "group.min.session.timeout.ms": 6000}
"""As Kafka has it where nobody has said otherwise. Source: Apache Kafka, "Broker Configs"."""
P99, WORST = 2000.0, 5000.0
"""Ms from being said to having arrived, while workers are updated one by one."""
AGAIN, GONE = 6000.0, 9000.0
"""Ms at the most, where a killed worker is started again at once, and where it stays away: brokers count nobody out before 6 s."""
AWAY = 12.0
"""Seconds for which it stays away."""


def _built(stage: Stage) -> Rig:
    node = stage.enter(LocalKafka(stage.directory / "kafka", free_port(), free_port(), heap_mb=512, brief=True, more=CLUSTER))
    rig = stage.build(bootstrap=node.bootstrap, each=3, hurried=False, partitions=6)
    rig.load(stage.messages, stage.rate)
    return rig


@scenario(
    "rolling-three", "each of three deliver restarted by SIGTERM, one after the other; the settings' own times; "
    "group.initial.rebalance.delay.ms = 3000", messages=9_000, rate=100, rest=40.0,
)  # fmt: skip
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
    "killed-three", "kill -9 of deliver, one of three: started again at once, and staying away for 12 s, in turn; the settings' own times; "
    "group.initial.rebalance.delay.ms = 3000", messages=9_000, rate=100, rest=40.0,
)  # fmt: skip
def killed_three(stage: Stage) -> None:
    rig = _built(stage)
    gone: list[float] = []
    rig.play(_killed(rig, 2 if stage.short else 6, gone))

    def slow(_: Account) -> list[str]:
        delays = rig.delays()
        absent = max((took for at, took in delays if any(since - 1 <= at / 1000 <= since + AWAY for since in gone)), default=0)
        again = max((took for at, took in delays if not any(since - 1 <= at / 1000 <= since + AWAY for since in gone)), default=0)
        stage.notes.append(f"the longest from said to arrived, but for conversations with a send in doubt: {again / 1000:.1f} s where it is started again, {absent / 1000:.1f} s where it stays away")
        return _over(stage, ("started again", again, AGAIN), ("away", absent, GONE))

    stage.claims.append(slow)


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
    stage.notes.append(f"from said to arrived: p99 {cut / 1000:.2f} s, {most / 1000:.1f} s at most, {sum(one > 1000 for one in took)} of {len(took)} over 1 s")
    return _over(stage, ("p99", cut, P99), ("the slowest", most, WORST))


def _over(stage: Stage, *found: tuple[str, float, float]) -> list[str]:
    """What took longer than it may; in the short form, which machines play that do other things as well, none is too long."""
    return [f"{name}: {took / 1000:.2f} s" for name, took, most in found if took > most and not stage.short]
