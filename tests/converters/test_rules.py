"""The operator's rules, through the whole of convert's function: what goes over, how, and why not."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from converters import PLATFORMS
from converters.core.bodies import Custom, Forwarded, Image, Link, Location, Text
from converters.core.model import NOTHING, Direct, Group, Loss, conversation_key
from converters.core.operations import Edit, Operation, Post, Presence, Quote, Reaction, Recall, Ref
from converters.core.outcome import Delivered
from converters.platform import Callback, DecodedEvent, Reply
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityTable, account_record, cohort_record, record
from converters.routing.route import App, DeadLettered, Deliver, Dropped, EchoOf, route
from converters.routing.rules import LONGEST, Rule, share
from streams.settings.rules import RuleSettings, rewriting, rules_of
from tests.converters.examples import BODIES
from tests.converters.shapes import NOW, as_callback, body, message

TO = "easemob"
NEW = PLATFORMS[TO]


def settings(*rules: dict[str, Any]) -> tuple[Rule, ...]:
    return rules_of([RuleSettings(**{"name": f"r{number}", **rule}) for number, rule in enumerate(rules)], NEW)


def apps_with(rules: Sequence[Rule], operation: Operation | None = None, name: str = "") -> dict[str, App]:
    """With *operation* in place of whatever is said."""
    old = PLATFORMS["yunxin"]
    if operation is not None or name:
        decode = old.decode

        def said(callback: Callback, account: Any) -> tuple[DecodedEvent, ...]:
            (one,) = decode(callback, account)
            assert isinstance(one, DecodedEvent)
            event = msgspec.structs.replace(one.event, operation=operation or one.event.operation, sender_name=name)
            return (DecodedEvent(event, one.losses),)

        old = msgspec.structs.replace(old, decode=said)
    return {"old": App("old", old, old.example(), "new", tuple(rules)), "new": App("new", NEW, NEW.example(), "old")}


def routed(
    *rules: dict[str, Any], operation: Operation | None = None, name: str = "", known: IdentityTable | None = None, **said: Any
) -> tuple[Any, ...]:
    apps = apps_with(settings(*rules), operation, name)
    callback = Callback("old", body("yunxin", message("yunxin", **said)), NOW)
    ended = route(callback, apps, known if known is not None else table())
    # Which rule dropped it is asked here, and not what was dropped.
    return tuple(msgspec.structs.replace(one, event=None) if isinstance(one, Dropped) else one for one in ended)


def table(*records: tuple[bytes, bytes]) -> IdentityTable:
    found = IdentityTable()
    for one in (record("yunxin", "group", "61", "ops"), record(TO, "group", "271", "ops"), *records):
        assert found.apply(*one) is None
    return found


def text_of(one: Any) -> str:
    assert isinstance(one, Deliver)
    operation = one.delivery.event.operation
    assert isinstance(operation, Post)
    assert isinstance(operation.body, Text)
    return operation.body.text


def test_without_rules_all_goes_over() -> None:
    (one,) = routed()
    assert isinstance(one, Deliver)
    assert one.losses == ()


def test_what_a_rule_drops_is_counted_under_its_name() -> None:
    assert routed({"name": "nothing", "do": "drop"}) == (Dropped("rule:nothing"),)


def test_the_first_rule_that_decides_ends_the_list() -> None:
    assert isinstance(routed({"users": ["ALICE"], "do": "send"}, {"do": "drop"})[0], Deliver)
    assert routed({"users": ["carol"], "do": "send"}, {"do": "drop"}) == (Dropped("rule:r1"),)


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"kinds": ["text"]}, True),
        ({"kinds": ["image", "recall"]}, False),
        ({"conversations": ["direct"]}, True),
        ({"conversations": ["group", "room"]}, False),
        ({"users": ["alice"]}, True),
        ({"users": ["bob"]}, True),
        ({"users": ["carol"]}, False),
        ({"groups": ["ops"]}, False),
        ({"cohorts": ["pilot"]}, True),
        ({"cohorts": ["pilot"], "of": "sender"}, False),
        ({"cohorts": ["pilot"], "of": "receiver"}, True),
        ({"percent": 100}, True),
        ({"percent": 0}, False),
        ({"sender": "has-account"}, True),
        ({"sender": "no-account"}, False),
        ({"receiver": "on-target"}, True),
        ({"receiver": "elsewhere"}, False),
        ({"users": ["alice"], "kinds": ["image"]}, False),
    ],
)
def test_a_condition(condition: dict[str, Any], fits: bool) -> None:
    known = table(account_record(TO, "alice", "made"), account_record(TO, "bob", "used"), cohort_record("Bob", "Pilot"))
    assert (routed({**condition, "do": "drop"}, known=known) == (Dropped("rule:r0"),)) is fits


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"groups": ["OPS"]}, True),
        ({"groups": ["team"]}, False),
        ({"conversations": ["group"]}, True),
        ({"receiver": "elsewhere"}, False),
        ({"receiver": "on-target"}, False),
        ({"cohorts": ["pilot"], "of": "receiver"}, False),
    ],
)
def test_a_condition_in_a_group(condition: dict[str, Any], fits: bool) -> None:
    done = routed({**condition, "do": "drop"}, to="61", kind="group")
    assert (done == (Dropped("rule:r0"),)) is fits


def test_a_group_without_an_entry_that_a_rule_drops_is_no_dead_letter() -> None:
    chosen = ({"groups": ["ops"], "do": "send"}, {"conversations": ["group"], "do": "drop"})
    assert routed(*chosen, to="99", kind="group") == (Dropped("rule:r1"),)
    (dead,) = routed(chosen[0], to="99", kind="group")
    assert isinstance(dead, DeadLettered)
    assert dead.cause == "group-unmapped"
    # A share of what nobody can name is nobody's.
    (dead,) = routed({"percent": 99.9, "do": "drop"}, to="99", kind="group")
    assert isinstance(dead, DeadLettered)


def test_a_share_is_the_same_for_ever_and_grows_without_taking_anybody_out() -> None:
    assert [round(share(key), 3) for key in ("ann", "bob", "zoe")] == [91.664, 97.268, 18.408]
    people = [f"user{number}" for number in range(4000)]
    for percent in (1, 10, 50):
        assert abs(sum(share(user) < percent for user in people) / 40 - percent) < 2
    by_sender = {"percent": 30, "of": "sender", "do": "send"}
    for user in people[:60]:
        sent = isinstance(routed(by_sender, {"do": "drop"}, sender=user)[0], Deliver)
        assert sent is (share(user) < 30)


def test_both_directions_of_a_conversation_are_in_the_same_share() -> None:
    for number in range(60):
        pair = [f"ann{number}", f"bob{number}"]
        done = [routed({"percent": 40, "do": "send"}, {"do": "drop"}, sender=one, to=two) for one, two in (pair, pair[::-1])]
        inside = share(conversation_key(Direct((pair[0], pair[1]))).decode()) < 40
        assert [isinstance(one[0], Deliver) for one in done] == [inside, inside]


def test_a_kind_is_shown_as_a_text_and_counted() -> None:
    (one,) = routed({"kinds": ["location"], "do": "show"}, operation=Post(Location(1.5, 2.5, "Mill")))
    assert text_of(one) == "[位置: Mill (1.500000, 2.500000)]"
    assert one.losses == (Loss("rule:r0"),)
    (one,) = routed({"do": "show", "text": "[old app]"}, operation=Post(Custom("x", {"a": 1}), ext={"k": 1}))
    assert text_of(one) == "[old app]"
    assert one.delivery.event.operation.ext == {"k": 1}
    (one,) = routed({"do": "show"})
    assert (text_of(one), one.losses) == ("hi", ())


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_every_kind_can_be_shown(kind: str) -> None:
    assert text_of(routed({"do": "show", "kinds": [kind]}, operation=Post(BODIES[kind]))[-1])


def test_a_pattern_is_replaced_wherever_people_read_it() -> None:
    rule = {"do": "replace", "pattern": r"(?i)secret\d*", "replacement": r"\1*"}
    (one,) = routed(rule, text="a Secret12 b secret")
    assert (text_of(one), one.losses) == (r"a \1* b \1*", (Loss("rule:r0"),))
    ref = Ref("7")
    before: list[tuple[Operation, Operation]] = [
        (Edit(ref, Text("secret")), Edit(ref, Text(r"\1*"))),
        (Post(Text("x"), Quote(ref, "secret")), Post(Text("x"), Quote(ref, r"\1*"))),
        (Post(Link("http://secret", "secret", "secret")), Post(Link(r"http://\1*", r"\1*", r"\1*"))),
        (Post(Forwarded("secret", ("a secret",), "b")), Post(Forwarded(r"\1*", (r"a \1*",), "b"))),
    ]
    for given, expected in before:
        (one,) = routed(rule, operation=given)
        assert one.delivery.event.operation == expected
    for untouched in (Post(Text("nothing")), Recall(ref), Post(BODIES["image"])):
        (one,) = routed(rule, operation=untouched)
        assert one.losses == ()


def test_an_edit_is_of_its_bodys_kind_as_well() -> None:
    edit = Edit(Ref("7"), BODIES["image"])
    for kinds, dropped in ((["image"], True), (["edit"], True), (["text"], False)):
        assert (routed({"kinds": kinds, "do": "drop"}, operation=edit) == (Dropped("rule:r0"),)) is dropped


def test_no_text_can_make_a_replacement_slow_or_large() -> None:
    rewrite = rewriting("x(.*y)?", "[longer than before]")
    calls: list[str] = [rewrite("x" * size) for size in (255, 256, 200_000)]
    assert calls[0] == "[longer than before]" * 255
    assert calls[1] == calls[2] == "[longer than before]" * 256 + "…"
    assert rewrite("é" * 10 + "x" + "é" * 300) == "é" * 10 + "[longer than before]" + "é" * 300
    (one,) = routed({"do": "replace", "pattern": "q", "replacement": "r"}, text="a" * (LONGEST + 5))
    assert len(text_of(one)) == LONGEST


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=a)", "a*", "^", "(((a{1000}){1000}){1000})"])
def test_a_pattern_that_is_none_is_refused_with_a_reason(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        settings({"do": "replace", "pattern": pattern})


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([{"do": "replace"}], "needs pattern"),
        ([{"do": "proxy"}], "needs proxy"),
        ([{"do": "drop", "text": "x"}], 'do = "show"'),
        ([{"do": "drop", "kinds": ["texts"]}], "texts; known are"),
        ([{"do": "drop", "name": "Big"}], "name"),
        ([{"name": "a", "do": "drop"}, {"name": "a", "do": "send"}], "two of the name a"),
        ([{"do": "proxy", "proxy": "no spaces"}], "takes as no user"),
        ([{"do": "drop", "percent": 101}], "percent"),
        ([{"do": "drop", "percents": 10}], "percents"),
        ([{"do": "vanish"}], "do"),
    ],
)
def test_rules_that_cannot_be_are_refused_with_what_was_seen(rules: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        settings(*rules)


def test_accounts_are_not_made_where_no_call_makes_them() -> None:
    with pytest.raises(ValueError, match="own has no call"):
        rules_of([RuleSettings(name="a", do="create")], PLATFORMS["own"])


CREATE = {"sender": "no-account", "do": "create"}


def test_a_newcomers_account_is_an_event_of_its_own_before_the_message() -> None:
    first, then = routed(CREATE, name="Alice L.")
    assert (first.key, first.platform) == (then.key, then.platform)
    assert (first.delivery.newcomer, then.delivery.newcomer) == (True, False)
    assert first.delivery.event.id == then.delivery.event.id.replace(":post", ":account")
    assert isinstance(first.delivery.event.operation, Presence)
    (made,) = NEW.encode(first.delivery, NEW.example(), NOTHING).requests
    assert (made.api, made.repeatable) == ("users", True)
    assert made.body.startswith(b'{"username":"alice","password":"')
    assert b'"nickname":"Alice L."' in made.body
    (said,) = NEW.encode(then.delivery, NEW.example(), NOTHING).requests
    assert said.api == "messages/users"
    # Kafka holds both, and both are read again.
    for one in (first.delivery, then.delivery):
        assert msgspec.json.decode(msgspec.json.encode(one), type=type(one)) == one


def test_who_has_an_account_is_no_newcomer() -> None:
    for held in ("made", "used"):
        assert len(routed(CREATE, known=table(account_record(TO, "alice", held)))) == 1
        assert len(routed({"do": "create"}, known=table(account_record(TO, "alice", held)))) == 1
    assert len(routed(CREATE, known=table(account_record("yunxin", "alice", "used")))) == 2


@pytest.mark.parametrize("name", [name for name in sorted(PLATFORMS) if PLATFORMS[name].register])
def test_the_account_of_a_user_is_asked_for_in_the_same_words_every_time(name: str) -> None:
    platform = PLATFORMS[name]
    assert platform.register is not None
    account = platform.example()
    made = platform.register("alice", "爱丽丝" * 100, account)
    assert made == platform.register("alice", "爱丽丝" * 100, account)
    assert made.repeatable
    assert made.body != platform.register("bob", "爱丽丝" * 100, account).body
    secret = getattr(account, "client_secret", getattr(account, "app_secret", ""))
    assert secret.encode() not in made.body


PROXY = {"sender": "no-account", "do": "proxy", "proxy": "relay-bot"}


def test_a_proxy_says_whose_words_they_are() -> None:
    (one,) = routed(PROXY, name="Alice L.")
    assert text_of(one) == "[alice] Alice L.：hi"
    assert (one.delivery.sender, one.delivery.author, one.delivery.event.sender) == ("relay-bot", "alice", "alice")
    assert one.losses == (Loss("rule:r0"),)
    assert text_of(routed(PROXY)[0]) == "alice：hi"
    (one,) = routed(PROXY, operation=Edit(Ref("7"), Text("better")))
    assert one.delivery.event.operation.body == Text("alice：better")


def test_before_a_picture_the_proxy_says_whose_it_is() -> None:
    by, picture = routed(PROXY, operation=Post(BODIES["image"]))
    assert text_of(by) == "alice："
    assert by.delivery.event.id != picture.delivery.event.id
    assert (by.key, by.delivery.sender, by.losses) == (picture.key, picture.delivery.sender, ())
    assert isinstance(picture.delivery.event.operation.body, Image)


def test_what_people_never_see_is_neither_shown_nor_introduced() -> None:
    (one,) = routed(PROXY, operation=Post(BODIES["command"]))
    assert (one.delivery.sender, one.delivery.event.operation.body) == ("relay-bot", BODIES["command"])
    (one,) = routed({"do": "show"}, operation=Post(BODIES["command"]))
    assert (one.delivery.event.operation.body, one.losses) == (BODIES["command"], ())


def test_what_nobody_can_do_for_another_is_dropped() -> None:
    assert routed(PROXY, operation=Reaction(Ref("7"), "👍")) == (Dropped("rule:r0"),)
    (one,) = routed(PROXY, operation=Recall(Ref("7")))
    assert one.delivery.sender == "relay-bot"


def test_what_a_proxy_said_is_known_when_it_comes_back() -> None:
    apps = apps_with(settings(PROXY))
    (one,) = route(Callback("old", body("yunxin", message("yunxin", to="61", kind="group")), NOW), apps, table())
    assert isinstance(one, Deliver)
    (request,) = NEW.encode(one.delivery, NEW.example(), NOTHING).requests
    (echo,) = route(Callback("new", body(TO, as_callback(TO, request)), NOW), apps, table())
    assert isinstance(echo, EchoOf)
    assert echo.echo.event == one.delivery.event.id
    assert one.delivery.event.conversation == Group("ops")


def test_a_group_whose_making_is_dropped_gets_no_name() -> None:
    from converters.core.operations import GroupCreated

    known = table()
    made = GroupCreated("New", owner="alice")
    assert routed({"do": "drop"}, operation=made, known=known, to="500", kind="group") == (Dropped("rule:r0"),)
    assert known.canonical("yunxin", "group", "500") is None
    minted, _ = routed({"do": "send"}, operation=made, known=known, to="500", kind="group")
    assert isinstance(minted, NewIdentity)


@pytest.mark.parametrize(
    ("name", "status", "answer"),
    [
        ("yunxin", 200, b'{"code":414,"desc":"already register"}'),
        ("yunxin", 200, b'{"code":200,"info":{"accid":"alice","token":"t"}}'),
        ("rongcloud", 200, b'{"code":200,"userId":"alice","token":"t"}'),
        (TO, 200, b'{"entities":[{"username":"alice"}]}'),
        (
            TO,
            400,
            (
                b'{"error":"duplicate_unique_property_exists","error_description":"Application 0f Entity user requires that '
                b'property named username be unique, value of alice exists"}'
            ),
        ),
    ],
)
def test_that_there_is_an_account_already_is_as_good(name: str, status: int, answer: bytes) -> None:
    platform = PLATFORMS[name]
    assert platform.register is not None
    made = platform.register("alice", "Alice", platform.example())
    assert platform.read_reply(made, Reply(status, {}, answer)) == Delivered("")


@pytest.mark.parametrize(("name", "answer"), [("yunxin", b'{"code":414,"desc":"bad accid"}'), (TO, b'{"error":"illegal_argument"}')])
def test_an_account_that_cannot_be_is_refused(name: str, answer: bytes) -> None:
    platform = PLATFORMS[name]
    assert platform.register is not None
    made = platform.register("alice", "Alice", platform.example())
    outcome = platform.read_reply(made, Reply(200 if name == "yunxin" else 400, {}, answer))
    assert str(outcome.__struct_config__.tag) == "refused"


def test_the_examples_of_the_page_are_taken() -> None:
    page = (Path(__file__).parents[2] / "docs" / "routing.md").read_text(encoding="utf-8")
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]
    given = [rule for block in blocks for rule in block["apps"]["old"]["rules"]]
    assert {rule["do"] for rule in given} == {"send", "drop", "show", "replace", "create", "proxy"}
    for block in blocks:
        rules_of([RuleSettings(**rule) for rule in block["apps"]["old"]["rules"]], NEW)
    (links,) = (rule for rule in given if rule["do"] == "replace")
    (one,) = routed(links, text="see https://old.example.com/a?b=c now")
    assert text_of(one) == "see [link] now"
