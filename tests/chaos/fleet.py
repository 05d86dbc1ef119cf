"""What happens to a fleet of workers: a platform is added, there is one partition, there are many."""

from tests.chaos.processes import killing
from tests.chaos.rig import Rig, Story
from tests.chaos.scenario import Stage, scenario
from tests.chaos.workers import figures

ADDED = 40.0
"""Messages a second on the platform that is added."""


@scenario(
    "platform-added",
    "a third platform is added: settings, topics, then every process restarted, old and new side by side",
    messages=12_000,
    rate=200,
    rest=35.0,
)
def platform_added(stage: Stage) -> None:
    rig = stage.build(tireless=True)
    third = next(name for name in ("rongcloud", "yunxin") if name != stage.source)
    rig.load(stage.messages, stage.rate)
    rig.play(_adding(rig, third))
    stage.claims.append(
        lambda _: [] if any(one.event.startswith(f"{third}:") for one in rig.journals.arrived) else [f"nothing of {third} arrived"]
    )


def _adding(rig: Rig, third: str) -> Story:
    yield 2.0
    rig.log(f"{third} is added")
    side = rig.introduce(third, "third", target="new")
    side.preload([f"u{number}{end}" for number in range(60) for end in "ab"], {})
    rig.counts["platforms added"] += 1
    workers = sorted(rig.workers, key=lambda worker: worker.kind != "ingress")
    for number, worker in enumerate(workers):
        yield 1.0
        before = worker.child
        rig.ask(worker)
        while worker.child is before or not worker.alive:
            yield 0.2
        while not worker.ready():
            yield 0.2
        # Its callbacks are taken from now on; until the last old worker has left, some of them wait.
        if number == 1:
            side.load(rate=ADDED, count=800, conversations=60, groups=0, seed=rig.random.randrange(10**6))


@scenario(
    "one-partition", "one partition: half of the workers stand by; kill -9 of deliver and convert", messages=4_000, rate=100, rest=35.0
)
def one_partition(stage: Stage) -> None:
    _partitions(stage, 1)
    stage.claims.append(lambda _: [] if stage.rig.counts["workers that stood by"] else ["nobody stood by"])


@scenario("64-partitions", "64 partitions; kill -9 of deliver and convert", messages=4_000, rate=100, rest=60.0)
def many_partitions(stage: Stage) -> None:
    _partitions(stage, 64)


def _partitions(stage: Stage, count: int) -> None:
    rig = stage.build(partitions=count, tireless=True)
    rig.counts["workers that stood by"] = sum(
        int(figures(worker.metrics())["im_relay_standby"]) for worker in rig.workers if worker.kind != "ingress"
    )
    rig.load(stage.messages, stage.rate)
    kills = 2 if stage.short else 5
    rig.play(killing(rig, kills, stage.duration / kills, "convert", *rig.deliver))
    stage.patience = 240.0
