"""What is done to the relay's own processes: killed, frozen, joined, asked to leave."""

from typing import Any

from tests.chaos.accounts import Account
from tests.chaos.rig import ECHO_WAIT, LEASE, SESSION, Rig, Story
from tests.chaos.scenario import Skipped, Stage, scenario
from tests.chaos.workers import Worker


def killing(rig: Rig, kills: int, every: float, *kinds: str) -> Story:
    """*kills* times, at random moments *every* so many seconds on average, one that runs."""
    done = 0
    while done < kills:
        yield rig.random.uniform(0.5, 1.5) * every
        if (victim := rig.victim(*kinds)) is not None:
            rig.kill(victim)
            done += 1


ECHOES = (0.05, 2.0)
"""Seconds after which real platforms call back."""
ANSWERS = 0.03
"""Seconds after which they answer."""


@scenario(
    "kill", "kill -9 of any process at random moments; platforms call back after 50 to 2,000 ms", messages=20_000, rate=600, rest=30.0
)
def kill(stage: Stage) -> None:
    _killed(stage, max(6, stage.messages // 1900), delay_callbacks=ECHOES, answer_delay=ANSWERS)


def _killed(stage: Stage, kills: int, **mood: Any) -> None:
    """Of any process, under a load of callbacks in this *mood*."""
    rig = stage.build(tireless=True)
    stage.notes.append(
        "an ingress is killed only while the other one is up, and that platforms stop calling back an address that fails often is "
        "switched off: by their own rules they drop callbacks then, and nobody can be asked for them here"
    )
    for side in rig.sides.values() if mood else ():
        side.mood(**mood, seed=stage.random.randrange(10**6))
    rig.load(stage.messages, stage.rate)
    kills = 6 if stage.short else kills
    kinds = ("convert", *rig.deliver) if stage.short else ("convert", "ingress", *rig.deliver)
    rig.play(killing(rig, kills, stage.duration / kills, *kinds))


@scenario(
    "rongcloud",
    "kill -9 of any process, with RongCloud in Yunxin's place; callbacks doubled and shuffled",
    messages=6_000,
    rate=300,
    rest=28.0,
    source="rongcloud",
)
def rongcloud(stage: Stage) -> None:
    stage.in_disorder()
    _killed(stage, 12, double_callbacks=0.1, reorder_callbacks=0.05)


BLIND: dict[str, tuple[str, dict[str, Any]]] = {
    "yunxin": ("echo = false", {"history": False, "repeat_memory": 0.0}),
    "rongcloud": ("", {"history": False, "route_server": False}),
}
"""Lines of the account, and options of the simulator, with which no evidence is left."""


@scenario(
    "blind",
    "kill -9 of deliver and convert; no echoes, no look-up, no memory of requests at the target",
    messages=6_000,
    rate=400,
    rest=28.0,
)
def blind(stage: Stage) -> None:
    """Evidence is nowhere: what was in doubt may come twice, and nothing else may."""
    if stage.source not in BLIND:
        raise Skipped(f"{stage.source} cannot be told to forget")
    account, options = BLIND[stage.source]
    blinded: dict[str, Any] = {stage.source: options}
    rig = stage.build(account=account, easemob={"callback_source": ["sdk"]}, **blinded)
    rig.load(stage.messages, stage.rate)
    kills = 4 if stage.short else max(4, stage.messages // 2000)
    rig.play(killing(rig, kills, stage.duration / kills, "convert", *rig.deliver))
    stage.excused["duplicate"] = _no_more_than_resent


def _no_more_than_resent(account: Account) -> list[str]:
    # That each of them was in doubt is the account's own claim (`unaccounted`).
    if len(account.duplicate) <= account.doubts.resent:
        return []
    return [f"{len(account.duplicate)} duplicates, and only {account.doubts.resent} were sent again"]


@scenario("freeze", "SIGSTOP of a deliver beyond session, lease and echo wait; take-over; SIGCONT", messages=16_000, rate=400)
def freeze(stage: Stage) -> None:
    rig = stage.build(tireless=True)
    rig.load(stage.messages, stage.rate)
    times = 1 if stage.short else max(2, int(stage.duration / 22))
    rig.play(_freezing(rig, times))
    stage.claims.append(lambda _: [] if rig.counts["SIGSTOP"] == times else ["nobody was frozen"])


def _freezing(rig: Rig, times: int) -> Story:
    done = 0
    while done < times:
        yield rig.random.uniform(1.0, 3.0)
        victim = rig.victim(*rig.deliver, ready=True)
        if victim is None:
            continue
        rig.freeze(victim)
        done += 1
        # What it had under way was taken over, waited for, and perhaps sent again: now it wakes and goes on where it was.
        yield SESSION + LEASE + ECHO_WAIT + 3.0
        rig.thaw(victim)


@scenario("storm", "a third worker of each role joins or leaves every 5 s", messages=6_000, rate=200, rest=25.0)
def storm(stage: Stage) -> None:
    rig = stage.build()
    rig.load(stage.messages, stage.rate)
    rig.play(_coming_and_going(rig, 30.0))


def _coming_and_going(rig: Rig, seconds: float) -> Story:
    here: dict[str, Worker] = {}
    for turn in range(int(seconds / 5)):
        yield 5.0
        kind = ("convert", *rig.deliver)[turn // 2 % 3]
        if turn % 2:
            while not here[kind].ready():  # one that is not there yet cannot leave
                yield 0.2
            rig.leave(here.pop(kind))
        else:
            rig.log(f"a third {kind} joins")
            rig.counts["joins"] += 1
            here[kind] = rig.join(kind, 3 + turn)


@scenario("rolling", "every process restarted by SIGTERM, one after the other", messages=9_000, rate=300, rest=30.0)
def rolling(stage: Stage) -> None:
    rig = stage.build()
    rig.load(stage.messages, stage.rate)
    rig.play(_rolling(rig))
    stage.claims.append(lambda account: [f"{account.doubts.opened} were in doubt"] if account.doubts.opened else [])


def _rolling(rig: Rig) -> Story:
    for worker in list(rig.workers):
        yield 1.0
        before = worker.child
        rig.ask(worker)
        while worker.child is before or not worker.alive:
            yield 0.2
        while not worker.ready():
            yield 0.2
