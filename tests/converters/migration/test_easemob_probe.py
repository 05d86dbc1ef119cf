"""The probe against the simulator, with each of its switches: what it finds is how the simulator is set."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from converters.probing import Answered, Findings, ProbeNames
from tests.converters.migration.wired import Wired, wired

NAMES = ProbeNames(app="new", prefix="probe7", password="throw-away-1", now=0)


def names(burst: int = 0) -> ProbeNames:
    return msgspec.structs.replace(NAMES, now=int(time.time() * 1000), burst=burst)


def probed(target: Wired, looks: Callable[[str, str], bool] | None = None, burst: int = 0) -> tuple[Findings, dict[str, Any]]:
    probe = target.platform.probe
    assert probe is not None

    def heard(marker: str) -> bool:
        return target.simulator.settled() is not None and any(marker in str(entry) for entry in target.simulator.journal("callback"))

    found, findings = target.drive(probe.run(target.account, names(burst)), looks, heard)
    return findings, {one.name: one.value for one in found if isinstance(one, Answered)}


def test_the_readings_of_the_newest_pages() -> None:
    with wired("easemob") as target:
        findings, answered = probed(target)
        assert (findings.repeat, findings.before_group, findings.full_batch, findings.custom_ids, findings.unread) == (
            "refused",
            "refused",
            True,
            True,
            False,
        )
        assert (findings.conversations, findings.in_files, findings.shared) == (None, None, None)
        assert findings.may_repeat
        assert answered.keys() == {"repeat", "before_group", "full_batch", "custom_ids", "unread", "callbacks"}


OTHERS: list[tuple[dict[str, Any], str, Any]] = [
    ({"import_repeat": "doubled"}, "repeat", "doubled"),
    ({"import_repeat": "swallowed"}, "repeat", "swallowed"),
    ({"import_before_group": "accepted"}, "before_group", "accepted"),
    ({"full_batch": False}, "full_batch", False),
    ({"custom_ids": "refused"}, "custom_ids", False),
    ({"custom_ids": "ignored"}, "custom_ids", False),
    ({"import_unread": True}, "unread", True),
]


@pytest.mark.parametrize(("options", "name", "value"), OTHERS, ids=[f"{name}={value}" for _, name, value in OTHERS])
def test_each_other_reading(options: dict[str, Any], name: str, value: Any) -> None:
    with wired("easemob", **options) as target:
        findings, answered = probed(target)
        assert getattr(findings, name) == value
        assert answered[name] == value
        assert findings.may_repeat is (options.get("import_repeat", "refused") != "doubled")


def test_a_person_looks_whether_there_is_a_conversation() -> None:
    for shown in (True, False):
        with wired("easemob", import_conversations=shown) as target:
            # What the person would see: the simulator's list of a new device.
            findings, _ = probed(
                target, looks=lambda user, other: other in target.client.get(f"{target.simulator.url}/_conversations/{user}").json()
            )
            assert findings.conversations is shown


@pytest.mark.parametrize("shared", [("push.display", "push.names", "notification"), ("push.display",), ()])
def test_which_limits_are_one(shared: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator's clock goes on only while the probe pauses: how fast this machine is tells nothing."""
    clock = [1000.0]
    monkeypatch.setattr("tests.simulators.easemob.gate.monotonic", lambda: clock[0])
    with wired("easemob", limit_calls=100.0, user_limits=shared) as target:
        target.paused = lambda seconds: clock.__setitem__(0, clock[0] + seconds)
        names_of = {"push.display": "push/style", "push.names": "push/nickname", "notification": "notification"}
        findings, _ = probed(target, burst=100)
        assert findings.shared is not None
        assert set(findings.shared) == {names_of[one] for one in shared}


def test_a_day_later_the_history_files_tell() -> None:
    probe_names = names()
    for inside in (True, False):
        with wired("easemob", import_in_files=inside, import_repeat="doubled", history_delay=-7200.0) as target:
            probe = target.platform.probe
            assert probe is not None
            _, findings = target.drive(probe.run(target.account, probe_names))
            target.simulator.say("x", "y", "so that there is a file")
            _, later = target.drive(probe.later(target.account, probe_names, findings))
            assert later.in_files is inside
            assert later.repeat == "doubled"


def test_nothing_is_left_of_it() -> None:
    with wired("easemob") as target:
        probed(target)
        assert target.read("users") == ([], "")
        assert target.read("groups") == ([], "")


def test_words_of_any_kind_are_remembered_by_their_digest() -> None:
    with wired("easemob", import_words="codes") as target:
        findings, _ = probed(target)
        assert (findings.repeat, findings.before_group) == ("refused", "refused")
        assert findings.repeat_said
        assert findings.before_said
        assert findings.repeat_said != findings.before_said


def test_a_platform_that_is_unwell_answers_nothing() -> None:
    with wired("easemob") as target:
        target.simulator.mood(error_500=1.0)
        findings, answered = probed(target)
        assert (findings, answered) == (Findings(), {})


def test_every_question_is_a_field_and_has_both_languages() -> None:
    with wired("easemob") as target:
        probe = target.platform.probe
        assert probe is not None
        assert {one.name for one in probe.questions} < set(Findings.__struct_fields__)
        assert all(one.words and one.zh and one.careful for one in probe.questions)
        assert all(one.repeatable for one in probe.clean(target.account, NAMES))
