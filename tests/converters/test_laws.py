"""What holds of every record and of every event, whatever lies in it."""

import string

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converters import PLATFORMS, wire
from converters.bodies import Body, File, Text, Unknown, files_of
from converters.identities import Identities
from converters.model import NOTHING, Delivery, Echo, Event, There
from converters.operations import (
    AdminsChanged,
    GroupChanged,
    GroupCreated,
    MembersAdded,
    MembersRemoved,
    Operation,
    Post,
    kind_of,
)
from converters.outcome import Outcome
from converters.people import renamed
from converters.platform import Callback, Reply
from converters.route import App, Deliver, route
from tests.converters.examples import BODIES, OPERATIONS, account_of, delivery_of, place_of, there_of
from tests.converters.shapes import NOW, as_callback, body, message, shape
from tests.converters.strategies import of
from tests.converters.test_contract import KINDS, PAIRS, groups, to_of

NAMES = sorted(PLATFORMS)
operations = of(Operation)
EASY = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
users = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)


@pytest.mark.parametrize("kind", [Event, Delivery, Echo, There, Outcome], ids=lambda kind: getattr(kind, "__name__", "Outcome"))
@given(data=st.data())
@EASY
def test_every_record_survives_the_wire(kind: type, data: st.DataObject) -> None:
    record = data.draw(of(kind))
    assert wire.load(wire.dump(record), kind) == record


@pytest.mark.parametrize("kind", OPERATIONS)
def test_every_example_survives_the_wire(kind: str) -> None:
    delivery = delivery_of(OPERATIONS[kind])
    assert wire.load(wire.dump(delivery), Delivery) == delivery


@given(operation=operations)
@EASY
def test_renaming_and_back_changes_nothing(operation: Operation) -> None:
    """Nobody is forgotten, and nothing but people is touched."""
    named: list[str] = []

    def there(user: str) -> str:
        named.append(user)
        return f"<{user}>"

    changed = renamed(operation, there)
    assert renamed(changed, lambda user: user[1:-1]) == operation
    assert (changed == operation) == (not named)
    assert kind_of(changed) == kind_of(operation)


@given(operation=operations, sender=users, other=users)
@EASY
def test_the_own_server_is_told_what_it_said(operation: Operation, sender: str, other: str) -> None:
    """own -> own -> own: in full means in full."""
    platform, account = PLATFORMS["own"], PLATFORMS["own"].example()
    operation = renamed(operation, lambda user: "".join(each for each in user.lower() if each.isalnum()) or "x")
    at_a = delivery_of(operation)
    event = msgspec.structs.replace(at_a.event, sender=sender, conversation=place_of(operation))
    delivery = msgspec.structs.replace(at_a, event=event, sender=sender, receiver=other, people={})
    encoded = platform.encode(delivery, account, there_of("own", operation))
    (request,) = encoded.requests
    assert encoded.losses == ()
    said = as_callback("own", request)
    del said["relay"]
    said["sender"] = sender
    if said["conversation"]["kind"] == "direct":
        assert said["conversation"]["users"] == [sender, other]
    (decoded,) = platform.decode(Callback("old", wire.dump_any(said), NOW), account)
    came = wire.load_any(wire.dump(decoded.event.operation))
    assert _without(came) == _without(wire.load_any(wire.dump(operation)))


def _without(operation: dict) -> dict:  # type: ignore[type-arg]
    """*operation* without what is the relay's: the event that a message came with, and where its files lie."""
    if isinstance(operation.get("message"), dict):
        operation["message"].pop("event", None)
    if isinstance(operation.get("quote"), dict):
        operation["quote"]["message"].pop("event", None)
    for name in ("file", "thumbnail"):
        if isinstance(operation.get("body"), dict):
            operation["body"].pop(name, None)
    return operation


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(kind=st.sampled_from(KINDS), text=st.text(min_size=1, max_size=60))
@EASY
def test_a_text_that_crosses_and_is_said_again_there_comes_back_as_it_was(
    source: str, target: str, kind: str, text: str
) -> None:
    """A -> B -> A, said anew on B by the person as whom it arrived."""
    apps, known = _apps(source, target), groups(source, target)
    there = _cross(Callback("old", body(source, message(source, text, to=to_of(source, kind), kind=kind)), NOW), apps, known)
    requests = PLATFORMS[target].encode(there.delivery, apps["new"].account, NOTHING).requests
    came = "".join(shape(target).text(as_callback(target, request)) for request in requests)
    again = message(target, came, sender=there.delivery.sender, to=there.delivery.receiver, kind=kind, number=2)
    back = _cross(Callback("new", body(target, again), NOW), apps, known).delivery
    assert back.event.operation == Post(Text(text))
    assert (back.sender, back.receiver) == ("alice", to_of(source, kind))
    assert back.event.conversation == there.delivery.event.conversation


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(sender=users, receiver=users)
@EASY
def test_people_are_the_same_after_crossing_and_coming_back(source: str, target: str, sender: str, receiver: str) -> None:
    apps, known = _apps(source, target), groups(source, target)
    there = _cross(Callback("old", body(source, message(source, sender=sender, to=receiver)), NOW), apps, known)
    answer = message(target, sender=there.delivery.receiver, to=there.delivery.sender, number=2)
    back = _cross(Callback("new", body(target, answer), NOW), apps, known)
    assert (back.delivery.sender, back.delivery.receiver) == (receiver, sender)
    assert back.key == there.key


CARRIED = [
    (name, kind)
    for name in NAMES
    for kind in BODIES
    if (level := PLATFORMS[name].fidelity.get(kind)) and level.word in ("full", "partial")
]


@pytest.mark.parametrize(("name", "kind"), CARRIED)
def test_what_was_written_is_read_as_what_it_was(name: str, kind: str) -> None:
    """Model -> platform -> model: all that it says, unless the table says how it differs; and never a mere text."""
    operation = OPERATIONS[kind]
    account = account_of(name)
    encoded = PLATFORMS[name].encode(delivery_of(operation), account, there_of(name, operation))
    said = as_callback(name, encoded.requests[0])
    anew = shape(name).elsewhere(said, "carol")[0]
    (decoded,) = PLATFORMS[name].decode(Callback("new", body(name, anew), NOW), account)
    came = decoded.event.operation.body
    assert isinstance(came, Text | Unknown) == isinstance(operation.body, Text | Unknown)
    if not PLATFORMS[name].fidelity[kind].note:
        assert type(came) is type(operation.body)
        expected = there_of(name, operation).files
        assert [file.url for file in files_of(came)][:1] == [file.url for file in expected][:1]
        assert _said(came) == _said(operation.body)


def _said(body: Body) -> dict:  # type: ignore[type-arg]
    """Without the facts about files that platforms leave out."""
    plain = {name: value for name, value in msgspec.structs.asdict(body).items() if not isinstance(value, File)}
    plain.pop("thumbnail", None)
    return plain


@given(data=st.data())
@pytest.mark.parametrize("name", NAMES)
@EASY
def test_every_operation_can_be_written_and_costs_no_defect(name: str, data: st.DataObject) -> None:
    operation = data.draw(operations)
    delivery = delivery_of(operation)
    there = data.draw(st.sampled_from([NOTHING, there_of(name, operation)]))
    encoded = PLATFORMS[name].encode(delivery, account_of(name), there)
    if _says_something(operation):
        assert encoded.requests or encoded.losses
    for request in encoded.requests:
        assert isinstance(PLATFORMS[name].read_reply(request, Reply(500, {}, b"")), Outcome)
        assert request.path.startswith("/")
        assert request.api
        assert not isinstance(operation, GroupCreated) or request.method in ("POST", "PUT")


def _says_something(operation: Operation) -> bool:
    """A change of nothing, or of nobody, is none."""
    if isinstance(operation, MembersAdded | MembersRemoved | AdminsChanged):
        return bool(operation.users)
    return not isinstance(operation, GroupChanged) or operation != GroupChanged()


def _apps(source: str, target: str) -> dict[str, App]:
    def app(name: str, platform: str, to: str) -> App:
        return App(name, PLATFORMS[platform], PLATFORMS[platform].example(), to)

    return {"old": app("old", source, "new"), "new": app("new", target, "old")}


def _cross(callback: Callback, apps: dict[str, App], known: Identities) -> Deliver:
    *_, routed = route(callback, apps, known)
    assert isinstance(routed, Deliver), routed
    return routed
