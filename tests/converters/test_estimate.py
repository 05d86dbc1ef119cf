"""Calls and hours of a migration: exact, and held up by the quota or by the longest conversation."""

from typing import Any

import pytest
from msgspec import structs

from converters import PLATFORMS
from converters.estimate import CallCounter, Lane, estimate, message_calls, recounted, savings
from converters.inventory import Friendship, Group, GroupMember, Role, User
from converters.migration_rules import Order
from converters.probing import Findings

RULES: Any = PLATFORMS["easemob"].migration
HOUR = 3600


def test_a_million_users_take_three_minutes_in_batches() -> None:
    counter = CallCounter(RULES)
    for n in range(1_000):
        counter.add(User(id=f"u{n}"), f"u{n}")
    assert counter.calls() == {"users": 17}
    told = estimate(RULES, {"users": 16_667}, [])
    assert told.seconds == pytest.approx(166.67)


def test_batches_end_with_their_owner() -> None:
    counter = CallCounter(RULES)
    for owner, friends in (("ann", 11), ("bob", 10), ("cid", 1)):
        for n in range(friends):
            counter.add(Friendship(owner=owner, friend=f"x{n}", remark="r" if n < 2 else ""), owner)
    assert counter.calls() == {"contacts/import": 4, "contacts/remark": 5}


def test_members_are_counted_without_the_owner_and_what_they_have_by_itself() -> None:
    counter = CallCounter(RULES)
    counter.add(Group(id="g", owner="u0", announcement="x"), "g")
    for n in range(62):
        role: Role = "owner" if n == 0 else "admin" if n == 1 else "member"
        counter.add(GroupMember(group="g", user=f"u{n}", role=role, muted=n == 5, name="N" if n < 21 else ""), "g")
    assert counter.calls() == {
        "chatgroups/admin": 1,
        "chatgroups/announcement": 1,
        "chatgroups/attributes": 2,
        "chatgroups/create": 1,
        "chatgroups/mute": 1,
        "chatgroups/users/add": 2,
    }


def test_six_hundred_million_messages_take_seventy_days_at_the_default_quota() -> None:
    calls = message_calls(RULES, {"direct": 600_000_000, "group": 400_000_000})
    told = estimate(RULES, calls, [Lane("direct", 1000)])
    assert told.seconds / 86_400 == pytest.approx(69.4, abs=0.1)
    assert told.phases[-1].limit == "messages/users/import"
    (first, *_) = savings(RULES, calls, (Lane("direct", 1000),))
    assert (first.quota, first.wanted) == ("messages/users/import", 500)
    assert first.seconds / 86_400 == pytest.approx(69.4 - 46.3, abs=0.1)  # then the groups hold it up


def test_a_long_conversation_is_a_lane_that_no_quota_shortens() -> None:
    calls = message_calls(RULES, {"group": 5_000_000})
    told = estimate(RULES, calls, [Lane("group", 5_000_000)])
    assert told.phases[-1].limit == "lane"
    assert told.seconds / 86_400 == pytest.approx(2.9, abs=0.01)
    assert savings(RULES, calls, (Lane("group", 5_000_000),)) == ()


def test_apis_that_share_a_quota_wait_for_each_other() -> None:
    told = estimate(RULES, {"users": 1000, "push/nickname": 1000}, [])
    assert told.phases[0].seconds == pytest.approx(20)
    assert estimate(RULES, {"users": 1000, "push/nickname": 1000}, [], {"users": 200}).seconds == pytest.approx(10)


@pytest.mark.parametrize(("language", "title"), [("zh", "## 需要环信商务开通的清单"), ("en", "## To be opened by Easemob's sales")])
def test_the_list_for_the_vendor_has_what_the_run_needs(language: Any, title: str) -> None:
    text = RULES.order(
        Order(
            language=language,
            counts={"user": 5},
            edition="flagship",
            retention_wanted=120,
            files=7,
            largest_group=2100,
            most_friends=900,
            raises=(("messages/users/import", 100.0, 500.0),),
            target="new",
        )
    )
    assert text.startswith(title)
    for needed in ("messages/users/import", "500", "120", "2,100", "900", "groupid"):
        assert needed in text


def test_what_the_probe_has_found_open_is_not_asked_for() -> None:
    plain = Order(
        language="en", counts={}, edition="flagship", retention_wanted=90, files=0, largest_group=1, most_friends=1, raises=(), target="new"
    )
    careful = RULES.order(plain)
    asked = ("given by us (`groupid`", "older than the group", "fire callbacks", "`msg_timestamp` refused", "share the 100/s")
    for text in asked:
        assert text in careful
    found = Findings(custom_ids=True, before_group="accepted", callbacks=False, repeat="refused", shared=())
    known = RULES.order(structs.replace(plain, findings=found))
    for text in asked:
        assert text not in known
    assert "does an import fire pushes." in known


def test_the_probe_makes_batches_full_and_takes_push_settings_out_of_the_quota_of_registration() -> None:
    rules = RULES.found(RULES, Findings(full_batch=True, shared=("push/style",)))
    users = [(User(id=f"u{n}", push_name="n", push_style="plain"), f"u{n}") for n in range(120)]
    counted = {"users": 3, "push/nickname": 3, "push/style": 120, "chatgroups/create": 7}
    calls = recounted(RULES, rules, counted, lambda kind: users if kind == "user" else [])
    assert calls == {**counted, "users": 2}
    # Both were one quota: 300 calls took three seconds.
    told = estimate(rules, {"users": 100, "push/nickname": 100, "push/style": 100, "notification": 100}, [])
    assert {row.api: row.quota for row in told.rows} == {
        "users": "users",
        "push/nickname": "push/nickname",
        "push/style": "users",
        "notification": "notification",
    }
    assert told.phases[0].seconds == pytest.approx(2)
    assert RULES.found(RULES, Findings()) == RULES


def test_every_call_has_a_quota_and_a_phase() -> None:
    quotas = {one.name for one in RULES.quotas}
    assert {call.quota for call in RULES.calls} == quotas
    assert len({call.api for call in RULES.calls}) == len(RULES.calls)
    assert estimate(RULES, {call.api: 1 for call in RULES.calls}, []).seconds > 0


def test_what_is_counted_is_what_is_called() -> None:
    inventory: Any = getattr(PLATFORMS["easemob"], "inventory", None)
    written = {part.api: (part.kind, part.most) for part in inventory.parts} if inventory is not None else {}
    counted = {call.api: (call.kind, call.batch) for call in RULES.calls if call.kind != "message"}
    for api, (kind, most) in written.items():
        assert counted[api] == (kind, most - 1 if api == "users" else most)
    assert {"users", "contacts/import", "chatgroups/users/add"} <= counted.keys()
