"""A group is called otherwise while messages flow: nothing doubles, and what was said before is still found."""

import re
from typing import Any
from uuid import uuid4

import pytest

from tests import warm_python
from tests.stack import Stack
from tests.waiting import until
from tests.whole.crossing import accepted

MEMBERS = ["alice", "bob"]


def run(stack: Stack, *words: str, code: int = 0) -> str:
    done = warm_python.run(*words, "-c", str(stack.config))
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def skipped(stack: Stack) -> float:
    found = re.search(r'im_relay_already_delivered_total\{platform="easemob"\} ([0-9.e+]+)', stack.roles["deliver-easemob"].metrics())
    return float(found[1]) if found else 0.0


def replay(stack: Stack, *words: str) -> None:
    """What is chosen with *words*, all of which was delivered: it goes through `deliver`, and ends there."""
    before, state = skipped(stack), str(stack.directory / "replays")
    said = run(stack, "replay", "--platform", "yunxin", "--since", "10m", "--rate", "0", "--yes", "--state", state, *words)
    (written,) = re.findall(r"(\d+) written; messages already delivered are skipped", said)
    assert int(written) > 0
    until(lambda: skipped(stack) >= before + int(written), 60, lambda: f"skipped {skipped(stack) - before} of {written}")
    assert skipped(stack) == before + int(written)


class Team:
    """A group of its own on both sides."""

    def __init__(self, stack: Stack, name: str) -> None:
        number = str(uuid4().int)[:9]
        self.stack, self.old, self.new = stack, f"7{number}", f"28000{number}"
        stack.yunxin.preload(MEMBERS, {self.old: MEMBERS})
        stack.easemob.preload(MEMBERS, {self.new: MEMBERS})
        self.called(name)
        count = iter(range(10_000))

        def through() -> bool:
            stack.yunxin.say("alice", self.old, f"are you there? {next(count)}", type="group")
            return bool(self.texts())

        until(through, 60)

    def called(self, name: str) -> None:
        self.name = name
        run(self.stack, "identities", "set", "group", f"yunxin={self.old}", f"easemob={self.new}", "--canonical", name)

    def texts(self) -> list[str]:
        return [one["text"] for one in accepted(self.stack.easemob, "send", to=self.new)]

    def say(self, text: str) -> Any:
        said = self.stack.yunxin.say("alice", self.old, text, type="group")
        until(lambda: text in self.texts(), 60)
        return said["id"]

    def twice(self) -> list[str]:
        texts = self.texts()
        return sorted({text for text in texts if texts.count(text) > 1})


def test_what_was_said_under_another_name_is_not_said_again_and_can_be_recalled(stack: Stack) -> None:
    team, mark = Team(stack, f"crew-{uuid4().hex[:6]}"), uuid4().hex
    said = [team.say(f"{mark} {number}") for number in range(20)]
    recalled_there = stack.easemob.say("bob", team.new, f"{mark} from the new app", type="group")
    until(lambda: accepted(stack.yunxin, "send", text=f"{mark} from the new app"), 60)
    team.called(f"ops-{uuid4().hex[:6]}")
    team.say(f"{mark} under the new name")
    replay(stack, "--conversation", f"group:{team.name}")
    team.say(f"{mark} behind the replay")
    assert len([text for text in team.texts() if text.startswith(mark)]) == 22
    assert team.twice() == []
    there = {one["text"]: one["id"] for one in accepted(stack.easemob, "send", to=team.new)}
    stack.yunxin.operate("recall", "alice", team.old, where="group", id=said[3])
    until(lambda: accepted(stack.easemob, "recall", id=there[f"{mark} 3"]), 60)
    (on_yunxin,) = accepted(stack.yunxin, "send", text=f"{mark} from the new app")
    stack.easemob.operate("recall", "bob", team.new, where="group", message=recalled_there["id"])
    until(lambda: accepted(stack.yunxin, "recall", id=on_yunxin["id"]), 60)


@pytest.mark.slow
def test_a_group_that_was_forgotten_and_set_again_keeps_what_was_delivered(stack: Stack) -> None:
    team, mark = Team(stack, f"crew-{uuid4().hex[:6]}"), uuid4().hex
    for number in range(5):
        team.say(f"{mark} {number}")
    run(stack, "identities", "forget", "group", f"yunxin={team.old}", f"easemob={team.new}")
    team.called(f"ops-{uuid4().hex[:6]}")
    replay(stack, "--conversation", f"group:{team.name}")
    until(lambda: team.stack.yunxin.say("alice", team.old, f"{mark} last", type="group") and f"{mark} last" in team.texts(), 60)
    assert [text for text in team.twice() if text != f"{mark} last"] == []


@pytest.mark.slow
def test_two_conversations_become_one_only_if_that_is_said(stack: Stack) -> None:
    one, other = Team(stack, f"one-{uuid4().hex[:6]}"), Team(stack, f"other-{uuid4().hex[:6]}")
    one.say("in the one")
    other.say("in the other")
    words = ("identities", "set", "group", f"yunxin={one.old}", f"easemob={other.new}", "--canonical", f"both-{uuid4().hex[:6]}")
    refused = run(stack, *words, code=1)
    assert "several conversations" in refused
    assert "--join" in refused
    assert "messages under" in refused
    assert "is both-" in run(stack, *words, "--join")


@pytest.mark.slow
def test_a_user_who_is_called_otherwise_is_not_told_everything_again(stack: Stack) -> None:
    """The key of a talk is built of two names, by rule where there is no entry."""
    native, mark = f"u{uuid4().hex[:8]}", uuid4().hex
    for side in (stack.yunxin, stack.easemob):
        side.preload([native, f"x{native}"], {})

    def there(to: str) -> list[str]:
        return [one["text"] for one in accepted(stack.easemob, "send", to=to) if mark in one["text"]]

    for number in range(5):
        stack.yunxin.say("alice", native, f"{mark} {number}")
    until(lambda: len(there(native)) == 5, 60)
    run(stack, "identities", "set", "user", f"yunxin={native}", "--canonical", f"x{native}")
    count = iter(range(10_000))

    def followed() -> bool:
        stack.yunxin.say("alice", native, f"{mark} now {next(count)}")
        return bool(there(f"x{native}"))

    until(followed, 60)
    replay(stack, "--user", native)
    stack.yunxin.say("alice", native, f"{mark} behind")
    until(lambda: f"{mark} behind" in there(f"x{native}"), 60)
    said = there(native) + there(f"x{native}")
    assert sorted(said) == sorted(set(said))
    assert [text for text in said if text in {f"{mark} {number}" for number in range(5)}] == [f"{mark} {number}" for number in range(5)]
