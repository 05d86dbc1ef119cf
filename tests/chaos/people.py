"""What people do to messages, while roles are killed: recall, edit, read."""

import heapq
import time
from collections.abc import Callable

from tests.apps import APPS
from tests.chaos.accounts import Account
from tests.chaos.processes import killing
from tests.chaos.rig import ECHO_WAIT, GROUPS, LEASE, SESSION, TALKS, Rig, Story
from tests.chaos.scenario import Stage, scenario
from tests.deeds import EDIT, READ, RECALL, Place
from tests.doings import Findings

EVERY = 0.06
"""Seconds between two messages to which something will be done."""
AGAIN = 0.5
"""Seconds until it is looked again for a message that is to be read."""


@scenario(
    "operations",
    "kill -9 of deliver and convert while people recall, edit and read; some recalls overtake their message",
    messages=6_000,
    rate=200,
)
def operations(stage: Stage) -> None:
    # A read message may be in doubt for a session, the start of the next owner, a lease and an echo's wait: its receipt waits longer.
    rig = stage.build(deliver=f"naming_wait = {4 * (SESSION + LEASE + ECHO_WAIT)}")
    # The mood in which a recall overtakes its message meets whatever is said meanwhile.
    stage.in_disorder(expected=False)
    rig.load(stage.messages, stage.rate)
    kills = 3 if stage.short else 6
    rig.play(killing(rig, kills, stage.duration / kills, "convert", *rig.deliver), Busy(rig, stage.duration).story())
    # No call of Easemob reads in a user's name.
    uncarried = {("read", stage.source)}

    def as_done(_: Account) -> list[str]:
        # More often than once only if a worker died between the call and its outcome: nothing asks whether it was made, since the
        # same once more changes nothing.
        found = rig.operations(uncarried)
        told = ", ".join(f"{count} {what}s" for what, count in sorted(found.done.items()))
        stage.notes.append(f"{told}, each on its message; {rig.counts['overtaken']} recalls overtook their message")
        stage.notes.append(f"{found.again} carried out once more by the next worker, which changes nothing")
        buried = [name for name in rig.written.buried if not name.endswith(":post")]
        return found.complaints() + ([f"buried: {len(buried)}, such as {buried[:3]}"] if buried else []) + _enough(found, rig)

    stage.claims.append(as_done)


def _enough(found: Findings, rig: Rig) -> list[str]:
    wanted = {"recall", *(["edit", "read"] if APPS[rig.platforms[0]].edits else [])}
    missing = [what for what in sorted(wanted) if found.done[what] < 5]
    return [f"hardly any {what} was there to carry" for what in missing]


def place_of(rig: Rig, platform: str) -> Place:
    """Some conversation of the load."""
    number = rig.random.randrange(TALKS)
    if number < TALKS - GROUPS:
        return f"u{number}a", f"u{number}b", "person"
    group = 1 + number % (GROUPS - 1)
    return f"g{group}a", str(APPS[platform].groups + group), "group"


class Busy:
    """People who say something, and do something to it a little later, for so many *seconds*."""

    def __init__(self, rig: Rig, seconds: float) -> None:
        self._rig = rig
        self._seconds = seconds
        self._due: list[tuple[float, int, Callable[[], bool]]] = []
        self._count = 0
        self._there: dict[str, str] = {}
        self._read = 0

    def story(self) -> Story:
        end = time.monotonic() + self._seconds
        while time.monotonic() < end or self._due:
            if time.monotonic() < end:
                self._speak()
            while self._due and self._due[0][0] <= time.monotonic():
                _, _, do = heapq.heappop(self._due)
                if not do():
                    self._later(AGAIN, do)
            yield EVERY

    def _later(self, seconds: float, do: Callable[[], bool]) -> None:
        self._count += 1
        heapq.heappush(self._due, (time.monotonic() + seconds, self._count, do))

    def _speak(self) -> None:
        rig = self._rig
        here = rig.random.choice(rig.platforms)
        there = next(one for one in rig.platforms if one != here)
        side, place = rig.sides[here], place_of(rig, here)
        whats = ["recall", "overtake"]
        if all(APPS[one].edits for one in rig.platforms):
            whats.append("edit")
            whats += ["read", "read"] if place[2] == "person" else []
        what = rig.random.choice(whats)
        if what == "overtake":
            side.mood(reorder_callbacks=1.0, delay_callbacks=[0.8, 1.2])
            number = side.say(*place[:2], "too soon", type=place[2])["id"]
            side.mood()
            RECALL[here](side, place, number)
            rig.counts["overtaken"] += 1
            return
        number = side.say(*place[:2], f"to be {what}", type=place[2])["id"]
        after = rig.random.uniform(0.0, 1.5)
        if what == "read":
            self._later(after, lambda: self._reads(here, there, place, number))
        elif what == "edit":
            self._later(after, lambda: bool(EDIT[here](side, place, number, f"better {number}")))
        else:
            self._later(after, lambda: bool(RECALL[here](side, place, number)))

    def _reads(self, here: str, there: str, place: Place, number: str) -> bool:
        """Whether the message was there, so that its receiver could read it."""
        journals = self._rig.journals
        journals.read()
        for one in journals.arrived[self._read :]:
            self._there[one.event] = one.where.partition(" ")[2]
        self._read = len(journals.arrived)
        arrived = self._there.get(journals.named(here, "person", number))
        if arrived is None:
            return False
        READ[there](self._rig.sides[there], (place[1], place[0], place[2]), arrived)
        return True
