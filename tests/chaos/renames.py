"""Groups are called otherwise while people talk in them, and all that was said is replayed."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.apps import APPS
from tests.chaos.accounts import Account
from tests.chaos.commands import command
from tests.chaos.processes import killing
from tests.chaos.rig import GROUPS, Rig, Story
from tests.chaos.scenario import Stage, scenario
from tests.deeds import RECALL, Place

MORE = 1000
"""Messages that are said while commands still run, once the first ones are said."""
EACH = 4
"""Messages of a group on each platform that are recalled after it was renamed: at either end, before and after the replay."""


class Early(NamedTuple):
    """A message that was said before its group was renamed."""

    platform: str
    place: Place
    number: str


@scenario(
    "renamed",
    "groups are renamed under a load, one convert and one deliver are killed, all callbacks are replayed, older messages recalled",
    messages=6_000,
    rate=100,
    rest=60.0,
)
def renamed(stage: Stage) -> None:
    rig = stage.build(tireless=True)
    groups = rig.random.sample(range(1, GROUPS), 5 if stage.short else 12)
    rig.load(stage.messages, stage.rate)
    rig.play(_renaming(rig, groups, stage.rate))
    stage.patience = 240.0

    def as_done(_: Account) -> list[str]:
        found = rig.operations(())
        wanted = len(groups) * len(rig.platforms) * EACH
        wrong = [] if found.done["recall"] == wanted else [f"{found.done['recall']} of {wanted} recalls were made"]
        # What the ledger knows is left out by the workers, and not by the command: so it writes all that was said.
        if rig.counts["callbacks replayed"] < stage.messages:
            wrong.append(f"only {rig.counts['callbacks replayed']} of {stage.messages} were replayed")
        return found.complaints() + wrong

    stage.claims.append(as_done)


def _renaming(rig: Rig, groups: list[int], rate: float) -> Story:
    yield 2.0
    early = list(_say(rig, groups))
    yield from _arrived(rig, early)
    rig.log(f"{len(early)} messages are there that will be recalled")
    for group in groups:
        if not rig.talking():
            rig.load(MORE, rate)
        ids = [f"{platform}={APPS[platform].groups + group}" for platform in rig.platforms]
        yield from command(rig, "identities", "set", "group", *ids, "--canonical", f"other-{group}")
        rig.counts["groups renamed"] += 1
    rig.log(f"{len(groups)} groups are renamed")
    yield from killing(rig, 1, 0.5, "convert")
    yield from killing(rig, 1, 0.5, *rig.deliver)
    _recall(rig, early[0::4])
    _recall_at_the_target(rig, early[1::4])
    while rig.talking():
        yield 0.5
    yield 2.0
    for platform in rig.platforms:
        said = yield from command(
            rig, "replay", "--platform", platform, "--since", "2h", "--rate", "0", "--yes", "--state", str(rig.directory / "replays")
        )
        rig.log(f"callbacks of {platform} are replayed")
        written = re.search(r"(\d+) written", said)
        rig.counts["callbacks replayed"] += int(written[1]) if written else 0
    _recall(rig, early[2::4])
    _recall_at_the_target(rig, early[3::4])


def _say(rig: Rig, groups: Iterable[int]) -> Iterator[Early]:
    for platform in rig.platforms:
        for group in groups:
            place = f"g{group}a", str(APPS[platform].groups + group), "group"
            for _ in range(EACH):
                yield Early(platform, place, rig.sides[platform].say(*place[:2], "to be recalled", type="group")["id"])


def _arrived(rig: Rig, early: list[Early]) -> Story:
    while True:
        there = _there(rig)
        if all(rig.journals.named(one.platform, "group", one.number) in there for one in early):
            return
        yield 0.5


def _there(rig: Rig) -> dict[str, str]:
    """The numbers at the target, by event."""
    rig.journals.read()
    return {one.event: one.where.partition(" ")[2] for one in rig.journals.arrived}


def _recall(rig: Rig, early: Iterable[Early]) -> None:
    for one in early:
        RECALL[one.platform](rig.sides[one.platform], one.place, one.number)


def _recall_at_the_target(rig: Rig, early: Iterable[Early]) -> None:
    """By who said it, who is there, too."""
    there = _there(rig)
    for one in early:
        other = next(platform for platform in rig.platforms if platform != one.platform)
        group = int(one.place[0][1:-1])
        place = one.place[0], str(APPS[other].groups + group), "group"
        RECALL[other](rig.sides[other], place, there[rig.journals.named(one.platform, "group", one.number)])
