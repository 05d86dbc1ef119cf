"""Bad days of a platform: it breaks, hangs, throttles, takes a message and does not say so, calls back twice and in any order."""

import httpx

from tests.chaos.accounts import Account
from tests.chaos.poison import poison
from tests.chaos.rig import Rig, Story
from tests.chaos.scenario import Stage, scenario


def _mood(rig: Rig, seconds: float, before: float = 2.0, **mood: float) -> Story:
    """Both platforms in this mood for so many seconds, then well again."""
    yield before
    words = ", ".join(f"{name} {value:g}" for name, value in mood.items())
    rig.log(f"both platforms: {words}")
    rig.counts[f"{words} for {seconds:g} s"] += 1
    for side in rig.sides.values():
        side.mood(**mood, seed=rig.random.randrange(10**6))
    yield seconds
    rig.log("both are well again")
    for side in rig.sides.values():
        side.mood()


def _bad_day(stage: Stage, seconds: float, **mood: float) -> None:
    rig = stage.build()
    rig.load(stage.messages, stage.rate)
    rig.play(_mood(rig, 5.0 if stage.short else seconds, **mood))
    stage.patience = 240.0


@scenario(
    "errors",
    "both platforms answer every call with an error (Easemob 500; Yunxin 200 with an error in its body)",
    messages=3_000,
    rate=150,
    rest=30.0,
)
def errors(stage: Stage) -> None:
    _bad_day(stage, 15.0, error_500=1.0)


@scenario("hangs", "a tenth of all calls hang until we give up; they are not carried out", messages=3_000, rate=150, rest=30.0)
def hangs(stage: Stage) -> None:
    _bad_day(stage, 15.0, hang=0.1)


@scenario("swallowed", "one call in twenty is carried out and then cut off without an answer", messages=3_000, rate=200, rest=25.0)
def swallowed(stage: Stage) -> None:
    _bad_day(stage, 15.0, accept_but_lose_answer=0.05)
    stage.claims.append(lambda account: [] if account.doubts.opened else ["nothing was in doubt"])


@scenario("throttled", "one call in five is refused as too many", messages=3_000, rate=150)
def throttled(stage: Stage) -> None:
    _bad_day(stage, 15.0, throttle=0.2)


@scenario("strays", "one callback in ten comes twice, one in twenty late; one in a hundred is poison", messages=6_000, rate=400)
def strays(stage: Stage) -> None:
    rig = stage.build()
    for side in rig.sides.values():
        side.mood(double_callbacks=0.1, reorder_callbacks=0.05, seed=stage.random.randrange(10**6))
    rig.load(stage.messages, stage.rate)
    rig.play(_poisoning(rig, stage.source, stage.messages // 100, stage.duration))
    stage.in_disorder()

    def all_buried(_: Account) -> list[str]:
        wanted, found = rig.counts["poison taken"], rig.dead_letters("convert")
        return [] if found == wanted else [f"{wanted} poisonous callbacks were taken, and {found} became dead letters"]

    stage.claims.append(all_buried)


@scenario(
    "shuffled",
    "one callback in five comes late, one in ten twice; `reorder_wait` puts all into the order in which it was said",
    messages=2_400,
    rate=120,
)
def shuffled(stage: Stage) -> None:
    stage.shuffled = True  # and nothing is excused
    # A callback comes up to 0.4 s late; the rest is for the way from ingress to deliver, which is no part of that.
    rig = stage.build(deliver="reorder_wait = 1.0")
    warm = stage.messages // 5
    rig.load(warm, stage.rate)  # the first second of a process is its slowest, and would be disorder of another kind
    rig.play()
    for side in rig.sides.values():
        side.mood(double_callbacks=0.1, reorder_callbacks=0.2, seed=stage.random.randrange(10**6))
    rig.load(stage.messages - warm, stage.rate)
    rig.play()


def _poisoning(rig: Rig, source: str, count: int, seconds: float) -> Story:
    with httpx.Client(trust_env=False) as client:
        for number in range(count):
            app, headers, body = poison(source, number)
            status: int | str
            try:
                status = client.post(f"{rig.ingress}/callbacks/{app}", headers=headers, content=body).status_code
            except httpx.TransportError as error:
                status = type(error).__name__
            rig.counts["poison taken" if status == 200 else f"poison answered {status}"] += 1
            yield seconds / count
