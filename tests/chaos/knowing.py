"""What the relay knows, and must not forget or overlook when it decides: an echo, a doubt that is a person's, its own doing."""

from tests.apps import APPS
from tests.chaos.accounts import Account
from tests.chaos.people import Busy, place_of
from tests.chaos.processes import BLIND, killing
from tests.chaos.rig import ECHO_WAIT, Rig, Story
from tests.chaos.scenario import Skipped, Stage, scenario
from tests.chaos.workers import figures
from tests.deeds import EDIT, RECALL


@scenario(
    "echo-at-the-gate",
    "calls are carried out and cut off, then fail until the breakers are open; their echoes come only then",
    messages=3_000,
    rate=100,
    rest=60.0,
)
def echo_at_the_gate(stage: Stage) -> None:
    rig = stage.build()
    rig.load(stage.messages, stage.rate)
    rig.play(_failing(rig, rounds=1 if stage.short else 3))
    stage.patience = 300.0
    stage.last.append(lambda: note(rig, "im_relay_resends_avoided_total", *rig.deliver))

    def some_were_spared(_: Account) -> list[str]:
        return [] if rig.counts["im_relay_resends_avoided_total"] else ["no request was spared by its echo: nothing was tried"]

    stage.claims.append(some_were_spared)


def _failing(rig: Rig, rounds: int) -> Story:
    for _ in range(rounds):
        yield 3.0
        # Called back when the wait for it is over, and all that is in doubt waits for the breaker to be sent again.
        late = ECHO_WAIT + 8.0
        rig.log("both platforms lose their answers, and call back late")
        rig.counts["times that answers were lost"] += 1
        for side in rig.sides.values():
            side.mood(accept_but_lose_answer=1.0, delay_callbacks=[late, late], seed=rig.random.randrange(10**6))
        yield 2.0
        rig.log("both platforms fail")
        for side in rig.sides.values():
            side.mood(error_500=1.0, seed=rig.random.randrange(10**6))
        yield late + 4.0
        rig.log("both are well again")
        for side in rig.sides.values():
            side.mood()


@scenario(
    "hold",
    "in_doubt = hold: kill -9 of deliver and convert, answers lost, callbacks twice; no echoes, no look-up, no memory at the target",
    messages=6_000,
    rate=200,
    rest=40.0,
)
def hold(stage: Stage) -> None:
    """Evidence is nowhere, and nothing comes twice all the same: a person has it all to decide about."""
    if stage.source not in BLIND:
        raise Skipped(f"{stage.source} cannot be told to forget")
    account, options = BLIND[stage.source]
    rig = stage.build(
        account=account, deliver='in_doubt = "hold"', easemob={"callback_source": ["sdk"]}, tireless=True, **{stage.source: options}
    )
    for side in rig.sides.values():
        side.mood(double_callbacks=0.1, accept_but_lose_answer=0.03, answer_delay=0.1, seed=stage.random.randrange(10**6))
    stage.in_disorder(expected=False)
    rig.load(stage.messages, stage.rate)
    kills = 4 if stage.short else 10
    rig.play(killing(rig, kills, stage.duration / kills, "convert", *rig.deliver))
    stage.excused["buried"] = stage.excused["unwritten"] = lambda _: []

    def held(account: Account) -> list[str]:
        wrong = [f"{event} is held nowhere" for event in account.unwritten if event not in rig.written.buried]
        return wrong + ([] if account.doubts.held else ["nothing was held: nothing was tried"])

    stage.claims.append(held)


MARGIN, TIMEOUT = 1.0, 2.0
LATE = 12.0
"""Seconds after which the platforms call back: more than lease, time-out and margin together, within which something can be the relay's."""


@scenario(
    "late-doings", "every callback comes 12 s late, those of the relay's own recalls and edits, too", messages=1_200, rate=60, rest=60.0
)
def late_doings(stage: Stage) -> None:
    rig = stage.build(deliver=f"naming_wait = 60.0\ntimeout = {TIMEOUT}\nclock_margin = {MARGIN}", tireless=True)
    for side in rig.sides.values():
        side.mood(delay_callbacks=[LATE, LATE], seed=stage.random.randrange(10**6))
    rig.load(stage.messages, stage.rate)
    rig.play(Patient(rig, stage.duration).story())
    stage.last.append(lambda: note(rig, "im_relay_own_actions_echoed_total", *rig.deliver))
    stage.patience = 240.0

    def as_done(_: Account) -> list[str]:
        found = rig.operations({("read", stage.source)})
        known = [] if rig.counts["im_relay_own_actions_echoed_total"] else ["nothing was called back: nothing was tried"]
        return found.complaints() + known

    stage.claims.append(as_done)


class Patient(Busy):
    """People who recall and edit, and leave the platforms in their mood."""

    def _speak(self) -> None:
        rig = self._rig
        here = rig.random.choice(rig.platforms)
        side, place = rig.sides[here], place_of(rig, here)
        number = side.say(*place[:2], "to be changed", type=place[2])["id"]
        edits = all(APPS[one].edits for one in rig.platforms) and rig.random.random() < 0.5
        if edits:
            self._later(0.5, lambda: bool(EDIT[here](side, place, number, f"better {number}")))
        else:
            self._later(0.5, lambda: bool(RECALL[here](side, place, number)))


def note(rig: Rig, metric: str, *kinds: str) -> None:
    """Of the workers that live at the end: what died had counted, too."""
    rig.counts[metric] = sum(int(figures(worker.metrics())[metric]) for worker in rig.workers if worker.kind in kinds and worker.alive)
