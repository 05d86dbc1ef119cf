"""Three brokers that stand in for each other: one is killed and one is frozen, in turn."""

import signal

from tests.chaos.cluster import Cluster, three_brokers
from tests.chaos.rig import SESSION, Rig, Story
from tests.chaos.scenario import Stage, scenario


@scenario(
    "brokers",
    "of three brokers, with three copies of which two must have a write, one is killed and one frozen in turn",
    messages=8_000,
    rate=150,
    rest=60.0,
)
def brokers(stage: Stage) -> None:
    cluster = stage.enter(three_brokers(stage.directory / "brokers"))
    rig = stage.build(bootstrap=cluster.bootstrap, replication=3, tireless=True)
    rounds = 1 if stage.short else 2
    rig.play(_in_turn(rig, cluster, rounds, stage.messages // (2 * rounds), stage.rate))
    stage.patience = 240.0
    stage.last.append(lambda: stage.notes.append(_refused(rig, cluster)))
    stage.claims.append(lambda _: [] if rig.counts["brokers killed"] and rig.counts["brokers frozen"] else ["no broker was hurt"])
    stage.claims.append(lambda _: [note for note in stage.notes if note.startswith("NOT")])


def _refused(rig: Rig, cluster: Cluster) -> str:
    if wrong := sorted({*cluster.unclean(rig.prefix), *cluster.thin(rig.prefix)}):
        return f"NOT safe from a broker that lacks records: {wrong}"
    return "every topic refuses a leader that lacks records, and a write that only one broker has"


def _in_turn(rig: Rig, cluster: Cluster, rounds: int, messages: int, rate: float) -> Story:
    """Each blow under a load of its own."""
    nodes = list(cluster.nodes)
    rig.random.shuffle(nodes)
    for number in range(rounds):
        rig.load(messages, rate)
        yield rig.random.uniform(2.0, 4.0)
        killed, frozen = nodes[number % 3], nodes[(number + 1) % 3]
        rig.log(f"kill -9 {killed.name}")
        rig.counts["brokers killed"] += 1
        killed.send(signal.SIGKILL)
        yield rig.random.uniform(4.0, 8.0)
        killed.start()
        rig.log(f"{killed.name} is back")
        while rig.talking() or not cluster.whole():
            yield 1.0
        rig.load(messages, rate)
        yield rig.random.uniform(2.0, 4.0)
        rig.log(f"SIGSTOP {frozen.name}")
        rig.counts["brokers frozen"] += 1
        frozen.send(signal.SIGSTOP)
        yield SESSION + rig.random.uniform(6.0, 10.0)
        rig.log(f"SIGCONT {frozen.name}")
        frozen.send(signal.SIGCONT)
        while rig.talking() or not cluster.whole():
            yield 1.0
