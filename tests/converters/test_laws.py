"""What holds of every record and of every event, whatever lies in it."""

import string
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from converters import PLATFORMS
from converters.core import wire
from converters.core.bodies import (
    Card,
    Command,
    Custom,
    Document,
    File,
    Forwarded,
    Gif,
    Image,
    Link,
    Location,
    Notice,
    Sticker,
    Text,
    Video,
    Voice,
    files_of,
)
from converters.core.model import NOTHING, Delivery, Echo, Event, Group, Loss, TargetContext
from converters.core.operations import (
    AdminsChanged,
    GroupChanged,
    GroupCreated,
    MembersAdded,
    MembersRemoved,
    Operation,
    Post,
    Quote,
    Ref,
    kind_of,
)
from converters.core.outcome import Outcome
from converters.platform import Callback, DecodedEvent, Encoded, Reply, Request
from converters.platforms.easemob.emoticons import EMOTICONS as EASEMOB
from converters.platforms.rongcloud.emoticons import read
from converters.platforms.yunxin.emoticons import EMOTICONS as YUNXIN
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App, Deliver, route
from converters.routing.users import renamed
from converters.text.extension_payload import arrived
from tests.converters.examples import BODIES, EARLIER, OPERATIONS, account_of, delivery_of, place_of, row_of, there_of
from tests.converters.shapes import NOW, as_callback, body, message, shape
from tests.converters.strategies import of, values
from tests.converters.test_contract import KINDS, PAIRS, groups, to_of
from tests.narrowed import of_kind, required

NAMES = sorted(PLATFORMS)
EMOJI = {"easemob": EASEMOB.read, "rongcloud": read, "yunxin": YUNXIN.read}
"""In place of the codes of a platform's own kit."""
operations = of(Operation)
EASY = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
users = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)


@pytest.mark.parametrize("kind", [Event, Delivery, Echo, TargetContext, Outcome], ids=lambda kind: getattr(kind, "__name__", "Outcome"))
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
    came = wire.load_any(wire.dump(of_kind(DecodedEvent, decoded).event.operation))
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
@example(kind="direct", text="[:-]")
@example(kind="direct", text="[大笑]")
@EASY
def test_a_text_that_crosses_and_is_said_again_there_comes_back_as_it_was(source: str, target: str, kind: str, text: str) -> None:
    """A -> B -> A, said anew on B by the person as whom it arrived; a code of one of the two for an emoji comes back as that."""
    apps, known = _apps(source, target), groups(source, target)
    there = _cross(Callback("old", body(source, message(source, text, to=to_of(source, kind), kind=kind)), NOW), apps, known)
    requests = PLATFORMS[target].encode(there.delivery, apps["new"].account, NOTHING).requests
    came = "".join(shape(target).text(as_callback(target, request)) for request in requests)
    again = message(target, came, sender=there.delivery.sender, to=there.delivery.receiver, kind=kind, number=2)
    back = _cross(Callback("new", body(target, again), NOW), apps, known).delivery
    shown = EMOJI.get(target, str)(EMOJI.get(source, str)(text))
    said = back.event.operation
    assert isinstance(said, Post)
    assert isinstance(said.body, Text)
    assert said == Post(Text(said.body.text))
    # A code has no place for the mark that asks for a picture.
    assert said.body.text.replace("\ufe0f", "") == shown.replace("\ufe0f", "")
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
    for kind in (*BODIES, "quote")
    if (level := PLATFORMS[name].fidelity.get(kind)) and level.word in ("full", "partial")
]

NOT_ITSELF = frozenset({"kind", "file", "size", "empty", "command", "nobody"})
"""Losses after which a text stands for the message, or nothing."""
STILL_WHOLE = frozenset({"sticker", "voice"})
"""Clients show it as something else; all that was said comes back."""


def up_to(post: Post, losses: frozenset[str]) -> Post:
    """What is left of *post* after *losses*; where files lie, and how messages are called, is each platform's own."""
    body, quote = post.body, post.quote
    changes: dict[str, object] = {}
    for name in ("file", "thumbnail"):
        if isinstance(file := getattr(body, name, None), File):
            changes[name] = None if name in losses else File(name=file.name, size=file.size, mime=file.mime, md5=file.md5)
    if "mentions" in losses and isinstance(body, Text):
        changes |= {"mentions": (), "everybody": False}
    if quote is not None:
        quote = None if "quote" in losses else msgspec.structs.replace(quote, message=Ref(""))
        if quote is None and isinstance(body, Text):
            changes["text"] = body.text.rpartition("\n")[2]
    return Post(msgspec.structs.replace(body, **changes), quote, {} if "ext" in losses else post.ext)


def assert_same(came: Post, said: Post, lost: Iterable[Loss]) -> None:
    """Nothing is missing that no loss names."""
    losses = frozenset(loss.what for loss in lost)
    assert losses <= NOT_ITSELF | STILL_WHOLE | {"ext", "quote", "mentions", "thumbnail", "details"}, "what does it cost?"
    if losses & NOT_ITSELF:
        assert isinstance(came.body, Text) or not losses & {"kind", "file", "size"}
        return
    if "details" in losses:
        assert type(came.body) is not Text or isinstance(said.body, Text)
        return
    expected, found = up_to(said, losses), up_to(came, losses)
    if "quote" in losses and isinstance(expected.body, Text):
        assert isinstance(found.body, Text)
        assert found.body.text.rpartition("\n")[2] == expected.body.text.rpartition("\n")[2], "but for the quoted words before it"
        return
    assert found == expected


def said_anew(name: str, requests: tuple[Request, ...], user: str = "carol") -> list[dict[str, Any]]:
    """What *requests* are called back as, had *user* said it, or somebody in the same place."""
    return [shape(name).elsewhere(as_callback(name, request, number), user)[:2][-1] for number, request in enumerate(requests, 1)]


def read_anew(name: str, requests: tuple[Request, ...]) -> Post:
    """What it says then, its parts joined."""
    account = account_of(name)
    posts: list[Post] = []
    for said in said_anew(name, requests):
        (one,) = PLATFORMS[name].decode(Callback("new", body(name, said), NOW), account)
        decoded = of_kind(DecodedEvent, one)
        assert decoded.losses == ()
        posts.append(of_kind(Post, decoded.event.operation))
    first = posts[0]
    if len(posts) > 1:
        whole = msgspec.structs.replace(of_kind(Text, first.body), text="".join(of_kind(Text, each.body).text for each in posts))
        return msgspec.structs.replace(first, body=whole)
    return first


def there_from(name: str, post: Post) -> Post:
    """*post* with its files as they lie at *name*."""
    whole, _ = arrived(post.body, there_of(name, post).files)
    return msgspec.structs.replace(post, body=whole)


@pytest.mark.parametrize(("name", "kind"), CARRIED)
def test_what_was_written_is_read_as_what_it_was(name: str, kind: str) -> None:
    """Model -> platform -> model: all that was said, but for the losses that are named; and never a mere text."""
    operation = OPERATIONS[kind]
    encoded = PLATFORMS[name].encode(delivery_of(operation), account_of(name), there_of(name, operation))
    assert not NOT_ITSELF & {loss.what for loss in encoded.losses}
    came = read_anew(name, encoded.requests)
    assert_same(came, there_from(name, of_kind(Post, operation)), encoded.losses)
    if PLATFORMS[name].fidelity[kind].word == "full":
        assert encoded.losses == ()
    first = there_of(name, operation).files[:1]
    assert [file.url or file.inline for file in files_of(came.body)][:1] in (
        [],
        [required(one).url for one in first],
        [required(one).inline for one in first],
    )


sized = st.integers(0, 1 << 40)
files = st.builds(File, url=st.just("http://files.example.com/a"), name=st.text(max_size=12), size=sized, mime=st.text(max_size=12))
small = st.none() | files
said_bodies = st.one_of(
    st.builds(Text, st.text(min_size=1, max_size=40), st.lists(users, max_size=3, unique=True).map(tuple), st.booleans()),
    st.builds(Image, files, sized, sized, small),
    st.builds(Gif, files, sized, sized, small),
    st.builds(Voice, files, sized),
    st.builds(Video, files, sized, sized, sized, small),
    st.builds(Document, files),
    st.builds(Sticker, st.text(max_size=8), st.text(max_size=8), files),
    st.builds(Location, st.floats(-90, 90), st.floats(-180, 180), st.text(max_size=12), st.text(max_size=12)),
    st.builds(Custom, st.text(max_size=12), values),
    st.builds(Command, st.text(min_size=1, max_size=12), values),
    st.builds(Card, users, st.text(max_size=12), st.text(max_size=12)),
    st.builds(Link, st.text(min_size=1, max_size=12), st.text(max_size=12), st.text(max_size=12), st.text(max_size=12)),
    st.builds(Notice, st.text(min_size=1, max_size=12), values),
    st.builds(Forwarded, st.text(max_size=12), st.lists(st.text(max_size=8), max_size=3).map(tuple), st.text(max_size=12), small),
)
answers = st.builds(Quote, st.just(EARLIER), st.text(max_size=120), st.sampled_from(sorted(BODIES)))
posts = st.builds(Post, said_bodies, st.none() | answers, st.dictionaries(st.text(max_size=6), values, max_size=2))


@pytest.mark.parametrize("name", NAMES)
@given(post=posts)
@settings(EASY, max_examples=200)
def test_what_is_not_called_lost_is_there(name: str, post: Post) -> None:
    """The same of whatever may be said, with whatever the customer's app sent along."""
    encoded = PLATFORMS[name].encode(delivery_of(post, Group("team")), account_of(name), there_of(name, post))
    if encoded.requests:
        assert_same(read_anew(name, encoded.requests), there_from(name, post), encoded.losses)
    else:
        assert encoded.losses


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("kind", [*BODIES, "quote"])
def test_what_crosses_and_is_said_again_there_comes_back(source: str, target: str, kind: str) -> None:
    """A -> B -> A of every kind, up to the losses of both."""
    apps, known, operation = _apps(source, target), groups(source, target), OPERATIONS[kind]
    begun = PLATFORMS[source].encode(delivery_of(operation), account_of(source), there_of(source, operation))
    if _refused(source, kind, begun):
        return
    (said,) = said_anew(source, begun.requests)
    there = _cross(Callback("old", body(source, said), NOW), apps, known).delivery
    first = there.event.operation
    over = PLATFORMS[target].encode(there, account_of(target), there_of(target, first))
    if _refused(target, row_of(first), over):
        return
    (again,) = said_anew(target, over.requests, "erin")
    back = _cross(Callback("new", body(target, again), NOW), apps, known).delivery
    home = PLATFORMS[source].encode(back, account_of(source), there_of(source, back.event.operation))
    if _refused(source, row_of(back.event.operation), home):
        return
    came, sent = read_anew(source, home.requests), there_from(source, of_kind(Post, first))
    if kind == "voice":  # each platform has its own form of it
        came, sent = _formless(came), _formless(sent)
    assert_same(came, sent, (*over.losses, *home.losses))


def _refused(name: str, kind: str, encoded: Encoded) -> bool:
    """Whether platform *name* has nothing like *kind*, not even a text for it: then that is a loss, and nothing crosses."""
    if PLATFORMS[name].fidelity[kind].word != "refused":
        return False
    assert encoded == Encoded((), encoded.losses)
    assert encoded.losses
    return True


def _formless(post: Post) -> Post:
    voice = of_kind(Voice, post.body)
    return msgspec.structs.replace(post, body=msgspec.structs.replace(voice, file=msgspec.structs.replace(required(voice.file), mime="")))


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


def _cross(callback: Callback, apps: dict[str, App], known: IdentityTable) -> Deliver:
    *_, routed = route(callback, apps, known)
    assert isinstance(routed, Deliver), routed
    return routed
