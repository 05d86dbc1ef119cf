"""The own server's simulator, and docs/own.md itself: what it says can be done as it says it."""

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import msgspec
import orjson
import pytest

from converters import PLATFORMS
from converters.core.bodies import Text
from converters.core.model import NOTHING, Direct
from converters.core.operations import Post, Recall
from converters.core.outcome import Delivered, NotSent
from converters.platform import Accepted, Callback, DecodedEvent, Incoming, OwnEcho, Probe, Rejected, SignedBody
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.outbound.client import PlatformClient
from tests.converters.examples import KINDS, OPERATIONS, delivery_of, there_of
from tests.narrowed import of_kind
from tests.simulation.conftest import Start
from tests.simulation.receiver import Receiver
from tests.simulators.client import SimulatorClient
from tests.simulators.own import forms
from tests.simulators.own.forms import flaw
from tests.simulators.own.signing import holds, sign
from tests.simulators.process import SimulatorProcess

SECRET = "demo-own-secret"
DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "own.md").read_text()
SCHEMA = jsonschema.Draft202012Validator(orjson.loads((DOCS / "own.schema.json").read_bytes()))
OWN = PLATFORMS["own"]
ACCOUNT = OWN.example()
SIGNED = of_kind(SignedBody, OWN.auth)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def event(number: int = 1, operation: Any = None, **more: Any) -> dict[str, Any]:
    key = f"easemob:new:direct:{number}:post"
    return {
        "id": key,
        "conversation": {"kind": "direct", "users": ["alice", "bob"]},
        "sender": "alice",
        "at": 1_700_000_000_000 + number,
        "operation": operation or {"op": "post", "body": {"kind": "text", "text": f"#{number}"}},
        "relay": {"id": key, "app": "new", "platform": "easemob"},
        **more,
    }


def bring(
    simulator: SimulatorClient, said: dict[str, Any], now: float | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    body = orjson.dumps(said)
    signed = sign(SECRET, body, int(time.time() if now is None else now))
    given = {"Content-Type": "application/json", "Idempotency-Key": str(said.get("id", "")), **signed, **(headers or {})}
    return httpx.post(f"{simulator.url}/events", content=body, headers=given)


def naming(op: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "message": {"id": "77", "event": "easemob:new:direct:1:post"}, **more}


@pytest.mark.parametrize(("late", "good"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_signature_holds_for_the_window(late: int, good: bool) -> None:
    headers = sign("s", b"{}", 1_700_000_000)
    given = headers["X-Relay-Timestamp"], headers["X-Relay-Signature"]
    assert holds(("", "s"), *given, b"{}", 1_700_000_000 + late, 300) is good
    assert not holds(("", "other"), *given, b"{}", 1_700_000_000, 300)
    assert not holds(("s",), *given, b"{ }", 1_700_000_000, 300)


def test_an_event_is_taken_once_and_called_back_with_its_relay(start: Start, receiver: Receiver) -> None:
    simulator = start("own")
    first = bring(simulator, event())
    assert first.status_code == 200
    again = bring(simulator, event())
    assert (again.status_code, again.json()["id"]) == (409, first.json()["id"])
    (entry,) = simulator.journal("accepted")
    assert (entry["from"], entry["to"], entry["text"], entry["api"]) == ("alice", "bob", "#1", "send")
    (got,) = receiver.wait(1)
    assert got.body["relay"] == event()["relay"]
    assert got.body["id"] == first.json()["id"]
    verdict = OWN.check(Incoming(got.headers, "", got.raw), ACCOUNT, int(time.time() * 1000))
    assert verdict == Accepted(b"direct\x1falice\x1fbob")
    # What the test has brought bears no proof; a server that keeps the id alone is believed where the settings say so.
    (echo,) = OWN.decode(Callback("mine", got.raw, 1), msgspec.structs.replace(ACCOUNT, proof=False))
    assert (of_kind(OwnEcho, echo).event_id, of_kind(OwnEcho, echo).remote_id) == (event()["id"], first.json()["id"])


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (event(conversation={"kind": "direct", "users": ["alice", "ghost"]}), 404),
        (event(conversation={"kind": "group", "id": "9"}), 404),
        (event(operation={"op": "dance"}), 400),
        (event(operation={"op": "post", "body": {"kind": "hologram"}}), 400),
        (event(operation={"op": "post", "body": {"kind": "text", "text": 7}}), 400),
        (event(colour="red"), 400),
        (event(relay={"id": "another"}), 400),
        (event(operation=naming("recall"), there={"message": "never"}), 404),
        ({"id": "x"}, 400),
    ],
)
def test_what_is_refused(start: Start, said: dict[str, Any], status: int) -> None:
    simulator = start("own")
    assert bring(simulator, said).status_code == status
    assert [entry["status"] for entry in simulator.journal("refused")] == [status]


def test_a_bad_signature_is_401(start: Start) -> None:
    simulator = start("own")
    assert bring(simulator, event(), now=time.time() - 400).status_code == 401
    assert bring(simulator, event(), headers={"X-Relay-Signature": "v1=" + "0" * 64}).status_code == 401
    assert bring(start("own", secret="new", secret_previous=SECRET), event()).status_code == 200


def test_too_much_at_once_is_429_with_a_time(start: Start) -> None:
    simulator = start("own", limit_messages=1.0, retry_after=3)
    answers = [bring(simulator, event(number)) for number in (1, 2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["Retry-After"] == "3"


async def test_the_relays_own_client_is_believed_and_reads_the_answers(start: Start, receiver: Receiver) -> None:
    simulator = start("own", limit_messages=1.0, retry_after=2)
    account = msgspec.structs.replace(ACCOUNT, base_url=simulator.url)
    client = PlatformClient(App("mine", OWN, account, "new"), DeliverSettings())
    stranger = PlatformClient(App("mine", OWN, msgspec.structs.replace(account, secret="other"), "new"), DeliverSettings())
    (request,) = OWN.encode(delivery_of(OPERATIONS["text"]), account, NOTHING).requests
    try:
        turned_away = await stranger.send(request)
        assert isinstance(turned_away, NotSent)
        assert turned_away.ours
        first = await client.send(request)
        assert isinstance(first, Delivered)
        assert first.remote_id.startswith("m-")
        again = await client.send(request)
        assert isinstance(again, Delivered), "repeatable: it is there already"
        assert again.remote_id == first.remote_id
        (other,) = OWN.encode(delivery_of(OPERATIONS["quote"], Direct(("alice", "bob"))), account, NOTHING).requests
        other = msgspec.structs.replace(other, body=other.body.replace(b":78:", b":79:"))
        other.headers["Idempotency-Key"] = other.headers["Idempotency-Key"].replace(":78:", ":79:")
        assert await client.send(other) == NotSent("http 429", 2.0, throttled=True)
    finally:
        await client.close()
        await stranger.close()


def test_a_load_is_numbered_and_in_order_within_each_conversation(start: Start, receiver: Receiver) -> None:
    simulator = start("own")
    simulator.load(rate=2000, count=300, conversations=15, groups=2, seed=1)
    progress = simulator.settled()
    assert (progress["said"], progress["acknowledged"], progress["failed"]) == (300, 300, 0)
    seen: dict[str, list[int]] = {}
    for got in receiver.got:
        talk, number = got.body["operation"]["body"]["text"].split(" #")
        seen.setdefault(talk, []).append(int(number))
    assert len(seen) == 15
    assert all(numbers == list(range(len(numbers))) for numbers in seen.values())


def test_a_process_takes_its_options_and_stops_cleanly(receiver: Receiver) -> None:
    with SimulatorProcess("own", callback_url=receiver.url, users=["alice"], group={"g1": ["alice", "bob"]}) as simulator:
        simulator.say("bob", "g1", "hi", type="group")
        assert receiver.wait(1)[0].body["conversation"] == {"kind": "group", "id": "g1"}
        assert simulator.stop() == 0


def test_what_is_done_to_a_message_finds_it(start: Start, receiver: Receiver) -> None:
    simulator = start("own")
    said = simulator.say("alice", "bob", "hi")
    answer = bring(simulator, event(2, naming("reaction", emoji="👍"), there={"message": said["id"]}))
    assert (answer.status_code, answer.json()) == (200, {})
    assert bring(simulator, event(3, naming("recall"), there={"message": said["id"]})).status_code == 200
    assert bring(simulator, event(4, naming("read"), there={"message": said["id"]})).status_code == 404


def test_a_group_made_elsewhere_is_made_here_and_its_id_answered(start: Start, receiver: Receiver) -> None:
    simulator = start("own")
    made = {"op": "group-created", "name": "team", "owner": "alice", "members": ["bob"]}
    answer = bring(simulator, event(1, made, conversation={"kind": "group", "id": ""}))
    group = answer.json()["id"]
    assert bring(simulator, event(2, conversation={"kind": "group", "id": group})).status_code == 200
    assert receiver.wait(1)[0].body["conversation"] == {"kind": "group", "id": group}


def test_what_people_do_is_read_by_the_relay(start: Start, receiver: Receiver) -> None:
    simulator = start("own", room={"lobby": ["alice"]})
    first = simulator.say("Alice", "Bob", "hi", ext={"a": 1})
    simulator.say("bob", "alice", kind="recall", recalls=first["id"])
    simulator.say("alice", "6001", operation="members-added", payload={"users": ["dave"], "how": "invited"}, type="group")
    simulator.say("alice", "lobby", body={"kind": "location", "latitude": 1.5, "longitude": 2.5}, type="room")
    got = receiver.wait(4)
    now = int(time.time() * 1000)
    assert all(isinstance(OWN.check(Incoming(one.headers, "", one.raw), ACCOUNT, now), Accepted) for one in got)
    read = [one for each in got for one in OWN.decode(Callback("mine", each.raw, 1), ACCOUNT)]
    said = {one.event.remote_id: one.event for one in (of_kind(DecodedEvent, each) for each in read)}
    assert of_kind(Post, said[first["id"]].operation).ext == {"a": 1}
    recall = next(each for each in said.values() if each.id.endswith(":recall"))
    assert of_kind(Recall, recall.operation).message.event == said[first["id"]].id
    assert sorted(each.id.rsplit(":", 1)[1] for each in said.values()) == ["members-added", "post", "post", "recall"]
    with pytest.raises(ValueError, match="no such operation: fly"):
        simulator.say("alice", "bob", operation="fly")


def test_webhooks_are_sent_until_they_are_taken_and_stay_in_order(start: Start, receiver: Receiver) -> None:
    receiver.answers = lambda got: 503 if len(receiver.got) < 3 else 200
    simulator = start("own", backoff=0.01)
    for number in range(3):
        simulator.say("alice", "bob", str(number))
    words = [got.body["operation"]["body"]["text"] for got in receiver.wait(6)]
    assert words == ["0", "0", "0", "0", "1", "2"]


def test_the_events_of_the_page_are_read_by_the_relay_and_taken_by_a_server(start: Start) -> None:
    mine, theirs = (orjson.loads(block) for block in blocks("json"))
    (said,) = OWN.decode(Callback("mine", orjson.dumps(mine), 1), ACCOUNT)
    assert isinstance(said, DecodedEvent)
    simulator = start("own")
    known = simulator.say("alice", "bob", "hi", id=theirs["there"]["message"])
    assert known["id"] == "m-1002"
    assert bring(simulator, theirs).status_code == 200


def test_the_python_of_the_page_signs_as_the_relay_does() -> None:
    (block,) = blocks("python")
    page: dict[str, Any] = {}
    exec(block, page)
    now, body = int(time.time()), b'[{"a": 1}]'
    assert page["sign"]("s", body, now) == SIGNED.headers(type(ACCOUNT)(secret="s"), now, body)
    headers = SIGNED.headers(type(ACCOUNT)(secret="old"), now, body)
    assert page["genuine"](["new", "old"], headers, body)
    assert not page["genuine"](["new"], headers, body)
    assert not page["genuine"](["old"], headers, body + b" ")
    late = SIGNED.headers(type(ACCOUNT)(secret="old"), now - 400, body)
    assert not page["genuine"](["old"], late, body)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_the_shell_of_the_page_posts_what_the_relay_takes(receiver: Receiver) -> None:
    (block,) = blocks("sh")
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "RELAY": receiver.url, "SECRET": "from-the-page", "NO_PROXY": "*"}
    done = subprocess.run(["sh", "-eu"], input=block, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (got,) = receiver.wait(1)
    account, now = type(ACCOUNT)(secret="from-the-page"), int(time.time() * 1000)
    assert OWN.check(Incoming(got.headers, "", got.raw), account, now) == Accepted(b"direct\x1falice\x1fbob")
    (said,) = OWN.decode(Callback("mine", got.raw, 1), account)
    assert of_kind(Post, of_kind(DecodedEvent, said).event.operation).body == Text("hello")


def test_what_the_page_says_of_arrays() -> None:
    def verdict(*said: Any) -> Any:
        body, now = orjson.dumps(said), 1_700_000_000
        headers = {name.lower(): value for name, value in sign(SECRET, body, now).items()}
        return OWN.check(Incoming(headers, "", body), ACCOUNT, now * 1000)

    other = event(3, conversation={"kind": "group", "id": "6001"})
    assert verdict() == Probe()
    assert verdict(event(1), event(2)) == Accepted(b"direct\x1falice\x1fbob")
    assert verdict(event(1), other) == Rejected("several-conversations", malformed=True)
    assert verdict(*[event(1)] * 101) == Rejected("too-many-events", malformed=True)
    assert verdict({"id": 1}) == Rejected("bad-json", malformed=True)
    for word in ("several-conversations", "too-many-events", "bad-json", "unsigned", "bad-signature", "stale"):
        assert f"`{word}`" in PAGE


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_relay_writes_of_each_kind_is_an_event_of_the_page_and_of_the_schema(kind: str) -> None:
    operation = OPERATIONS[kind]
    encoded = OWN.encode(delivery_of(operation), ACCOUNT, there_of("own", operation))
    (request,) = encoded.requests
    written = orjson.loads(request.body)
    assert flaw(written) is None
    SCHEMA.validate(written)
    SCHEMA.validate([written, written])


@pytest.mark.parametrize("odd", [7, [7], event(at=0), event(operation={"op": "dance"}), event(conversation={}), [event()] * 101])
def test_the_schema_refuses_what_the_relay_refuses(odd: Any) -> None:
    assert not SCHEMA.is_valid(odd)


def test_every_operation_and_body_is_in_the_page_and_in_the_simulator() -> None:
    tags = set(OWN.fidelity) - {"quote"}
    assert tags == set(forms.BODIES) | (set(forms.OPERATIONS) - {"post"})
    assert [tag for tag in tags if f"`{tag}`" not in PAGE] == []
