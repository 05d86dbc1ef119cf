"""A bundle applied to a simulated platform on a real broker: each item and message once, whatever is killed meanwhile."""

import random
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from converters.core.model import Event, Group, direct
from converters.inventory import AnyItem, Block, Friendship, GroupMember, Setting, User
from converters.inventory import Group as GroupItem
from tests.migrate.bundles import made, said
from tests.migrate.journal import Counting, imported, said_in
from tests.migrate.rig import Rig, ended, interrupt
from tests.simulators.process import SimulatorProcess
from tests.waiting import until

AT = 1_790_000_000_000
USERS = [f"u{number:03}" for number in range(130)]
GROUPS = [f"77{number}" for number in range(4)]


def items(users: list[str] = USERS) -> list[AnyItem]:
    found: list[AnyItem] = [User(id=user, name=user.upper(), attributes={"city": "Shenzhen"}) for user in users]
    found += [
        Friendship(owner=users[one], friend=users[one + step], remark="old friend" if step == 1 else "")
        for one in range(20)
        for step in range(1, 13)
    ]
    found += [Block(owner=users[0], blocked=users[other]) for other in range(40, 45)]
    for number, group in enumerate(GROUPS):
        found.append(GroupItem(id=group, name=f"group {number}", owner=users[number], announcement="welcome", muted=number == 3))
        found += [
            GroupMember(
                group=group,
                user=users[one],
                role="owner" if one == number else "admin" if one == number + 1 else "member",
                muted=one == number + 2,
            )
            for one in range(number, number + 70)
        ]
    found += [Setting(user=users[one], mode="none") for one in range(10)]
    return found


def history(talks: int = 40, each: int = 20, *, users: list[str] = USERS) -> list[Event]:
    """Also two messages of one millisecond, and in groups."""
    found = []
    for talk in range(talks):
        one, other = users[talk], users[talk + 1]
        found += [
            said(direct(one, other), one if turn % 2 else other, talk * 1000 + turn, AT + turn // 2 * 7, f"{talk} {turn}")
            for turn in range(each)
        ]
    for number, group in enumerate(GROUPS):
        found += [
            said(Group(group), users[number + turn], 900_000 + number * 1000 + turn, AT + turn, f"{group} {turn}") for turn in range(each)
        ]
    return found


def test_everything_arrives_once_and_a_second_run_writes_nothing(kafka: str, tmp_path: Path) -> None:
    events = history()
    bundle = made(tmp_path, items(), events)
    with (
        SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0, max_groups=100_000) as sim,
        Rig(kafka, tmp_path / "rig", sim.url) as rig,
    ):
        worker = rig.worker()
        done = rig.apply(bundle)
        assert done["good"], (done, worker.tail())
        journal = sim.journal()
        assert imported(journal) == said_in(events)
        counts = Counter(entry["api"] for entry in journal if entry["kind"] == "accepted")
        assert counts["user.create"] == len(USERS)
        assert counts["group.create"] == len(GROUPS)
        assert not [entry for entry in journal if entry["kind"] == "refused"], "nothing was tried that could not be"
        assert rig.apply(bundle)["good"]
        assert len(sim.journal()) == len(journal)
        assert rig.status()["mode"] == "done"
        # A source that has changed: only the change is written, and only when it is asked for.
        changed = [User(id=USERS[0], name="another", attributes={"city": "Shenzhen"}), *items()[1:]]
        later = made(tmp_path / "later", changed, events)
        assert rig.apply(later)["differing"] == {"user": 1}
        assert len(sim.journal()) == len(journal)
        assert rig.apply(later, "--update")["good"]
        new = [entry for entry in sim.journal(since=journal[-1]["seq"]) if entry["kind"] == "accepted"]
        assert {entry.get("user", entry.get("users", [""])[0] if entry.get("users") else "") for entry in new} <= {USERS[0], ""}
        assert any(entry["api"] == "metadata.set" for entry in new)


@pytest.mark.slow
def test_kills_change_nothing(kafka: str, tmp_path: Path) -> None:
    """Workers and the feeder are killed while it runs, answers are lost: what lies at the platform is what an undisturbed run leaves there."""
    events = history(talks=60, each=25)
    bundle = made(tmp_path, items(), events)
    draw = random.Random(7)
    with (
        SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0, max_groups=100_000) as sim,
        Rig(kafka, tmp_path / "rig", sim.url) as rig,
    ):
        workers = [rig.worker(), rig.worker()]
        sim.mood(accept_but_lose_answer=0.01, error_500=0.01, answer_delay=0.01, seed=3)
        applying, counting = rig.applying(bundle), Counting(sim)
        for kill in range(4):
            _until(counting, counting.now() + 60, applying)
            if kill == 1:
                applying.kill()
                applying.wait()
                applying = rig.applying(bundle)
            else:
                worker = draw.choice(workers)
                assert worker.child is not None
                worker.child.kill()
                worker.child.wait()
                worker.start()
        done = ended(applying, 0)
        assert done["good"], (done, workers[0].tail(), workers[1].tail())
        journal = sim.journal()
        assert imported(journal) == said_in(events)
        assert sum(1 for entry in journal if entry["kind"] == "accepted" and entry["api"] == "group.create") == len(GROUPS), (
            "each group once"
        )
        assert rig.status()["done"]["message"] == len(events)
        sim.mood()
        assert rig.apply(bundle)["good"]
        assert len([entry for entry in sim.journal() if entry["kind"] == "accepted"]) == len(
            [one for one in journal if one["kind"] == "accepted"]
        )


def test_what_cannot_be_put_before_what_is_there_is_told(kafka: str, tmp_path: Path) -> None:
    """An export that was corrected holds a message of the middle of a conversation, and one of a group that nobody made."""
    one, two, *_ = users = USERS[:3]
    talk = [said(direct(one, two), one, number, AT + number, f"a {number}") for number in range(5)]
    lost = [said(Group("gone"), one, 50 + number, AT + number, "lost") for number in range(3)]
    with SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0) as sim, Rig(kafka, tmp_path / "rig", sim.url) as rig:
        rig.worker()
        first = made(tmp_path / "first", [User(id=name) for name in users], [talk[0], talk[2], talk[3]])
        assert rig.apply(first, "--live-since", "none")["good"]
        whole = made(tmp_path / "whole", [User(id=name) for name in users], [*talk, *lost])
        done = rig.apply(whole, "--catch-up", "--live-since", "none", code=1)
        assert (done["older"], done["lacking"], done["good"]) == (1, {"message": 3}, False)
        assert imported(sim.journal()) == Counter({("a 0", "a 2", "a 3", "a 4"): 1})
        again = rig.apply(whole, code=1)
        assert (again["older"], again["lacking"]) == (1, {"message": 3}), "each is counted once, however often it is looked at"
        assert "later messages of their conversations are there already: 1" in said_by(rig, whole)


def test_an_increment_brings_what_shares_its_millisecond_with_the_last_one(kafka: str, tmp_path: Path) -> None:
    """It holds no more than what is new; then all of it is exported once more, and read in another order."""
    one, two = people = USERS[:2]
    users = [User(id=name) for name in people]
    talk = [said(direct(one, two), one, number, AT + at, f"a {number}") for number, at in enumerate((0, 5, 5, 5, 6, 6))]
    with SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0) as sim, Rig(kafka, tmp_path / "rig", sim.url) as rig:
        rig.worker()
        parts = [talk[:2], [talk[2]], talk[2:5], [*talk[:4], talk[5], talk[4]], talk]
        for number, events in enumerate(parts):
            bundle = made(tmp_path / f"{number}", users, events)
            done = rig.apply(bundle, *(["--catch-up"] if number else []), "--live-since", "none")
            assert (done["good"], done["older"], done["stopped"]) == (True, 0, 0)
        assert imported(sim.journal()) == Counter({tuple(f"a {number}" for number in range(6)): 1})


def said_by(rig: Rig, bundle: Path) -> str:
    return rig.command("migrate", "apply", "--bundle", str(bundle), code=1)


@pytest.mark.slow
def test_a_stopped_conversation_waits_for_a_person_and_what_is_live_is_left_out(kafka: str, tmp_path: Path) -> None:
    """A message that cannot be put there stops its conversation alone. What was said since the relay began is not imported."""
    users = USERS[:8]
    far = AT + 10 * 365 * 86_400_000
    stopping = [said(direct(users[0], users[1]), users[0], number, at, f"a {number}") for number, at in enumerate((AT, AT + 1, far))]
    live = [said(direct(users[2], users[3]), users[2], 100 + number, AT + number * 1000, f"b {number}") for number in range(6)]
    bundle = made(tmp_path, [User(id=user) for user in users], [*stopping, *live])
    since = datetime.fromtimestamp((AT + 3000) / 1000, UTC).isoformat()
    with SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0) as sim, Rig(kafka, tmp_path / "rig", sim.url) as rig:
        rig.worker()
        # The far one is after that, too: but its conversation is not told apart here, so it is what is live, and is passed over.
        done = rig.apply(bundle, "--live-since", since)
        assert (done["good"], done["kinds"]["message"]["done"]) == (True, 9)
        assert imported(sim.journal()) == Counter({("a 0", "a 1"): 1, ("b 0", "b 1", "b 2"): 1})
        status = rig.status()
        assert (status["live"], status["skipped"]) == (4, 0)
        later = made(
            tmp_path / "later",
            [User(id=user) for user in users],
            [said(direct(users[4], users[5]), users[4], 900 + n, far * n or AT, "c") for n in (0, 1)],
        )
        assert rig.apply(later, "--catch-up", "--live-since", "none", code=1)["stopped"] == 1
        (letter,) = map(msgspec.json.decode, rig.command("dead", "list", "--stage", "migrate", "--json").splitlines())
        assert (letter["stage"], letter["detail"], letter["attempts"]) == ("migrate", "future", 0)
        rig.command("dead", "replay", letter["key"], "--yes", "--older")
        until(lambda: len(rig.command("dead", "list", "--stage", "migrate", "--json", code=None).splitlines()) == 1 and _letters(rig) == 2)
        rig.command("dead", "drop", letter["key"], "--yes", "--reason", "not worth it")
        assert rig.apply(later, "--live-since", "none")["good"]
        assert rig.status()["skipped"] == 1


def _letters(rig: Rig) -> int:
    return len(rig.command("dead", "list", "--stage", "migrate", "--all", "--json", code=None).splitlines())


@pytest.mark.slow
def test_it_is_paused_and_goes_on(kafka: str, tmp_path: Path) -> None:
    events = history(talks=50, each=40)
    bundle = made(tmp_path, items(), events)
    with (
        SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0, max_groups=100_000) as sim,
        Rig(kafka, tmp_path / "rig", sim.url) as rig,
    ):
        worker = rig.worker()
        applying = rig.applying(bundle)
        until(lambda: len(sim.journal("accepted")) > 200, deadline=120, why=worker.tail)
        sim.mood(answer_delay=5.0)  # what is left takes minutes, and the command some seconds
        rig.command("migrate", "pause")
        assert ended(applying, 1)["why"].startswith("paused by")
        until(lambda: rig.metric('im_relay_migrate_open{app="new"}') == 0.0)
        sim.mood()
        settled = until(lambda: _still(sim))
        assert rig.status()["mode"] == "paused"
        sim.mood(answer_delay=1.0)
        applying = rig.applying(bundle)
        until(lambda: len(sim.journal("accepted")) > settled + 50, deadline=120, why=worker.tail)
        interrupt(applying)
        assert ended(applying, 1)["why"] == "stopped"
        sim.mood()
        assert rig.apply(bundle)["good"]
        assert imported(sim.journal()) == said_in(events)


def _until(counting: Counting, due: int, applying: "subprocess.Popen[str]") -> None:
    until(lambda: counting.now() >= due or applying.poll() is not None, deadline=120)


def _still(sim: SimulatorProcess) -> int:
    """How much was done, once nothing more is."""
    before = len(sim.journal("accepted"))
    time.sleep(0.5)
    return before if len(sim.journal("accepted")) == before else 0
