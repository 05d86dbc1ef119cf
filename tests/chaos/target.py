"""Bad days of a platform: it breaks, hangs, throttles, takes a message and does not say so, calls back twice and in any order."""

import httpx

from tests.chaos.accounts import Account
from tests.chaos.poison import poison
from tests.chaos.rig import Rig, Story
from tests.chaos.scenario import Stage, nothing, scenario


def _mood(rig: Rig, seconds: float, before: float = 2.0, **mood: float) -> Story:
    """Both platforms in this mood for so many seconds, then well again."""
    yield before
    words = ", ".join(f"{name} {value:g}" for name, value in mood.items())
    rig.log(f"both platforms: {words}")
    rig.counts[f"{words} for {seconds:g} s"] += 1
    for side in (rig.yunxin, rig.easemob):
        side.mood(**mood, seed=rig.random.randrange(10**6))
    yield seconds
    rig.log("both are well again")
    for side in (rig.yunxin, rig.easemob):
        side.mood()


def _bad_day(stage: Stage, seconds: float, **mood: float) -> None:
    rig = stage.build()
    rig.load(stage.messages, stage.rate)
    rig.play(_mood(rig, 5.0 if stage.short else seconds, **mood))
    stage.patience = 240.0


@scenario("errors", "both platforms answer every call with an error (Easemob 500; Yunxin 200 with an error in its body)", messages=6_000, rate=150)
def errors(stage: Stage) -> None:
    _bad_day(stage, 30.0, error_500=1.0)


@scenario("hangs", "a tenth of all calls hang until we give up; they are not carried out", messages=6_000, rate=150)
def hangs(stage: Stage) -> None:
    _bad_day(stage, 30.0, hang=0.1)


@scenario("swallowed", "one call in twenty is carried out and then cut off without an answer", messages=8_000, rate=200)
def swallowed(stage: Stage) -> None:
    _bad_day(stage, 30.0, accept_but_lose_answer=0.05)
    stage.claims.append(lambda account: [] if account.doubts.opened else ["nothing was in doubt"])


@scenario("throttled", "one call in five is refused as too many", messages=6_000, rate=150)
def throttled(stage: Stage) -> None:
    _bad_day(stage, 30.0, throttle=0.2)


@scenario("strays", "one callback in ten comes twice, one in twenty late; one in a hundred is poison", messages=10_000, rate=400)
def strays(stage: Stage) -> None:
    rig = stage.build()
    for side in (rig.yunxin, rig.easemob):
        side.mood(double_callbacks=0.1, reorder_callbacks=0.05, seed=stage.random.randrange(10**6))
    rig.load(stage.messages, stage.rate)
    rig.play(_poisoning(rig, stage.messages // 100, stage.duration))
    # What the platform itself hands over late is late.
    stage.excused["out_of_order"] = nothing
    stage.notes.append("order is not claimed here: callbacks that the platform itself shuffles arrive in the order in which they came")

    def all_buried(_: Account) -> list[str]:
        wanted, found = rig.counts["poison taken"], rig.dead_letters("convert")
        return [] if found == wanted else [f"{wanted} poisonous callbacks were taken, and {found} became dead letters"]

    stage.claims.append(all_buried)


def _poisoning(rig: Rig, count: int, seconds: float) -> Story:
    with httpx.Client(trust_env=False) as client:
        for number in range(count):
            app, headers, body = poison(number)
            try:
                status = client.post(f"{rig.ingress}/callbacks/{app}", headers=headers, content=body).status_code
            except httpx.TransportError as error:
                status = type(error).__name__
            rig.counts["poison taken" if status == 200 else f"poison answered {status}"] += 1
            yield seconds / count
