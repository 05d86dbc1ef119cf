"""Rules in the running relay: changed without a restart, and the account of a newcomer made before the first message."""

import json
import signal
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests import succeeding, warm_python
from tests.stack import Stack
from tests.waiting import until

RULES = """
[[apps.new.rules]]
name = "not-carol"
users = ["carol"]
do = "drop"

[[apps.new.rules]]
name = "newcomers"
sender = "no-account"
do = "create"
"""


@pytest.fixture(scope="module")
def stack(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("rules"), bootstrap=kafka, prefix=f"r{uuid4().hex[:8]}.", partitions=2) as one:
        yield one


def arrived(stack: Stack, text: str) -> bool:
    return any(text in json.dumps(one, ensure_ascii=False) for one in stack.yunxin.journal("accepted") if one["api"] == "send")


def made(stack: Stack) -> list[str]:
    return [one["user"] for one in stack.yunxin.journal("accepted") if one["api"] == "user.create"]


def command(stack: Stack, *arguments: str) -> str:
    return succeeding.said(warm_python.run(*arguments, "-c", str(stack.config)), arguments[0])


def test_rules_change_without_a_restart_and_a_newcomer_gets_an_account(stack: Stack) -> None:
    convert = stack.roles["convert"]
    stack.easemob.preload(["zoe"], {})
    stack.easemob.say("carol", "bob", "before the rules")
    until(lambda: arrived(stack, "before the rules"))
    stack.config.write_text(stack.config.read_text() + RULES)
    until(lambda: 'im_relay_rules_read_total{outcome="taken"} 1.0' in convert.metrics())
    # Zoe is known on one side only; all that she says waits for her account on the other.
    for number in range(5):
        stack.easemob.say("zoe", ("alice", "bob")[number % 2], f"zoe says {number}")
    stack.easemob.say("carol", "bob", "after the rules")
    until(lambda: all(arrived(stack, f"zoe says {number}") for number in range(5)))
    assert set(made(stack)) == {"zoe"}
    until(lambda: 'kind="rule:not-carol",outcome="dropped"' in convert.metrics())
    assert not arrived(stack, "after the rules")
    # It is written down, and convert follows: from then on nobody asks for it.
    until(lambda: json.loads(command(stack, "identities", "show", "zoe"))["accounts"] == {"yunxin": "made"})
    until(lambda: 'im_relay_identities_entries{kind="made",platform="yunxin"} 1.0' in convert.metrics())
    asked = len([one for one in stack.yunxin.journal() if one.get("api") == "user.create"])
    stack.easemob.say("zoe", "alice", "zoe says more")
    until(lambda: arrived(stack, "zoe says more"))
    assert len([one for one in stack.yunxin.journal() if one.get("api") == "user.create"]) == asked
    # And she is answered.
    stack.yunxin.say("bob", "zoe", "welcome")
    until(lambda: any("welcome" in json.dumps(one) for one in stack.easemob.journal("accepted") if one["api"] == "send"))


def test_a_bad_file_is_refused_by_the_running_role_and_the_old_rules_stay(stack: Stack) -> None:
    convert, good = stack.roles["convert"], stack.config.read_text()
    try:
        stack.config.write_text(good + '[[apps.new.rules]]\nname = "x"\ndo = "fly"\n')
        until(lambda: 'im_relay_rules_read_total{outcome="refused"} 1.0' in convert.metrics())
        assert convert.says("apps.new.rules")
        assert convert.child is not None
        convert.child.send_signal(signal.SIGHUP)
        until(lambda: 'im_relay_rules_read_total{outcome="refused"} 2.0' in convert.metrics())
        stack.easemob.say("bob", "alice", "still here")
        until(lambda: arrived(stack, "still here"))
    finally:
        stack.config.write_text(good)
