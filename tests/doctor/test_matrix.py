"""Each switch of the simulators set either way, and each fault of our own settings: every planted fault is found, and no other."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from converters.doctor.run import checks_of
from converters.doctor.steps import CheckResult, Names
from converters.platform import Reply, Request
from tests.doctor.driving import NAMES, Driven, driven

PLATFORMS = ("easemob", "yunxin", "rongcloud", "own")
UNSIGNED = {"easemob": {"unsigned_events": True}}
"""Reactions come unsigned, as the page shows them: that is a finding of its own, below."""


def names_of(platform: str) -> Names:
    """A server of one's own has the users that it has."""
    return msgspec.structs.replace(NAMES, users=NAMES.people) if platform == "own" else NAMES


def bad(found: dict[str, CheckResult]) -> set[str]:
    return {name for name, one in found.items() if one.state == "bad"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_is_found_where_nothing_is_wrong(platform: str) -> None:
    with driven(platform, account=UNSIGNED.get(platform)) as one:
        found = one.run(names_of(platform))
        assert bad(found) == set()
        assert {name for name, result in found.items() if result.state == "good"} > {
            "users",
            "message",
            "callback",
            "echo",
            "edit",
            "recall",
        } - ({"edit"} if platform == "own" else set())
        assert all(result.seen.en and result.seen.zh for result in found.values())


FAULTS: list[tuple[str, dict[str, Any], dict[str, Any], set[str]]] = [
    ("easemob", {"client_secret": "another-secret"}, {}, {"credentials"}),
    ("easemob", {"org": "another"}, {}, {"credentials"}),
    ("easemob", {"callback_secret": "another-secret"}, {}, {"callback", "edit", "recall", "group-recall", "dissolution"}),
    ("easemob", {}, {"callback_url": None}, {"callback", "edit", "recall", "group-recall", "dissolution"}),
    ("easemob", {}, {"callback_source": ("sdk",)}, {"callback"}),
    ("easemob", {}, {"closed": ("recall",)}, {"recall", "group-recall"}),
    ("easemob", {}, {"closed": ("edit",)}, {"edit"}),
    ("easemob", {}, {"closed": ("reaction",)}, {"reaction"}),
    ("easemob", {}, {"dissolution": ()}, {"dissolution"}),
    ("yunxin", {"app_secret": "another-secret"}, {}, {"credentials"}),
    ("yunxin", {"app_key": "another-key"}, {}, {"credentials"}),
    ("yunxin", {}, {"callback_url": None}, {"callback", "read", "edit", "recall"}),
    ("yunxin", {}, {"history": False}, {"history"}),
    ("rongcloud", {"app_secret": "another-secret"}, {}, {"credentials"}),
    ("rongcloud", {"app_key": "another-key"}, {}, {"credentials"}),
    ("rongcloud", {}, {"callback_url": None, "operation_url": None}, {"callback", "read", "recall"}),
    ("rongcloud", {}, {"route_server": False}, {"callback", "read"}),
    ("rongcloud", {}, {"operation_url": None}, set()),
    ("rongcloud", {}, {"history": False}, {"history"}),
    ("rongcloud", {}, {"log": False}, {"message-log"}),
    ("rongcloud", {}, {"max_users": 1}, {"users"}),
]


@pytest.mark.parametrize(("platform", "account", "options", "planted"), FAULTS, ids=[f"{p}-{a or o}" for p, a, o, _ in FAULTS])
def test_each_planted_fault_is_found_and_no_other(
    platform: str, account: dict[str, Any], options: dict[str, Any], planted: set[str]
) -> None:
    with driven(platform, account=UNSIGNED.get(platform, {}), **options) as one:
        one.account = msgspec.structs.replace(one.account, **account)
        one.wired.account = one.account
        found = one.run(names_of(platform))
        assert bad(found) == planted
        assert all(found[name].todo.en and found[name].todo.zh for name in planted)


SETTLED: list[tuple[str, dict[str, Any], dict[str, Any], str, dict[str, Any], str]] = [
    ("easemob", {}, {}, "reaction", {"unsigned_events": True}, "unsigned"),
    ("easemob", UNSIGNED["easemob"], {}, "reaction", {}, "called back after"),
    ("easemob", {}, {"recall_group_id": True}, "group-recall", {}, "names the group"),
    ("easemob", {}, {"recall_group_id": False}, "group-recall", {}, "does not name the group"),
    ("easemob", {}, {"dissolution": ("leave", "delete")}, "dissolution", {"dissolved_by": "delete"}, "DELETE"),
    ("easemob", {}, {"dissolution": ("delete",)}, "dissolution", {"dissolved_by": "delete"}, "DELETE"),
    ("easemob", {}, {"dissolution": ("leave",)}, "dissolution", {"dissolved_by": "leave"}, "only LEAVE"),
    ("easemob", {}, {"group_envelope": "muc"}, "dissolution", {"dissolved_by": "delete"}, "DELETE"),
    ("easemob", {}, {"friend_callbacks": True}, "friends-by-rest", {}, "called back"),
    ("easemob", {}, {"friend_callbacks": False}, "friends-by-rest", {}, "not called back"),
    ("easemob", {}, {"file_limit": 10_485_760}, "file-limit", {"file_limit": 10_485_760}, "taken"),
    ("easemob", {}, {"file_limit": 10_000_000}, "file-limit", {"file_limit": 10_000_000}, "413"),
    ("easemob", {}, {"zone": 8.0, "history_delay": -7200.0}, "history-hours", {"hours_ahead": 8.0}, "Beijing"),
    ("easemob", {}, {"zone": 0.0, "history_delay": -7200.0}, "history-hours", {"hours_ahead": 0.0}, "UTC"),
    ("yunxin", {"api": "v2"}, {}, "reaction", {}, "taken"),
    ("rongcloud", {}, {"msg_random": False}, "msg-random", {"msg_random": False}, "second message"),
    ("rongcloud", {}, {"msg_random": True, "msg_random_code": 1010}, "msg-random", {"msg_random": True, "duplicate_code": 1010}, "1010"),
    ("rongcloud", {}, {"msg_random": True, "msg_random_code": 1234}, "msg-random", {"msg_random": True, "duplicate_code": 1234}, "1234"),
    ("rongcloud", {}, {"log_after": -7200.0}, "message-log", {"hours_ahead": 8.0}, "Beijing"),
    ("rongcloud", {}, {"log_after": -7200.0, "overseas": True}, "message-log", {"hours_ahead": 0.0}, "UTC"),
    ("rongcloud", {}, {}, "edit", {}, "not called back"),
    ("rongcloud", {}, {"sign_names": "newer"}, "callback", {}, "after"),
]


@pytest.mark.parametrize(
    ("platform", "account", "options", "check", "settings", "seen"),
    SETTLED,
    ids=[f"{p}-{c}-{a or ''}{o or ''}" for p, a, o, c, _, _ in SETTLED],
)
def test_each_doubt_is_settled_as_the_simulator_is_set(
    platform: str, account: dict[str, Any], options: dict[str, Any], check: str, settings: dict[str, Any], seen: str
) -> None:
    with driven(platform, account=account, **options) as one:
        found = one.run(names_of(platform))[check]
        assert dict(found.settings) == settings
        assert seen in found.seen.en
        assert all(hasattr(one.account, key) for key in settings)


def test_an_address_where_nobody_answers() -> None:
    for platform in PLATFORMS[:3]:
        with driven(platform) as one:
            gone = msgspec.structs.replace(one.account, base_url="http://127.0.0.1:1")
            one.account = one.wired.account = gone
            assert bad(one.run()) == {"address"}


def test_an_address_of_somebody_else() -> None:
    """A web server that answers everything, and the API of another platform."""
    page = Reply(404, {"content-type": "text/html"}, b"<html>not found</html>")
    other = Reply(200, {"content-type": "application/json"}, b'{"hello": "world"}')
    for platform in PLATFORMS[:3]:
        for reply in (page, other):
            with driven(platform) as one:
                one.bare = reply
                assert bad(one.run(answers=lambda _, reply=reply: reply)) == {"address"}  # type: ignore[misc]


@pytest.mark.parametrize("platform", PLATFORMS[:3])
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_wrong(platform: str, hours: int) -> None:
    with driven(platform, account=UNSIGNED.get(platform)) as one:
        one.shift = hours * 3_600_000
        found = one.run()
        assert "clock" in bad(found)
        assert found["clock"].seen.en[0] == f"{hours:+d}"[0]


@pytest.mark.parametrize("platform", ["easemob", "rongcloud"])
def test_a_hook_that_takes_our_mark_off(platform: str) -> None:
    with driven(platform, account=UNSIGNED.get(platform)) as one:
        one.tampered = lambda raw: raw.replace(b"doctor%3Anew", b"other%3Anew").replace(b"doctor:new", b"other:new")
        assert "echo" in bad(one.run())


def test_too_many_calls_are_a_finding_of_their_own() -> None:
    with driven("easemob", account=UNSIGNED["easemob"]) as one:
        one.simulator.mood(throttle=1.0)
        found = one.run()
        assert "quota" in bad(found)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_is_left_of_it(platform: str) -> None:
    with driven(platform) as one:
        one.run(names_of(platform))
        one.removed(names_of(platform))
        gone = {
            entry["user"] for entry in one.simulator.journal("accepted") if entry["api"] in {"user.delete", "user.block", "user.deactivate"}
        }
        assert gone == (set() if platform == "own" else set(NAMES.people))
        one.removed(names_of(platform))  # a second time is as good


@pytest.mark.parametrize("platform", PLATFORMS[:3])
def test_what_was_cut_off_is_removed(platform: str) -> None:
    with driven(platform) as one:
        interrupted(one, lambda request: request.api in {"message/private/publish", "msg/sendMsg", "messages/chatgroups"})
        one.removed()
        if platform == "easemob":
            assert one.wired.read("groups") == ([], "")
            assert one.wired.read("users") == ([], "")


def interrupted(one: Driven, at: Callable[[Request], bool]) -> None:
    def answers(request: Request) -> None:
        if at(request):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one.run(answers=answers)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_users_who_were_there_stay(platform: str) -> None:
    with driven(platform, users=["ann", "bob"]) as one:
        names = msgspec.structs.replace(NAMES, users=("ann", "bob"))
        assert "users" not in bad(one.run(names))
        assert [
            request for request in one.plan.remove(one.account, names, one.made) if "ann" in request.path or b"ann" in request.body
        ] == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_without_callbacks_in_sight_nothing_is_said_of_them(platform: str) -> None:
    with driven(platform, account=UNSIGNED.get(platform)) as one:
        found = one.run(msgspec.structs.replace(names_of(platform), listens=False))
        assert bad(found) == set()
        assert found["callback"].state == found["recall"].state == "open"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_check_has_both_languages_and_a_row_that_it_settles_stands_in_the_page(platform: str) -> None:
    from tests.house.tree import ROOT

    page = (ROOT / "docs" / "unverified.md").read_text()
    with driven(platform) as one:
        for check in checks_of(one.plan):
            assert all((check.title.en, check.title.zh, check.does.en, check.does.zh))
            assert not check.settles or f"| {check.settles} |" in page
