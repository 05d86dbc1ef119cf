"""`im-relay replay` on the real broker: what it chooses, what it writes, and that it goes on where it was broken off."""

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from zlib import crc32

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from msgspec.structs import replace
from typer.testing import Result

from converters.core import wire
from converters.core.model import Delivery
from converters.platform import OTHERS, RateLimit
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App
from streams.cli import replay
from streams.exactly_once.deleted_records import DeletedRange
from streams.exactly_once.producers import ProducerSettings
from streams.operate.filters import Filter
from streams.operate.pace import RateCap
from streams.operate.replay import ReplayCounts, ReplayFilter, ReplayWriter, planned
from streams.operate.replay_spec import ReplaySpec
from streams.operate.replay_store import TopicStore
from streams.operate.topic_reader import OperateError, TopicReader
from streams.settings.root import load, resolve
from tests.operate.conftest import PARTITIONS, Ground, callback, rows
from tests.stack import ROOT
from tests.waiting import until

HOUR = 3_600_000


def written(ground: Ground) -> list[str]:
    return [wire.load(record.value, Delivery).event.remote_id for record in ground.read(ground.names.backfill)]


def run(ground: Ground, *words: str) -> Result:
    return ground.im_relay("replay", "--platform", "yunxin", "--rate", "0", *words)


def test_messages_go_to_backfill_as_convert_writes_them(ground: Ground) -> None:
    ground.called(*(callback(number) for number in range(1, 21)))
    ground.convert()
    done = run(ground, "--since", "1h", "--yes")
    assert done.exit_code == 0, done.output
    assert "20 written" in done.stdout
    live, again = ground.read(ground.names.deliveries), ground.read(ground.names.backfill)
    assert [(r.partition, r.key, r.value) for r in again] == [(r.partition, r.key, r.value) for r in live]
    assert {record.partition for record in again} == {crc32(b"direct\x1falice\x1fbob") % PARTITIONS}
    (name,) = {dict(record.headers)["replay"] for record in again}
    assert name.decode() in done.stdout


def test_a_dry_run_counts_and_tells_the_time(ground: Ground) -> None:
    ground.called(
        *(callback(number) for number in range(1, 31)), callback(31, to="6100", team=True), b"{rubbish", callback(32, msgType="X")
    )
    dry = ground.im_relay("replay", "--platform", "yunxin", "--since", "1h", "--dry-run", "--json", "--rate", "2")
    (told,) = rows(dry)
    assert told["chosen"] == [{"target": "new", "kind": "text", "count": 30}, {"target": "new", "kind": "unknown", "count": 1}]
    assert told["dead"] == {"group-unmapped": 1, "malformed": 1}
    assert [example["cause"] for example in told["examples"]] == ["group-unmapped", "malformed"]
    assert told["seconds"] == pytest.approx(15.5)
    (slower,) = rows(run(ground, "--since", "1h", "--dry-run", "--json", "--quota", "0.5"))
    assert slower["seconds"] == pytest.approx(62)
    (declared,) = rows(run(ground, "--since", "1h", "--dry-run", "--json"))
    assert 0 < declared["seconds"] < 15.5, "without a word, the target's declared limits tell the time"
    assert written(ground) == []
    assert ground.read(ground.names.dead) == [], "what cannot be converted is no new letter"
    assert "secret words" not in dry.output


def test_messages_are_chosen_by_time_conversation_user_and_kind(ground: Ground) -> None:
    now = int(time.time() * 1000)
    for number, hours in ((1, 5), (2, 3), (3, 1)):
        ground.called(callback(number), at=now - hours * HOUR)
    ground.called(callback(4, "carol", "dave"), key=b"other")
    ground.called(callback(5, "dave", "carol", msgType="PICTURE"), key=b"other")

    def chosen(*words: str) -> int:
        (told,) = rows(run(ground, "--dry-run", "--json", *words))
        return int(told["messages"])

    assert chosen("--since", "6h") == 5
    assert chosen("--since", "4h") == 4
    assert chosen("--since", "4h", "--until", "2h") == 1
    assert chosen("--since", "6h", "--until", "2h") == 2
    assert chosen("--since", "6h", "--conversation", "direct:dave:carol") == 2
    assert chosen("--since", "6h", "--user", "bob") == 3
    assert chosen("--since", "6h", "--kind", "text") == 4
    assert chosen("--since", "6h", "--user", "carol", "--kind", "unknown") == 1
    run(ground, "--since", "4h", "--until", "2h", "--yes")
    assert written(ground) == ["2"]


def test_nothing_to_send_and_nobody_to_ask_are_1_and_wrong_words_2(ground: Ground) -> None:
    assert run(ground, "--since", "1h", "--yes").exit_code == 1
    ground.called(callback(1))
    asked = run(ground, "--since", "1h")
    assert asked.exit_code == 1
    assert "nothing was done" in asked.stderr
    for words in ((), ("--since", "1h", "--until", "2h"), ("--since", "1h", "--platform", "other"), ("--resume", "nothing")):
        assert run(ground, *words).exit_code == 2, words
    assert written(ground) == []


class Stops(Exception):
    pass


class Stumbles(RateCap):
    """Breaks off after so many messages, like a person who has had enough."""

    def __init__(self, after: int) -> None:
        super().__init__(20.0)
        self._left = after

    async def wait(self, count: int) -> None:
        self._left -= count
        if self._left <= 0:
            raise Stops


async def prepared(ground: Ground) -> tuple[str, ReplaySpec, dict[str, App]]:
    topic = ground.names.callbacks
    async with TopicReader(ground.bootstrap) as reader:
        spec = await planned(reader, topic, "r1", "yunxin", 0, int(time.time() * 1000) + 1000, Filter())
    return topic, spec, resolve(load(ground.config))


async def broken(ground: Ground) -> int:
    """A replay that stops on its way; the answer is how many it had written."""
    topic, spec, apps = await prepared(ground)
    await TopicStore(ProducerSettings(ground.bootstrap), ground.prefix).save(spec)
    copier = ReplayWriter(
        ProducerSettings(ground.bootstrap),
        ground.prefix,
        PARTITIONS,
        spec,
        ReplayFilter(spec, apps, IdentityTable()),
        Stumbles(60),
        carry=True,
    )
    async with TopicReader(ground.bootstrap, copier.group) as reader:
        with pytest.raises(Stops):
            await copier.run(reader, topic)
    return copier.written


def test_one_that_was_broken_off_goes_on_exactly_there(ground: Ground) -> None:
    ground.called(*(callback(number) for number in range(1, 101)), key=b"one")
    ground.called(*(callback(100 + number, "carol", "dave") for number in range(1, 101)), key=b"two!")

    first = asyncio.run(broken(ground))
    assert 60 <= first < 200
    assert len(written(ground)) == first
    (left,) = rows(run(ground, "--resume", "r1", "--dry-run", "--json"))
    assert left["messages"] == 200 - first
    assert f"{200 - first} written" in run(ground, "--resume", "r1", "--yes").stdout
    assert sorted(written(ground), key=int) == [str(number) for number in range(1, 201)], "each once"
    for words in (("alice", range(1, 101)), ("carol", range(101, 201))):
        there = [r for r in ground.read(ground.names.backfill) if words[0] in r.key.decode()]
        assert [int(wire.load(r.value, Delivery).event.remote_id) for r in there] == list(words[1]), "in order"
    assert run(ground, "--resume", "r1", "--yes").exit_code == 1, "nothing is left"


def deleted(ground: Ground, partition: int, before: int) -> None:
    admin = AdminClient({"bootstrap.servers": ground.bootstrap})
    for done in admin.delete_records([TopicPartition(ground.names.callbacks, partition, before)]).values():
        done.result(30)


def test_what_is_no_longer_kept_when_a_replay_goes_on_is_told(ground: Ground) -> None:
    ground.called(*(callback(number) for number in range(1, 101)))

    first, partition = asyncio.run(broken(ground)), crc32(b"native") % PARTITIONS
    deleted(ground, partition, 90)
    done = run(ground, "--resume", "r1", "--yes")
    assert f"{ground.names.callbacks}:{partition} no longer keeps offsets {first} to 89" in done.stderr
    assert "10 written" in done.stdout
    assert written(ground) == [str(number) for number in (*range(1, first + 1), *range(91, 101))]


async def test_what_is_deleted_ahead_of_a_reader_is_told_and_the_rest_is_read(ground: Ground) -> None:
    body = b"x" * 100_000
    await asyncio.to_thread(ground.called, *[body] * 40)  # several times what one fetch brings
    where = crc32(b"native") % PARTITIONS
    told: list[DeletedRange] = []
    offsets: list[int] = []
    async with TopicReader(ground.bootstrap, None, told.append) as reader:
        async for record in reader.records(await reader.spans(reader.partitions(ground.names.callbacks))):
            if not offsets:
                await asyncio.to_thread(deleted, ground, where, 35)
            offsets.append(record.offset)
    (one,) = told
    assert (one.end, one.tp.partition, one.cause) == (35, where, "retention")
    assert offsets == [*range(one.start), *range(35, 40)]


class Interrupted(RateCap):
    """A person presses Ctrl-C after some have been written."""

    async def wait(self, count: int) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(30)


def test_ctrl_c_says_how_to_go_on(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.called(*(callback(number) for number in range(1, 1201)))
    with monkeypatch.context() as patch:
        patch.setattr(replay, "RateCap", Interrupted)
        # A shell's background job is told to ignore it.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            broken = run(ground, "--since", "1h", "--yes")
        finally:
            signal.signal(signal.SIGINT, before)
    assert broken.exit_code == 1
    (name,) = re.findall(r"go on with: im-relay replay --resume (\S+)", broken.stderr)
    # The end of a transaction is answered before its markers are everywhere.
    until(lambda: written(ground))
    assert len(written(ground)) == 500
    assert "700 written" in run(ground, "--resume", name, "--yes").stdout
    assert written(ground) == [str(number) for number in range(1, 1201)]


def test_a_replay_that_is_killed_goes_on_where_it_was(ground: Ground) -> None:
    ground.called(*(callback(number) for number in range(1, 2001)))
    command = [sys.executable, "-m", "streams", "replay", "--platform", "yunxin", "--since", "1h", "--yes", "--rate", "500"]
    command += ["--config", str(ground.config)]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: len(written(ground)) >= 500)
    running.kill()
    running.wait()
    (name,) = [(record.key or b"").decode() for record in ground.read(f"{ground.prefix}replays")]
    first = len(written(ground))
    assert 500 <= first < 2000
    assert run(ground, "--resume", name, "--yes").exit_code == 0
    assert written(ground) == [str(number) for number in range(1, 2001)], "each once, in order"


def test_a_replay_is_kept_in_a_directory_where_one_is_named(ground: Ground) -> None:
    ground.called(*(callback(number) for number in range(1, 11)))
    state = ground.directory / "state"
    done = run(ground, "--since", "1h", "--yes", "--state", str(state / "replays"))
    assert "10 written" in done.stdout
    (file,) = (state / "replays").iterdir()
    assert file.stem in done.stdout
    assert ground.read(f"{ground.prefix}replays") == []
    assert run(ground, "--resume", file.stem, "--yes", "--state", str(state / "replays")).exit_code == 1, "nothing is left"
    assert "there are: none" in run(ground, "--resume", file.stem).stderr


def test_a_place_that_cannot_be_written_to_is_told_before_anybody_is_asked(ground: Ground) -> None:
    ground.called(callback(1))
    file = ground.directory / "a-file"
    file.write_text("")
    told = run(ground, "--since", "1h", "--yes", "--state", str(file / "replays"))
    assert told.exit_code == 2
    assert f"{file} cannot be written to: name another directory, or leave --state out" in told.stderr
    assert told.stdout == "", "nothing was counted, and nobody asked"
    admin = AdminClient({"bootstrap.servers": ground.bootstrap})
    admin.delete_topics([f"{ground.prefix}replays"])[f"{ground.prefix}replays"].result(30)
    # Until the broker has told everybody, it may be there, or nobody may answer for it.
    missing = f"topic {ground.prefix}replays is missing"
    told = until(lambda: one if missing in (one := run(ground, "--since", "1h", "--yes")).stderr else None, deadline=120)
    assert told.exit_code == 2
    assert written(ground) == []


def test_the_time_is_told_from_the_settings_limits(ground: Ground) -> None:
    ground.called(*(callback(number) for number in range(1, 31)))
    for limits, seconds in (("users-calls = 2", 15.0), ("users-calls = 0\nusers-messages = 0", 0.0)):
        ground.config.write_text(f"{ground.config.read_text()}\n[deliver.limits.new]\n{limits}\n")
        (told,) = rows(run(ground, "--since", "1h", "--dry-run", "--json"))
        assert told["seconds"] == pytest.approx(seconds)
        ground.config.write_text(ground.config.read_text().partition("\n[deliver.limits.new]")[0])


def test_one_replay_runs_once_at_a_time(ground: Ground) -> None:
    ground.called(*(callback(number) for number in range(1, 51)))

    async def both() -> list[object]:
        topic, spec, apps = await prepared(ground)

        class Takes(RateCap):
            """Lets the second one start between two commits of the first."""

            async def wait(self, count: int) -> None:
                if not started.is_set():
                    started.set()
                    async with asyncio.timeout(30):
                        await over.wait()

        started, over = asyncio.Event(), asyncio.Event()

        async def one(pace: RateCap) -> object:
            copier = ReplayWriter(
                ProducerSettings(ground.bootstrap),
                ground.prefix,
                PARTITIONS,
                spec,
                ReplayFilter(spec, apps, IdentityTable()),
                pace,
                carry=True,
            )
            async with TopicReader(ground.bootstrap, copier.group) as reader:
                try:
                    await copier.run(reader, topic)
                except OperateError as error:
                    return str(error)
            return copier.written

        async def second() -> object:
            await started.wait()
            try:
                return await one(RateCap(0))
            finally:
                over.set()

        return list(await asyncio.gather(one(Takes(20.0)), second()))

    first, second = asyncio.run(both())
    assert "was started a second time" in str(first)
    assert second == 40
    assert written(ground) == [str(number) for number in range(1, 51)]


async def test_the_pace_is_kept() -> None:
    now, slept = 0.0, []

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    pace = RateCap(10.0, lambda: now, sleep)
    assert pace.chunk == 5
    for _ in range(10):
        await pace.wait(5)
    assert now == pytest.approx(5.0)
    now += 100.0  # late anyway: it does not sleep
    await pace.wait(5)
    assert now == pytest.approx(105.0)


def test_the_time_is_that_of_the_tightest_limit(ground: Ground) -> None:
    (app,) = [each for each in resolve(load(ground.config)).values() if each.name == "new"]
    limits = (RateLimit("a", ("one", "two"), 10), RateLimit("b", ("one",), 600, 60.0, "messages"), RateLimit("others", (OTHERS,), 5))
    app = replace(app, platform=replace(app.platform, limits=limits))
    calls = {("new", "one", "calls"): 50, ("new", "two", "calls"): 50, ("new", "one", "messages"): 50}
    assert ReplayCounts(load=Counter(calls)).seconds({"new": app}) == pytest.approx(10.0), "both share a limit"
    assert ReplayCounts(load=Counter({("new", "one", "messages"): 500})).seconds({"new": app}) == pytest.approx(50.0)
    apart = {("new", "three", "calls"): 50, ("new", "four", "calls"): 40}
    assert ReplayCounts(load=Counter(apart)).seconds({"new": app}) == pytest.approx(10.0), "the others have it each for itself"
    assert ReplayCounts(load=Counter({("old", "one", "calls"): 50})).seconds({"new": app}) == 0.0
