"""Group calls for several users at once, taken by the simulators: who cannot be added is left out by name, and everybody else is in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from converters import PLATFORMS
from converters.core.model import Delivery, Group, TargetContext
from converters.core.operations import GroupCreated, MembersAdded, MembersRemoved, Muted, Operation
from converters.core.outcome import Delivered
from converters.platform import Partial
from tests.convert.test_register import send
from tests.converters.examples import account_of, delivery_of
from tests.simulation.conftest import running
from tests.simulators.client import SimulatorClient

CROWD = tuple(f"user{number:02}" for number in range(60))
STRANGERS = ("user17", "user18", "user44")
GROUPS = {"easemob": "6001", "yunxin": "6001"}
BUSY = {"easemob": {"max_groups": 2}, "yunxin": {"max_teams": 2}}


@contextmanager
def simulator(name: str, **options: Any) -> Iterator[SimulatorClient]:
    people = [user for user in CROWD if user not in STRANGERS]
    more = {"5001": ["alice", "user03"], "5002": ["alice", "user03"]} if options else {}
    limits = {"max_groups": 99, "max_teams": 99} | options
    given = {key: value for key, value in limits.items() if key in BUSY[name]}
    with running(name, users=("alice", *people), group={"6001": ["alice"], **more}, limit_calls=0.0, **given) as one:
        yield one


def brought(name: str, client: SimulatorClient, operation: Operation) -> tuple[list[Delivered], list[str]]:
    """What is delivered, and who is left out, once nothing is left to be asked for."""
    delivery: Delivery = delivery_of(operation, Group("team"))
    if not isinstance(operation, GroupCreated):
        delivery = Delivery(event=delivery.event, target="new", sender="alice", receiver=GROUPS[name], received=0)
    platform, done, lost = PLATFORMS[name], [], []
    left = list(platform.encode(delivery, account_of(name), TargetContext()).requests)
    while left:
        outcome = platform.read_reply(request := left.pop(0), send(name, client, request))
        if isinstance(outcome, Partial):
            left[:0] = outcome.rest
            lost += [loss.detail for loss in outcome.losses]
            outcome = outcome.done or outcome
        done += [outcome] if isinstance(outcome, Delivered) else []
        assert isinstance(outcome, Delivered | Partial), outcome
    return done, lost


def added(client: SimulatorClient) -> set[str]:
    return {user for entry in client.journal("accepted") if str(entry["api"]).endswith((".add", ".create")) for user in entry["members"]}


@pytest.mark.parametrize("name", sorted(GROUPS))
@pytest.mark.parametrize("made", [False, True], ids=["added", "new group"])
def test_sixty_members_of_whom_three_are_unknown(name: str, made: bool) -> None:
    with simulator(name) as client:
        operation = GroupCreated("team", "alice", CROWD) if made else MembersAdded(CROWD, "invited")
        done, lost = brought(name, client, operation)
        assert done
        assert not made or done[-1].remote_id
        assert lost == list(STRANGERS)
        assert added(client) == set(CROWD) - set(STRANGERS)
        if not made:  # done once more, as after a death: nobody is lost, and nothing changes
            again, lost = brought(name, client, operation)
            assert (bool(again), lost) == (True, list(STRANGERS))


@pytest.mark.parametrize("name", sorted(GROUPS))
@pytest.mark.parametrize("made", [False, True], ids=["added", "new group"])
def test_a_member_who_is_in_too_many_groups_is_left_out_alone(name: str, made: bool) -> None:
    crowd = tuple(user for user in CROWD if user not in STRANGERS)
    with simulator(name, **({"max_groups": 2} if name == "easemob" else {"max_teams": 2})) as client:
        if made and name == "easemob":
            pytest.skip("alice, the owner, is in too many herself")
        operation = GroupCreated("team", "alice", crowd) if made else MembersAdded(crowd, "invited")
        done, lost = brought(name, client, operation)
        assert done
        assert lost == ["user03"]
        assert added(client) == set(crowd) - {"user03"}


@pytest.mark.parametrize("name", sorted(GROUPS))
def test_removals_and_mutes_reach_all_who_are_there(name: str) -> None:
    there = CROWD[:5]
    with simulator(name) as client:
        brought(name, client, MembersAdded(there, "invited"))
        if name == "easemob":  # the other platform mutes them one by one
            done, lost = brought(name, client, Muted((*there, "user09")))
            assert (bool(done), lost) == (True, ["user09"])
        done, lost = brought(name, client, MembersRemoved((*there, "user09"), "kicked"))
        assert done
        assert not lost, "who is not there need not be removed"
        gone = [entry for entry in client.journal("accepted") if str(entry["api"]).endswith((".remove", ".kick"))]
        assert {user for entry in gone for user in entry["members"]} == set(there)
