"""`im-relay gaps` on the real broker: what it compares, what it asks, what it writes; and questions that are not answered well."""

import asyncio
import json
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from uuid import uuid4
from zlib import crc32

import httpx
import pytest
from msgspec.structs import replace

from converters import PLATFORMS
from converters.core.model import Conversation, Group, Room, direct
from converters.platform import Callback, DecodedEvent, FileRequest, FoundCallback, GapConversation, Gaps, Reply, Request, TimeRange
from converters.routing.identity_table import IdentityTable, record
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.ingress.record import RECOVERED, callback_of, past
from streams.ingress.store import CallbackStore
from streams.kafka import admin, topics
from streams.operate.gaps import CHUNK, GapResult, GapSearch, ReceivedCallbacks, groups_of, within
from streams.operate.topic_reader import TopicReader
from streams.outbound.vendor_client import TRIES, VendorClient
from streams.roles.gaps import outcome_of
from streams.settings.root import load, resolve
from tests.operate.conftest import PARTITIONS, Ground, callback, command, rows
from tests.simulators.process import SimulatorProcess

KEY = b"direct\x1falice\x1fbob"
Ask = Callable[..., Generator[Request | FileRequest | FoundCallback, Reply | None, str]]
QUESTION = Request("POST", "/history.action", {}, b"", "history", repeatable=True)


def now() -> int:
    return int(time.time() * 1000)


class Answers:
    """Instead of a platform that is asked: *happens* is what goes on in the world meanwhile."""

    def __init__(self, happens: Callable[[], object] = lambda: None) -> None:
        self.happens = happens

    async def ask(self, asked: Request | FileRequest) -> Reply:
        await asyncio.to_thread(self.happens)
        return Reply(200, {}, b"")


def search(
    ground: Ground,
    *missed: FoundCallback,
    answers: Answers | None = None,
    places: tuple[Conversation, ...] = (),
    held_back: Callable[[Callback, str], str] | None = None,
) -> GapResult:
    """As the command does it, of a platform that keeps *missed* and was asked one question before."""

    def ask(span: TimeRange, conversations: Sequence[Conversation], account: object) -> GapConversation:
        places_asked.append(list(conversations))
        yield QUESTION
        yield from missed
        return "the future"

    app = resolve(load(ground.config))["old"]
    app = App("old", replace(app.platform, gaps=Gaps(ask, "", 100, held_back)), app.account, "new")
    places_asked: list[list[Conversation]] = []

    async def run() -> GapResult:
        store = CallbackStore(ground.bootstrap, [ground.names.callbacks], timeout=10, limit=10_000, tell=lambda _: None)
        await store.start()
        try:
            async with TopicReader(ground.bootstrap) as reader:
                came = ReceivedCallbacks(ground.names.callbacks, app)
                one = GapSearch(app, came, reader, answers or Answers(), store, now)
                found = await one.run(TimeRange(now() - 60_000, now()), now() - 3_600_000, places)
                again = await one.run(TimeRange(now() - 60_000, now()), now() - 3_600_000, places)
                assert (again.missing.total(), again.written) == (0, 0), "a second search finds nothing"
                return found
        finally:
            await store.close(1)

    found = asyncio.run(run())
    assert found.unseen == ["the future"]
    assert found.places == len(places_asked[0])
    return found


def kept(number: int, **more: object) -> FoundCallback:
    return FoundCallback(KEY, callback(number, **more), {"content-type": "application/json", "Kind": "x"})  # type: ignore[arg-type]


def test_what_is_missing_is_written_as_the_ingress_would_have(ground: Ground) -> None:
    ground.called(callback(1), callback(3))
    begin = now()
    found = search(ground, *(kept(number) for number in (1, 2, 3, 4, 4)))
    assert (found.known, found.missing, found.written) == (3, {"text": 2}, 2)
    assert found.of == {direct("alice", "bob")}
    written = [one for one in ground.read(ground.names.callbacks) if RECOVERED in dict(one.headers)]
    assert [(one.key, one.partition, one.value) for one in written] == [
        (KEY, crc32(KEY) % PARTITIONS, one.body) for one in (FoundCallback(KEY, written[0].value), FoundCallback(KEY, written[1].value))
    ]
    assert [json.loads(one.value)["msgidServer"] for one in written] == ["2", "4"]
    for one in written:
        read = callback_of(one.value, one.headers)
        assert (read.app, read.headers) == ("old", {"content-type": "application/json", "kind": "x", RECOVERED: "1"})
        assert past(one.headers) == b"1"
        assert begin <= read.received == one.timestamp <= now()


def test_what_came_while_the_platform_was_asked_is_not_written(ground: Ground) -> None:
    found = search(ground, kept(1), kept(2), answers=Answers(lambda: ground.called(callback(1))))
    assert (found.known, found.missing, found.written) == (1, {"text": 1}, 1)


def test_many_are_written_in_their_order(ground: Ground) -> None:
    count = 2 * CHUNK + 7
    found = search(ground, *(kept(number) for number in range(1, count + 1)))
    assert found.written == count
    ids = [int(json.loads(one.value)["msgidServer"]) for one in ground.read(ground.names.callbacks)]
    assert ids == list(range(1, count + 1))


def test_nothing_comes_of_what_convert_would_drop_or_bury(ground: Ground) -> None:
    found = search(ground, FoundCallback(KEY, b"{rubbish"), kept(1, antispam="true"))
    assert (found.unreadable, found.left_out, found.missing) == (1, {"moderated": 1}, {})
    assert ground.read(ground.names.callbacks) == []


def test_what_came_and_was_held_back_is_not_filled(ground: Ground) -> None:
    ground.called(callback(1, antispam="true"), callback(2, blacklist="true"))
    found = search(ground, kept(1), kept(2), kept(3), held_back=PLATFORMS["yunxin"].gaps.held_back)  # type: ignore[union-attr]
    assert (found.known, found.missing) == (2, {"text": 1})


def test_another_apps_callbacks_are_not_ours(ground: Ground) -> None:
    headers = [("app", b"other"), ("received", b"1")]
    ground.put([(ground.names.callbacks, 0, KEY, callback(1), headers, now())])
    assert search(ground, kept(1)).written == 1


def test_a_change_of_a_group_told_in_other_words_is_the_same_change(ground: Ground) -> None:
    def told(number: int, **data: object) -> bytes:
        return callback(number, to="77", team=True, msgType="NOTIFICATION", attach=json.dumps({"id": 0, "data": data}))

    made = {"5": "alice", "9": 2, "11": now(), "3": "t"}
    ground.called(told(1, ids=["bob"], tinfo=made), key=b"group\x1f77")
    (one,) = PLATFORMS["yunxin"].decode(Callback("old", told(1, ids=["bob"], tinfo=made), now()), PLATFORMS["yunxin"].example())
    assert isinstance(one, DecodedEvent)
    assert one.event.id.endswith(":group-created")
    found = search(ground, FoundCallback(b"group\x1f77", told(1, ids=["bob"])), FoundCallback(b"group\x1f77", told(2, ids=["carol"])))
    assert (found.known, found.missing) == (1, {"members-added": 1})


def test_conversations_are_those_that_came_those_that_are_named_and_those_of_identities(ground: Ground) -> None:
    ground.called(callback(1), callback(2, "carol", "dave"), callback(3, to="77", team=True))
    ground.called(callback(4, "long", "ago"), at=now() - 7_200_000)
    table = IdentityTable()
    for platform, kind, native in (
        ("yunxin", "group", "78"),
        ("yunxin", "room", "79"),
        ("easemob", "group", "80"),
        ("yunxin", "user", "x"),
    ):
        table.apply(*record(platform, kind, native, f"c{native}"))  # type: ignore[arg-type]
    named = groups_of(table, "yunxin")
    assert named == {Group("78"), Room("79")}
    assert search(ground, places=(*named, direct("alice", "bob"))).places == 5


def test_a_store_that_fails_leaves_it_missing(ground: Ground) -> None:
    class Failing:
        async def put(self, *_: object) -> str:
            return "timeout"

    app = resolve(load(ground.config))["old"]

    def ask(*_: object) -> Generator[FoundCallback, None, str]:
        yield kept(1)
        return ""

    app = App("old", replace(app.platform, gaps=Gaps(ask, "", 100)), app.account, "new")  # type: ignore[arg-type]

    async def run() -> list[GapResult]:
        async with TopicReader(ground.bootstrap) as reader:
            one = GapSearch(app, ReceivedCallbacks(ground.names.callbacks, app), reader, Answers(), Failing(), now)
            return [await one.run(TimeRange(0, now()), 0, ()) for _ in range(2)]

    for found in asyncio.run(run()):
        assert (found.missing, found.written, found.unstored) == ({"text": 1}, 0, 1)


def nothing(*_: object) -> GapConversation:
    yield from ()
    return ""


def test_no_time_before_what_the_platform_keeps_is_asked_about() -> None:
    gaps = Gaps(nothing, "", 100)
    assert within(gaps, 900_000, 1_000_000, 1_000_000) == (TimeRange(900_000, 1_000_000), "")
    span, cut = within(gaps, 100_000, 1_000_000, 1_000_000)
    assert (span, cut) == (TimeRange(900_000, 1_000_000), "the beginning of the time asked for is kept no more")


# -- questions


def asked(
    answer: Callable[[httpx.Request], httpx.Response], question: Request | FileRequest, *, acts: bool = True
) -> tuple[Reply | None, VendorClient, int]:
    """Its answer, who asked, and how often."""
    calls = []

    def count(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return answer(request)

    app = App("old", PLATFORMS["yunxin"], PLATFORMS["yunxin"].example(), "new")

    async def ask() -> tuple[Reply | None, VendorClient]:
        settings = DeliverSettings(backoff=0.001, backoff_max=0.001)
        questions = VendorClient(app, settings, acts=acts, transport=httpx.MockTransport(count))
        try:
            return await questions.ask(question), questions
        finally:
            await questions.close()

    reply, questions = asyncio.run(ask())
    return reply, questions, len(calls)


ACT = replace(QUESTION, repeatable=False)


def test_a_question_is_repeated_until_it_is_answered() -> None:
    states = iter([500, 503, 200])
    reply, questions, calls = asked(lambda _: httpx.Response(next(states), json={"code": 200}), QUESTION)
    assert reply is not None
    assert (reply.status, calls, questions.unanswered.total()) == (200, 3, 0)


def test_a_question_that_nobody_answers_is_counted() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silence", request=request)

    reply, questions, calls = asked(fail, QUESTION)
    assert (reply, questions.unanswered, calls) == (None, {"history": 1}, TRIES)
    reply, questions, calls = asked(fail, ACT)
    assert (reply, questions.unanswered, questions.acted, calls) == (None, {"history": 1}, 0, 1)


def test_a_search_at_a_platform_that_says_nothing_has_failed() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silence", request=request)

    found = GapResult(TimeRange(0, 1))
    _, questions, _ = asked(fail, QUESTION)
    assert outcome_of(found, questions) == "failed"
    questions.answered = 1
    assert outcome_of(found, questions) == "partial"
    _, questions, _ = asked(lambda _: httpx.Response(200), QUESTION)
    assert outcome_of(found, questions) == "whole"
    assert outcome_of(replace(found, unseen=["a file"]), questions) == "partial"


def test_what_does_something_is_withheld_unless_it_may() -> None:
    reply, questions, calls = asked(lambda _: httpx.Response(200), ACT, acts=False)
    assert (reply, questions.withheld, questions.acted, calls) == (None, 1, 0, 0)
    _, questions, calls = asked(lambda _: httpx.Response(200), ACT)
    assert (questions.withheld, questions.acted, calls) == (0, 1, 1)


def test_a_file_is_fetched_without_credentials_and_only_up_to_its_largest() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert not {"appkey", "checksum", "authorization", "cookie"} & set(request.headers)
        return httpx.Response(200, content=b"x" * 100)

    reply, _, _ = asked(answer, FileRequest("https://files.example/a", 100))
    assert reply is not None
    assert len(reply.body) == 100
    reply, questions, _ = asked(answer, FileRequest("https://files.example/a", 99))
    assert (reply, questions.unanswered) == (None, {"file": 1})


# -- a platform of hourly logs, whole


@pytest.fixture
def logging_relay(kafka: str, tmp_path: Path) -> Generator[tuple[Path, str, SimulatorProcess], None, None]:
    """The settings, the topic and the simulator of an app of which no callback ever came."""
    prefix = f"t{uuid4().hex[:8]}."
    wanted = topics.wanted(["rongcloud", "easemob"], prefix=prefix, partitions=PARTITIONS)
    asyncio.run(admin.create(kafka, wanted))
    with SimulatorProcess("rongcloud", log_after=0, users=["alice", "bob"], group={"team": ["alice", "bob"]}) as simulator:
        config = tmp_path / "logs.toml"
        config.write_text(
            f'[kafka]\nbootstrap = "{kafka}"\nprefix = "{prefix}"\npartitions = {PARTITIONS}\n'
            '[marks]\nsecret = "of-the-marks-of-the-tests"\n'
            '[apps.old]\nplatform = "rongcloud"\ntarget = "new"\n'
            f'account = {{ app_key = "demo-rongcloud", app_secret = "demo-rongcloud-secret", base_url = "{simulator.url}" }}\n'
            '[apps.new]\nplatform = "easemob"\ntarget = "old"\n'
            'account = { org = "o", app = "a", client_id = "c", client_secret = "ssssssssssssssss", callback_secret = "tttttttttttttttt" }\n'
        )
        yield config, f"{prefix}callbacks.rongcloud", simulator


def test_what_an_hourly_log_holds_is_found(logging_relay: tuple[Path, str, SimulatorProcess], ground: Ground) -> None:
    config, topic, simulator = logging_relay
    for number in range(5):
        simulator.say("alice", "bob", f"one {number}")
        simulator.say("bob", "team", f"all {number}", type="group")
    words = "gaps", "old", "--since", "10m", "--until", "0s", "--json"
    (dry,) = rows(command(config, *words))
    assert (dry["missing"], dry["filled"]) == ({"text": 10}, 0)
    assert dry["missing_in"] == ["direct:alice:bob", "group:team"]
    done = command(config, *words, "--fill")
    assert (done.exit_code, rows(done)[0]["filled"]) == (0, 10)
    assert "one 3" not in done.output
    account = resolve(load(config))["old"].account
    events = []
    for one in ground.read(topic):
        (said,) = PLATFORMS["rongcloud"].decode(callback_of(one.value, one.headers), account)
        assert isinstance(said, DecodedEvent)
        events.append(said.event)
    assert {one.remote_id for one in events} == {one["id"] for one in simulator.journal("said")}
    again = command(config, *words, "--fill")
    assert (again.exit_code, rows(again)[0]["known"], rows(again)[0]["filled"]) == (1, 10, 0)
    shown = command(config, *words[:-1])
    assert "nothing is missing" in shown.stderr


def test_a_conversation_or_time_that_is_none_is_named(ground: Ground) -> None:
    done = ground.im_relay("gaps", "old", "--conversation", "alice:bob")
    assert done.exit_code == 2
    assert "expected direct:ANN:BOB" in done.output
    done = ground.im_relay("gaps", "old", "--since", "1h", "--until", "2h")
    assert done.exit_code == 2
    assert "is not before --until" in done.output
