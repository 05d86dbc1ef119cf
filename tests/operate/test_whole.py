"""The operator's commands on a running relay: both simulators, real Kafka, every role a process."""

from functools import partial
from typing import Any

from tests.operate.conftest import command, rows
from tests.stack import Stack
from tests.waiting import until


def texts(stack: Stack) -> list[str]:
    """What has arrived at the target, in its order."""
    return [entry["text"] for entry in stack.easemob.journal("accepted") if entry["api"] == "send"]


def trace(stack: Stack, message: str) -> dict[str, Any]:
    done = command(stack.config, "trace", message, "--json", "--since", "1h")
    return rows(done)[0] if done.exit_code == 0 else {"state": done.stderr, "steps": []}


def are_known(stack: Stack, count: float) -> bool:
    return known(stack) == count


def known(stack: Stack) -> float:
    """What deliver has kept back since the ledger knows it."""
    lines = stack.roles["deliver-easemob"].metrics().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("im_relay_already_delivered_total{"))


def test_a_message_is_traced_from_one_platform_to_the_other(stack: Stack) -> None:
    said = stack.yunxin.say("alice", "bob", "where am I")
    until(lambda: "where am I" in texts(stack))
    told = until(lambda: (found := trace(stack, said["id"]))["state"].startswith("delivered to app new as ") and found)
    assert told["state"].endswith(" after it was said")
    until(lambda: {step["what"] for step in trace(stack, said["id"])["steps"]} >= {"received", "converted", "ended", "called back"})
    target = told["state"].split()[5].rstrip(";")
    assert trace(stack, target).get("event") == told["event"], "the target's own id leads to it too"
    assert "where am I" not in str(told)


def test_a_replay_sends_nothing_that_has_arrived(stack: Stack) -> None:
    for number in range(10):
        stack.yunxin.say("carol", "dave", f"once {number}")
    until(lambda: texts(stack)[-1:] == ["once 9"])
    until(lambda: trace(stack, stack.yunxin.journal("said")[-1]["id"])["state"].startswith("delivered"))
    before, kept = texts(stack), known(stack)
    state = ("--state", str(stack.directory / "replays"))
    for again in (1, 2):
        done = command(stack.config, "replay", "--platform", "yunxin", "--since", "1h", "--user", "carol", "--rate", "0", "--yes", *state)
        assert done.exit_code == 0, done.output
        assert "10 written" in done.stdout
        until(partial(are_known, stack, kept + 10 * again))
    assert texts(stack) == before


def test_a_replay_sends_what_never_arrived(stack: Stack) -> None:
    said = in_a_new_group(stack, "6123450001", "270000000000011", "gap")
    state = ("--state", str(stack.directory / "replays"))
    done = command(stack.config, "replay", "--platform", "yunxin", "--since", "1h", "--conversation", "group:6123450001", "--yes", *state)
    assert "3 written" in done.stdout
    until(lambda: [text for text in texts(stack) if text.startswith("gap")] == ["gap 0", "gap 1", "gap 2"])
    told = until(lambda: (found := trace(stack, said[0]))["state"].startswith("delivered") and found)
    assert {step["what"] for step in told["steps"]} >= {"received", "dead letter", "backfill", "ended"}


def test_a_letter_of_convert_is_mended_and_put_back(stack: Stack) -> None:
    said = in_a_new_group(stack, "6123450002", "270000000000012", "mended")
    words = ("--conversation", "group:6123450002")
    assert command(stack.config, "dead", "replay", "--yes", *words).stdout.strip() == "3 replayed"
    until(lambda: [text for text in texts(stack) if text.startswith("mended")] == ["mended 0", "mended 1", "mended 2"])
    until(lambda: all(trace(stack, one)["state"].startswith("delivered") for one in said))
    assert command(stack.config, "dead", "replay", "--yes", *words).exit_code == 1, "not twice"


def in_a_new_group(stack: Stack, here: str, there: str, text: str) -> list[str]:
    """Events of three messages that became dead letters, since nobody had said which group this is; now it is said."""
    stack.yunxin.preload(groups={here: ["alice", "bob"]})
    stack.easemob.preload(groups={there: ["alice", "bob"]})
    ids = [stack.yunxin.say("alice", here, f"{text} {number}", type="group")["id"] for number in range(3)]
    said = [f"yunxin:old:group:{each}:post" for each in ids]  # the simulator may have the bare number in a talk of two, too
    letters = ("dead", "list", "--json", "--cause", "group-unmapped", "--conversation", f"group:{here}")
    until(lambda: len(rows(command(stack.config, *letters))) == 3)
    assert trace(stack, said[0])["state"].startswith("dead letter: group-unmapped (ours, in convert)")
    before = groups_known(stack)
    pairs = (f"yunxin={here}", f"easemob={there}")
    assert command(stack.config, "identities", "set", "group", *pairs, "--canonical", text).exit_code == 0
    until(lambda: groups_known(stack) == before + 2)
    return said


def groups_known(stack: Stack) -> float:
    lines = stack.roles["convert"].metrics().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("im_relay_identities_entries{") and '"group"' in line)


def test_a_letter_of_deliver_is_not_held_up_by_its_own_ledger_entry(stack: Stack) -> None:
    stack.easemob.preload(users=["erin"])
    said = stack.easemob.say("alice", "erin", "to one who is not there yet")
    letters = ("dead", "list", "--json", "--stage", "deliver", "--user", "erin")
    (letter,) = until(lambda: rows(command(stack.config, *letters)))
    assert letter["cause"] == "refused"
    assert trace(stack, said["id"])["state"].startswith("dead letter: refused (theirs, in deliver)")
    stack.yunxin.preload(users=["erin"])
    assert command(stack.config, "dead", "replay", "--yes", letter["key"]).stdout.strip() == "1 replayed"
    told = until(lambda: (way := trace(stack, said["id"]))["state"].startswith("delivered to app old") and way)
    assert {step["what"] for step in told["steps"]} >= {"dead letter", "resolved", "ended"}
    assert "to one who is not there yet" in [entry.get("text") for entry in stack.yunxin.journal("accepted")]
