"""The customer's conversions: what they may answer, and what becomes of the message when they fail."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converters import PLATFORMS
from converters.core.bodies import Command, Custom, Image, Text
from converters.core.operations import Edit, Post, Quote, Reaction, Recall, Ref
from converters.platform import Callback
from converters.plugins import LARGEST, NOT_MINE, Answer, Drop, Plugin, Seen
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App, DeadLettered, Deliver, Dropped, route
from converters.routing.rules import Rule
from tests.converters.shapes import NOW, body, message

CASES = Path(__file__).parents[1] / "cases"
CUSTOM: dict[str, Any] = {"type": "order", "data": {"number": "A-17"}}


def apps_with(*plugins: Plugin, rules: tuple[Rule, ...] = ()) -> dict[str, App]:
    return {
        "old": App("old", PLATFORMS["yunxin"], PLATFORMS["yunxin"].example(), "new", rules, plugins),
        "new": App("new", PLATFORMS["easemob"], PLATFORMS["easemob"].example(), "old", (), plugins),
    }


def said(**more: Any) -> Callback:
    callback = message("yunxin", "", native="CUSTOM", **more) | {"attach": json.dumps(CUSTOM)}
    return Callback("old", body("yunxin", callback), NOW)


def asked(convert: Callable[[Seen], Any], callback: Callback | None = None, **more: Any) -> Any:
    *_, one = route(callback or said(), apps_with(Plugin("shop", convert, **more)), IdentityTable())
    return one


def operation(one: Any) -> Any:
    assert isinstance(one, Deliver), one
    return one.delivery.event.operation


def test_it_is_given_the_decoded_event_with_both_sides() -> None:
    seen: list[Seen] = []

    def convert(one: Seen) -> Answer:
        seen.append(one)
        return NOT_MINE

    assert operation(asked(convert)).body == Custom("order", CUSTOM["data"])
    (one,) = seen
    assert (one.direction, one.source.app, one.target.app, one.event.sender) == ("yunxin>easemob", "old", "new", "alice")
    assert one.body == Custom("order", CUSTOM["data"])
    back = Callback("new", body("easemob", message("easemob", native="custom")), NOW)
    asked(convert, back, kinds={"*"})
    assert seen[1].direction == "easemob>yunxin"


def test_a_body_takes_the_place_of_the_body_and_quote_and_ext_stay() -> None:
    def convert(seen: Seen) -> Answer:
        return Custom("shop:order", {"order": "A-17"})

    done = operation(asked(convert, said(ext={"k": 1})))
    assert done == Post(Custom("shop:order", {"order": "A-17"}), ext={"k": 1})


def test_an_operation_takes_the_place_of_all() -> None:
    assert operation(asked(lambda seen: Post(Text("hi", mentions=("BOB",)), Quote(Ref("9"), "x")))).quote.message.id == "9"
    assert isinstance(operation(asked(lambda seen: Recall(Ref("9")))), Recall)
    assert isinstance(operation(asked(lambda seen: Edit(Ref("9"), Text("x")))), Edit)


def test_it_drops_with_its_name_and_reason() -> None:
    assert asked(lambda seen: Drop("no-polls")) == Dropped("plugin:shop:no-polls")


def test_the_first_that_has_an_answer_decides() -> None:
    plugins = (Plugin("a", lambda seen: NOT_MINE), Plugin("b", lambda seen: Text("b")), Plugin("c", lambda seen: Text("c")))
    (one,) = route(said(), apps_with(*plugins), IdentityTable())
    assert operation(one).body == Text("b")


def test_it_is_asked_about_its_kinds_only() -> None:
    text = Callback("old", body("yunxin", message("yunxin", "hi")), NOW)
    for kinds, mine in (({"custom"}, False), ({"text"}, True), ({"*"}, True), (set[str](), False)):
        assert operation(asked(lambda seen: Command("x"), text, kinds=kinds)).body == (Command("x") if mine else Text("hi"))


def test_rules_see_what_the_plugin_made_of_it() -> None:
    rules = (Rule(name="no-orders", do="drop", kinds=frozenset({"text"})),)
    (one,) = route(said(), apps_with(Plugin("shop", lambda seen: Text("order")), rules=rules), IdentityTable())
    assert isinstance(one, Dropped)
    assert one.reason == "rule:no-orders"


class Strange(Exception):
    pass


def leave(seen: Seen) -> Answer:
    raise SystemExit(str(seen.event))


def raises(seen: Seen) -> Answer:
    raise Strange(f"cannot read {seen.body} of alice")


def runs_on(seen: Seen) -> Answer:
    return runs_on(seen)


async def later(seen: Seen) -> Answer:
    return NOT_MINE


FAILURES: dict[str, tuple[Callable[[Seen], Any], str]] = {
    "an exception": (raises, "shop: Strange in raises (test_plugin.py:"),
    "an end of the program": (leave, "shop: SystemExit in leave (test_plugin.py:"),
    "no end": (runs_on, "shop: RecursionError in runs_on (test_plugin.py:"),
    "nothing": (lambda seen: None, "shop: answered a NoneType"),
    "a text of its own": (lambda seen: "A-17 of alice", "shop: answered a str"),
    "the event": (lambda seen: seen.event, "shop: answered a Event"),
    "a class": (lambda seen: Text, "shop: answered a StructMeta"),
    "fields of another kind": (lambda seen: Text(17), "shop: its Text is not as the model has it"),  # type: ignore[arg-type]
    "no JSON": (lambda seen: Custom("x", object()), "shop: TypeError"),
    "a circle": (lambda seen: Custom("x", _circle()), "shop: RecursionError"),
    "far too deep": (lambda seen: Custom("x", _deep(500)), "shop: its Custom is not as the model has it: nested too deeply"),
    "far too much": (lambda seen: Text("x" * LARGEST), f"shop: its answer has {LARGEST + 46} bytes"),
    "a file that is a text": (lambda seen: Image("http://x"), "shop: its Image is not"),  # type: ignore[arg-type]
    "half a letter": (lambda seen: Text("\ud800"), "shop: UnicodeEncodeError"),
    "a reason with words": (lambda seen: Drop("Order A-17"), "shop: the reason of its Drop"),
    "no reason": (lambda seen: Drop(None), "shop: the reason of its Drop"),  # type: ignore[arg-type]
}


def _circle() -> list[Any]:
    one: list[Any] = []
    one.append(one)
    return one


def _deep(levels: int) -> Any:
    one: Any = 1
    for _ in range(levels):
        one = [one]
    return one


@pytest.mark.parametrize(("convert", "why"), FAILURES.values(), ids=FAILURES)
def test_a_failure_costs_that_message_a_dead_letter_that_says_where_and_never_what(convert: Callable[[Seen], Any], why: str) -> None:
    one = asked(convert)
    assert isinstance(one, DeadLettered)
    assert (one.cause, one.ours) == ("plugin", True)
    assert one.detail.startswith(why), one.detail
    for word in ("A-17", "order", "alice", "bob"):
        assert word not in one.detail


def test_what_does_not_await_its_own_answer_is_none(recwarn: pytest.WarningsRecorder) -> None:
    one = asked(later)
    assert isinstance(one, DeadLettered)
    assert one.detail.startswith("shop: answered a coroutine")


def test_a_body_for_what_has_none_is_a_failure() -> None:
    case = json.loads((CASES / "yunxin" / "recall.json").read_bytes())
    recall = Callback("old", json.dumps(case["given"]["callback"]).encode(), NOW)
    assert isinstance(operation(asked(lambda seen: Text("x"), recall)), Recall)
    one = asked(lambda seen: Text("x"), recall, kinds={"recall"})
    assert isinstance(one, DeadLettered)
    assert "answered a body to an operation that has none" in one.detail
    assert isinstance(operation(asked(lambda seen: Reaction(Ref("1"), "👍"), recall, kinds={"*"})), Reaction)
