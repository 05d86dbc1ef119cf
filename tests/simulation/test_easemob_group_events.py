"""The life of groups and rooms in both envelopes, against "Easemob: group and chat room operation events"."""

from typing import Any

import pytest

from tests.simulation.conftest import Start
from tests.simulation.easemob_api import Api
from tests.simulation.receiver import Receiver
from tests.simulation.samples import form, sample
from tests.simulators.client import SimulatorClient

Step = tuple[str, str, dict[str, Any]]
LIFE: list[Step] = [
    ("alice", "create", {"name": "Team", "members": ["bob"], "description": "demo"}),
    ("dave", "join", {}),
    ("bob", "invite", {"members": ["carol", "erin"]}),
    ("alice", "update", {"name": "Team 2"}),
    ("alice", "admin_add", {"user": "bob"}),
    ("bob", "mute", {"members": ["carol"], "duration": 60_000}),
    ("bob", "unmute", {"members": ["carol"]}),
    ("bob", "mute_all", {}),
    ("bob", "unmute_all", {}),
    ("bob", "announcement", {"text": "Welcome"}),
    ("bob", "announcement", {"text": ""}),
    ("bob", "kick", {"members": ["carol"]}),
    ("erin", "leave", {}),
    ("bob", "allow", {"members": ["dave"]}),
    ("bob", "disallow", {"members": ["dave"]}),
    ("bob", "block", {"members": ["dave"]}),
    ("bob", "unblock", {"members": ["dave"]}),
    ("alice", "admin_remove", {"user": "bob"}),
    ("alice", "owner", {"user": "bob"}),
    ("bob", "destroy", {}),
]


def live(simulator: SimulatorClient, group: str, kind: str = "group") -> list[str]:
    """The ids that were answered."""
    return [simulator.say(who, group, type=kind, operation=name, payload=payload)["id"] for who, name, payload in LIFE]


def test_a_groups_life_in_the_new_envelope(api: Api, receiver: Receiver) -> None:
    assert set(live(api.simulator, "team1")) == {"team1"}
    events = [got.body for got in receiver.wait(22)]
    assert [(event["operation"], event.get("payload", {}).get("type")) for event in events] == [
        ("CREATE", None),
        ("JOIN", "APPLY"),
        ("JOIN", "INVITE"),
        ("UPDATE", "INFO"),
        ("ADMIN", "ADD"),
        ("MUTE", "ADD"),
        ("MUTE", "REMOVE"),
        ("UPDATE", "MUTE"),
        ("UPDATE", "MUTE"),
        ("UPDATE", "ANNOUNCEMENT"),
        ("UPDATE", "ANNOUNCEMENT"),
        ("LEAVE", "KICK"),
        ("LEAVE", "QUIT"),
        ("WHITE", "ADD"),
        ("WHITE", "REMOVE"),
        ("LEAVE", "BLOCK"),
        ("BLOCK", "ADD"),
        ("BLOCK", "REMOVE"),
        ("ADMIN", "REMOVE"),
        ("UPDATE", "OWNER"),
        ("LEAVE", "DELETE"),
        ("DELETE", None),
    ]
    assert {(event["id"], event["type"], event["event"]) for event in events} == {("team1", "GROUP", "group_op_event")}
    for place, name in (
        (0, "create"),
        (1, "join"),
        (3, "info"),
        (4, "admin"),
        (5, "mute"),
        (7, "mute-all"),
        (9, "announcement"),
        (11, "kick"),
        (19, "owner"),
        (21, "delete"),
    ):
        assert form(events[place]) == form(sample(f"gop-{name}")), name
    created, joined, invited, changed = events[:4]
    assert (created["operator"], created["payload"]["role"]) == ("alice", {"alice": "owner"})
    assert created["payload"]["member"] == ["bob"]
    assert created["payload"]["info"].keys() == changed["payload"]["info"].keys()
    assert (joined["operator"], joined["payload"]["member"], joined["member_count"]) == ("dave", ["dave"], 3)
    assert (invited["operator"], invited["payload"]["member"]) == ("bob", ["carol", "erin"])
    assert changed["payload"]["info"]["title"] == "Team 2"
    mute = events[5]
    assert mute["payload"]["expire_timestamp"] - mute["timestamp"] in range(59_000, 60_001)
    assert [events[place]["payload"]["mute"] for place in (7, 8)] == [True, False]
    assert "announcement" not in events[10]["payload"]
    assert events[20]["payload"] == {"type": "DELETE", "member": ["bob", "alice"]}
    assert events[19]["payload"] == {"type": "OWNER", "owner": "alice", "new_owner": "bob"}
    with pytest.raises(ValueError, match="no such group: team1"):
        api.simulator.say("bob", "team1", "gone", type="group")


def test_a_groups_life_in_the_old_envelope(start: Start, receiver: Receiver) -> None:
    simulator = start("easemob", group_envelope="muc")
    live(simulator, "team1")
    events = [got.body for got in receiver.wait(24)]
    assert [event["payload"]["operation"] for event in events] == [
        "create",
        "presence",
        "invite",
        "invite",
        "presence",
        "presence",
        "update",
        "add_admin",
        "add_mute",
        "remove_mute",
        "ban_group",
        "remove_ban_group",
        "update_announcement",
        "delete_announcement",
        "kick",
        "absence",
        "add_user_white_list",
        "remove_user_white_list",
        "absence",
        "ban",
        "allow",
        "remove_admin",
        "assing_owner",
        "destroy",
    ]
    assert {(event["chat_type"], event["group_id"]) for event in events} == {("muc", "team1")}
    invite, presence, kick = events[2], events[4], events[14]
    for event, name in ((invite, "invite"), (presence, "presence"), (kick, "kick")):
        vendors = sample(f"muc-{name}")
        vendors["payload"].pop("reason", None)  # An inviter may leave it out.
        assert form(event) == form(vendors)
    assert (presence["from"], presence["to"]) == ("demo#relay_carol@easemob.com", "team1")
    assert (kick["to"], kick["from"].split("/")[0]) == ("carol", "demo#relay_bob@easemob.com")
    assert kick["payload"]["muc_id"] == "demo#relay_team1@conference.easemob.com"


def test_a_rooms_life(api: Api, receiver: Receiver) -> None:
    live(api.simulator, "lobby1", "room")
    events = [got.body for got in receiver.wait(22)]
    assert {event["type"] for event in events} == {"CHATROOM"}
    assert (events[1]["operation"], events[1]["payload"]["type"]) == ("JOIN", "DIRECT")
    assert form(events[12]) == form(sample("gop-quit"))
    answer = api.simulator.say("alice", "", type="room", operation="create")
    made = answer["id"]
    assert made.isdecimal()
    assert answer["to"] == made
    assert receiver.wait(23)[-1].body["id"] == made


@pytest.mark.parametrize(
    ("who", "operation", "payload", "words"),
    [
        ("alice", "create", {}, "6001 exists already"),
        ("alice", "join", {}, "alice is already in 6001"),
        ("dave", "leave", {}, "dave is not in 6001"),
        ("alice", "leave", {}, "alice owns 6001"),
        ("bob", "destroy", {}, "bob does not own 6001"),
        ("bob", "kick", {"members": ["carol"]}, "bob has no rank in 6001"),
        ("alice", "kick", {"members": ["dave"]}, "not a member to be removed"),
        ("alice", "kick", {}, "kick needs members"),
        ("alice", "invite", {"members": ["bob"]}, "already a member"),
        ("alice", "owner", {"user": "dave"}, "user must be another member"),
        ("alice", "admin_remove", {"user": "bob"}, "nothing to change"),
        ("alice", "mute", {"members": "bob"}, "members must be a list of ids"),
    ],
)
def test_what_members_may_not_do(api: Api, who: str, operation: str, payload: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        api.simulator.say(who, "6001", type="group", operation=operation, payload=payload)
