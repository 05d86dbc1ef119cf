"""Imports whose answer was lost: sent once more with the same timestamp, or held where the probe has found that repeats are stored twice.

And a group whose making nobody answered: it is looked for, and not only at once.
"""

import json
from pathlib import Path

import msgspec
import pytest

from converters.core.model import Event, direct
from converters.inventory import Group, User
from tests.migrate.bundles import made, said
from tests.migrate.journal import imported, said_in, talks_of
from tests.migrate.rig import Rig
from tests.simulators.process import SimulatorProcess
from tests.waiting import until

AT = 1_790_000_000_000
PEOPLE = [f"u{number}" for number in range(6)]
TALKS = [(PEOPLE[number], PEOPLE[number + 1]) for number in range(0, 6, 2)]


def history() -> list[Event]:
    """Of one millisecond each: what follows a message has to be put behind it."""
    return [
        said(direct(*talk), talk[0], 10 * number + turn, AT, f"{number} {turn}") for number, talk in enumerate(TALKS) for turn in range(3)
    ]


def letters(rig: Rig) -> list[dict[str, str]]:
    return [msgspec.json.decode(line) for line in rig.command("dead", "list", "--stage", "migrate", "--json", code=None).splitlines()]


@pytest.mark.slow
def test_what_is_in_doubt_is_held_where_repeats_are_stored_twice(kafka: str, tmp_path: Path) -> None:
    events, users = history(), [User(id=user) for user in PEOPLE]
    accounts, whole = made(tmp_path / "accounts", users), made(tmp_path / "whole", users, events)
    with (
        SimulatorProcess("easemob", import_repeat="doubled", limit_calls=0, limit_user_calls=0) as sim,
        Rig(kafka, tmp_path / "rig", sim.url) as rig,
    ):
        (rig.bundles / "findings-new.json").write_text(json.dumps({"repeat": "doubled"}))
        rig.worker()
        assert rig.apply(accounts)["good"]
        sim.mood(accept_but_lose_answer=1.0)
        done = rig.apply(whole, "--catch-up", "--live-since", "none", code=1)
        assert (done["good"], done["stopped"]) == (False, len(TALKS))
        assert imported(sim.journal()) == {(f"{number} 0",): 1 for number in range(len(TALKS))}, "each left once"
        waiting = letters(rig)
        assert [letter["cause"] for letter in waiting] == ["in-doubt"] * len(TALKS)
        assert rig.apply(whole, code=1)["stopped"] == len(TALKS), "nobody has decided"
        # Somebody has looked: they are there.
        sim.mood()
        for letter in waiting:
            rig.command("dead", "drop", letter["key"], "--yes", "--reason", "it is there")
        assert rig.apply(whole, "--live-since", "none")["good"]
        assert imported(sim.journal()) == said_in(events), "each once, behind the one before it"


@pytest.mark.parametrize("repeat", ["refused", "swallowed"])
def test_what_is_in_doubt_is_sent_once_more_where_it_is_not_known_what_becomes_of_that(repeat: str, kafka: str, tmp_path: Path) -> None:
    events, users = history(), [User(id=user) for user in PEOPLE]
    bundle = made(tmp_path, users, events)
    with (
        SimulatorProcess("easemob", import_repeat=repeat, limit_calls=0, limit_user_calls=0) as sim,
        Rig(kafka, tmp_path / "rig", sim.url) as rig,
    ):
        worker = rig.worker()
        sim.mood(accept_but_lose_answer=0.4, seed=11)
        assert rig.apply(bundle, "--live-since", "none")["good"], worker.tail()
        assert sum(map(len, talks_of(sim.journal()).values())) == len(events)
        assert imported(sim.journal()) == said_in(events)
        assert until(lambda: rig.metric('im_relay_migrate_doubts_total{app="new",step="opened"}')) > 0
        assert letters(rig) == []


def test_a_group_that_is_made_after_nobody_waits_for_the_answer_any_more_is_not_made_again(kafka: str, tmp_path: Path) -> None:
    """A target that is too slow to answer has not done by then what it does a moment later."""
    users = [User(id=user) for user in PEOPLE]
    accounts = made(tmp_path / "accounts", users)
    whole = made(tmp_path / "whole", [*users, Group(id="8801", name="team", owner=PEOPLE[0])])
    with (
        SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0) as sim,
        Rig(kafka, tmp_path / "rig", sim.url, deliver="echo_wait = 4.0") as rig,
    ):
        worker = rig.worker()
        assert rig.apply(accounts)["good"]
        sim.mood(late=1.5, count=1)
        assert rig.apply(whole)["good"], worker.tail()
        created = [entry for entry in sim.journal("accepted") if entry["api"] == "group.create"]
        assert len(created) == 1
        steps = {
            step: rig.metric(f'im_relay_migrate_doubts_total{{app="new",step="{step}"}}') for step in ("opened", "arrived", "repeated")
        }
        assert steps == {"opened": 1, "arrived": 1, "repeated": 0}
