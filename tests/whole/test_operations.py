"""Recalls, edits, receipts and group life over the whole relay: they find their message, arrive once, and do not come back."""

from typing import Any

import pytest

from tests.stack import EASEMOB_GROUP, YUNXIN_GROUP, Stack
from tests.waiting import until


class Sides:
    """Both simulators, from now on."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.sides: dict[str, Any] = {"yunxin": stack.yunxin, "easemob": stack.easemob}
        self._since = {name: self._last(name) for name in self.sides}

    def _last(self, name: str) -> int:
        entries = self.sides[name].journal()
        return int(entries[-1]["seq"]) if entries else 0

    def accepted(self, name: str, api: str) -> list[dict[str, Any]]:
        found = self.sides[name].journal("accepted", since=self._since[name])
        return [entry for entry in found if entry["api"] == api]

    def one(self, name: str, api: str) -> dict[str, Any]:
        """Wait for the call *api* on *name*."""
        until(lambda: self.accepted(name, api), 60, self.stack.roles[f"deliver-{name}"].tail)
        (found,) = self.accepted(name, api)
        return found

    def sent(self, name: str, text: str) -> dict[str, Any]:
        """Wait for a message of that text on *name*."""
        until(lambda: [entry for entry in self.accepted(name, "send") if entry["text"] == text], 60)
        (found,) = [entry for entry in self.accepted(name, "send") if entry["text"] == text]
        return found

    def nothing_more(self, **calls: int) -> None:
        """What is said now is behind everything in its conversation; then no call was made more often than this."""
        for number in range(2):
            for sender, to in (("alice", "bob"), ("carol", "team")):
                text = f"behind {number} {sender}"
                for name, group, other in (("yunxin", YUNXIN_GROUP, "easemob"), ("easemob", EASEMOB_GROUP, "yunxin")):
                    kind = {"type": "group"} if to == "team" else {}
                    self.sides[name].say(sender, group if to == "team" else to, f"{text} {name}", **kind)
                    self.sent(other, f"{text} {name}")
        for call, count in calls.items():
            name, _, api = call.partition("_")
            assert len(self.accepted(name, api.replace("_", "."))) == count, (call, self.accepted(name, api))


@pytest.fixture
def sides(stack: Stack) -> Sides:
    return Sides(stack)


def test_a_recall_takes_back_the_same_message_on_the_other_side(sides: Sides) -> None:
    said = sides.stack.yunxin.say("alice", "bob", "said on yunxin")
    there = sides.sent("easemob", "said on yunxin")
    sides.stack.yunxin.operate("recall", "alice", "bob", id=said["id"])
    assert sides.one("easemob", "recall")["id"] == there["id"]
    said = sides.stack.easemob.say("bob", "alice", "said on easemob")
    there = sides.sent("yunxin", "said on easemob")
    sides.stack.easemob.operate("recall", "bob", "alice", message=said["id"])
    assert sides.one("yunxin", "recall")["id"] == there["id"]
    sides.nothing_more(easemob_recall=1, yunxin_recall=1)


def test_a_recall_in_a_group_finds_its_message_though_its_callback_names_no_group(sides: Sides) -> None:
    said = sides.stack.easemob.say("alice", EASEMOB_GROUP, "said in the group", type="group")
    there = sides.sent("yunxin", "said in the group")
    sides.stack.easemob.operate("recall", "alice", EASEMOB_GROUP, where="group", message=said["id"])
    assert sides.one("yunxin", "recall")["id"] == there["id"]
    sides.nothing_more(yunxin_recall=1, easemob_recall=0)


def test_every_part_of_a_long_text_is_taken_back(sides: Sides) -> None:
    said = sides.stack.yunxin.say("alice", "bob", "長" * 4000)
    until(lambda: "".join(e["text"] for e in sides.accepted("easemob", "send")) == "長" * 4000, 60)
    parts = [entry["id"] for entry in sides.accepted("easemob", "send")]
    assert len(parts) > 1
    sides.stack.yunxin.operate("recall", "alice", "bob", id=said["id"])
    until(lambda: [entry["id"] for entry in sides.accepted("easemob", "recall")] == parts, 60)


def test_an_edit_changes_the_same_message_and_does_not_come_back(sides: Sides) -> None:
    said = sides.stack.yunxin.say("alice", "bob", "frist")
    there = sides.sent("easemob", "frist")
    sides.stack.yunxin.operate("edit", "alice", "bob", id=said["id"], text="first")
    edited = sides.one("easemob", "edit")
    assert (edited["id"], edited["body"]) == (there["id"], {"msg": "first"})
    sides.nothing_more(easemob_edit=1, yunxin_edit=0)


def test_a_receipt_names_the_message_that_was_said_on_the_other_side(sides: Sides) -> None:
    said = sides.stack.yunxin.say("alice", "bob", "read me")
    there = sides.sent("easemob", "read me")
    sides.stack.easemob.operate("read_ack", "bob", "alice", message=there["id"])
    assert sides.one("yunxin", "read")["read"] == said["id"]
    sides.nothing_more(yunxin_read=1)


def test_a_group_is_renamed_once_on_each_side(sides: Sides) -> None:
    sides.stack.easemob.operate("update", "alice", EASEMOB_GROUP, where="group", name="Renamed on Easemob")
    assert sides.one("yunxin", "team.update")["tname"] == "Renamed on Easemob"
    sides.nothing_more(yunxin_team_update=1, easemob_group_update=0)


def test_a_member_who_is_removed_is_removed_on_the_other_side_once(sides: Sides) -> None:
    for side in sides.sides.values():
        side.preload(["erin"])
    sides.stack.yunxin.operate("team.add", "alice", YUNXIN_GROUP, where="group", users=["erin"])
    assert sides.one("easemob", "group.add")["members"] == ["erin"]
    sides.stack.yunxin.operate("team.kick", "alice", YUNXIN_GROUP, where="group", users=["erin"])
    assert sides.one("easemob", "group.remove")["members"] == ["erin"]
    sides.nothing_more(easemob_group_remove=1, yunxin_team_kick=0, yunxin_team_add=0)


def test_a_member_whom_the_target_does_not_know_costs_nobody_else_their_place(sides: Sides) -> None:
    people = [f"new{number}" for number in range(5)]
    sides.stack.yunxin.preload([*people, "stranger"])
    sides.stack.easemob.preload(people)
    sides.stack.yunxin.operate("team.add", "alice", YUNXIN_GROUP, where="group", users=[*people[:2], "stranger", *people[2:]])
    assert sides.one("easemob", "group.add")["members"] == people
    assert sides.stack.roles["deliver-easemob"].says("left out", "stranger")
    sides.nothing_more(easemob_group_add=1, yunxin_team_add=0)


def test_a_recall_whose_callback_overtakes_its_message_takes_it_back_all_the_same(sides: Sides) -> None:
    yunxin = sides.stack.yunxin
    yunxin.mood(delay_callbacks=[1.5, 1.5])
    try:
        said = yunxin.say("alice", "bob", "overtaken")
    finally:
        yunxin.mood()
    yunxin.operate("recall", "alice", "bob", id=said["id"])
    there = sides.sent("easemob", "overtaken")
    assert sides.one("easemob", "recall")["id"] == there["id"]
