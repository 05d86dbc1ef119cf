"""Moods, the journal, loads: what both simulators share."""

import socket
import subprocess
import sys
from typing import Any

import httpx
import pytest

from tests.simulation.conftest import Start
from tests.simulation.receiver import Receiver
from tests.simulation.test_easemob import post, text, token_of
from tests.simulators.limits import Bucket
from tests.simulators.moods import GOOD, Fate, Mood, Moods
from tests.simulators.process import SimulatorProcess


def test_a_bucket_refills_and_a_block_lasts() -> None:
    bucket = Bucket(2, block=10)
    assert [bucket.take(now) for now in (100, 100, 100, 109.9, 110, 110, 110)] == [True, True, False, False, True, True, False]
    assert all(Bucket(0).take(now) for now in (1, 1, 1))


def test_a_mood_ends_after_its_calls() -> None:
    moods = Moods()
    moods.set(Mood(throttle=1, count=2))
    fates = []
    for _ in range(3):
        with moods.call() as (fate, _):
            fates.append(fate)
    assert fates == [Fate.THROTTLED, Fate.THROTTLED, Fate.WELL]
    assert moods.now == GOOD


def test_shares_divide_the_calls_and_the_same_seed_draws_the_same() -> None:
    def draw(seed: int) -> list[Fate]:
        moods = Moods()
        moods.set(Mood(throttle=0.3, accept_but_lose_answer=0.3, seed=seed))
        fates = []
        for _ in range(1000):
            with moods.call() as (fate, _):
                fates.append(fate)
        return fates

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    counts = {fate: draw(1).count(fate) for fate in Fate}
    assert 250 < counts[Fate.THROTTLED] < 350
    assert 250 < counts[Fate.ANSWER_LOST] < 350
    assert counts[Fate.HANGS] == counts[Fate.BROKEN] == 0


def test_an_unknown_mood_is_refused_by_name(start: Start) -> None:
    simulator = start("easemob")
    with pytest.raises(ValueError, match=r"400 .*unknown field `sulk`"):
        simulator.mood(sulk=1)
    assert simulator.mood(throttle=0.5) == {"throttle": 0.5}
    assert simulator.mood() == {}


def test_moods_of_calls(start: Start) -> None:
    simulator = start("easemob")
    token = token_of(simulator)
    url, headers = f"{simulator.url}/demo/relay/messages/users", {"Authorization": f"Bearer {token}"}
    simulator.mood(throttle=1)
    statuses = [post(simulator, "messages/users", text("x"), token).status_code for _ in range(2)]
    assert sorted(statuses) == [403, 429]
    simulator.mood(error_500=1, count=1)
    assert post(simulator, "messages/users", text("x"), token).status_code == 500
    simulator.mood(hang=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json=text("x"), headers=headers, timeout=0.2)
    simulator.mood(accept_but_lose_answer=1)
    with pytest.raises(httpx.RemoteProtocolError):
        post(simulator, "messages/users", text("kept"), token)
    simulator.mood(answer_delay=3600)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json=text("slow"), headers=headers, timeout=0.2)
    sent = [entry["text"] for entry in simulator.journal("accepted") if entry["api"] == "send"]
    assert sent == ["kept", "slow"]


def test_moods_of_callbacks(start: Start, receiver: Receiver) -> None:
    simulator = start("easemob")
    simulator.mood(double_callbacks=1)
    simulator.say("alice", "bob", "twice")
    first, second = receiver.wait(2)
    assert first.raw == second.raw
    simulator.mood(reorder_callbacks=0.5, seed=3)
    simulator.say_all([{"from": "alice", "to": "bob", "text": str(n)} for n in range(30)])
    words = [got.body["payload"]["bodies"][0]["msg"] for got in receiver.wait(32)[2:]]
    assert sorted(words, key=int) == [str(n) for n in range(30)]
    assert words != sorted(words, key=int)
    simulator.mood(delay_callbacks=[0.5, 0.5])
    simulator.say("alice", "bob", "late")
    simulator.mood()
    simulator.say("alice", "carol", "prompt")
    assert [got.body["payload"]["bodies"][0]["msg"] for got in receiver.wait(34)[32:]] == ["prompt", "late"]


def test_the_journal_is_in_order_and_can_be_read_in_parts(start: Start, receiver: Receiver) -> None:
    simulator = start("easemob")
    token = token_of(simulator)
    simulator.say("alice", "bob", "one", id="c-1")
    post(simulator, "messages/users", text("two"), token)
    post(simulator, "messages/users", text("three", **{"from": ""}), token)
    receiver.wait(2)
    entries = simulator.journal()
    assert [entry["kind"] for entry in entries] == ["accepted", "said", "accepted", "refused"]
    seqs = [entry["seq"] for entry in entries]
    assert seqs == sorted(seqs)
    assert [entry["seq"] for entry in simulator.journal(since=seqs[1])] == seqs[2:]
    assert [entry["client_id"] for entry in simulator.journal("said")] == ["c-1"]
    lines = httpx.get(f"{simulator.url}/_journal", params={"stream": 1, "limit": 2}).text.splitlines()
    assert len(lines) == 2
    wrong = httpx.get(f"{simulator.url}/_journal", params={"kind": "whispered"})
    assert (wrong.status_code, wrong.json()) == (400, {"error": "unknown kind: whispered"})


def test_the_view_tells_when_a_callback_was_taken(start: Start, receiver: Receiver) -> None:
    receiver.answers = lambda got: 200 if got.body["to"] == "bob" else 503
    simulator = start("easemob")
    simulator.say("alice", "carol", "lost")
    simulator.say("alice", "bob", "taken")
    simulator.settled()
    items = simulator.view()["items"]
    ends = {item["text"]: item["end"] for item in items}
    assert ends["lost"] is None
    assert ends["taken"] >= items[1]["time"]


@pytest.mark.parametrize("platform", ["yunxin", "easemob"])
def test_a_load_is_numbered_and_in_order_within_each_conversation(start: Start, receiver: Receiver, platform: str) -> None:
    simulator = start(platform)
    simulator.load(rate=2000, count=400, conversations=20, groups=2, seed=1)
    progress = simulator.settled()
    assert (progress["said"], progress["acknowledged"], progress["failed"]) == (400, 400, 0)
    assert (progress["running"], progress["queued"]) == (False, 0)
    seen: dict[str, list[int]] = {}
    for got in receiver.got:
        body = got.body
        words = body["body"] if platform == "yunxin" else body["payload"]["bodies"][0]["msg"]
        talk, number = words.split(" #")
        seen.setdefault(talk, []).append(int(number))
    assert len(seen) == 20
    assert all(numbers == list(range(len(numbers))) for numbers in seen.values())
    assert {entry["type"] for entry in simulator.journal("said")} == {"person", "group"}


def test_a_process_takes_its_options_and_stops_cleanly(receiver: Receiver) -> None:
    options: dict[str, Any] = {"callback_source": ["sdk"], "callback_url": receiver.url, "limit_group_calls": 0, "ordered": False}
    with SimulatorProcess("easemob", users=["alice"], group={"g1": ["alice", "bob"]}, **options) as simulator:
        simulator.say("bob", "g1", "hi", type="group")
        assert receiver.wait(1)[0].body["to"] == "g1"
        assert simulator.stop() == 0


def test_a_process_that_cannot_start_says_so() -> None:
    with pytest.raises(RuntimeError, match="simulator ended with 2"):
        SimulatorProcess("yunxin", limit_calls="many")


def test_a_taken_port_is_named_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [sys.executable, "-m", "tests.simulators", "own", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    (said,) = done.stderr.splitlines()
    assert f"127.0.0.1:{port}" in said
    assert "--port" in said


def test_a_platform_without_a_simulator_is_told_which_there_are() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.simulators", "nobody"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "PLATFORM is one of easemob, own, rongcloud, yunxin" in done.stderr
