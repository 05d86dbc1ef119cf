"""From what was decoded to what it causes, without a platform's bytes: whose words, to whom, under which key, and what becomes known."""

from typing import Any, cast

import pytest
from msgspec import structs

from converters import PLATFORMS
from converters.core.bodies import File, Image, Text
from converters.core.fidelity import Level, partial, refused
from converters.core.model import Conversation, Delivery, Echo, Event, Group, Loss, Room, conversation_key, direct
from converters.core.operations import GroupCreated, MembersAdded, Operation, Post, Read, Ref
from converters.core.wire import Malformed
from converters.platform import Callback, Decoded, DecodedEvent, Ignored, OwnEcho
from converters.plugins import Drop, NotMine, Plugin, Seen
from converters.routing.account_creation import account_before
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityTable, account_record, record
from converters.routing.route import MOST_NAMED, App, DeadLettered, Deliver, Dropped, EchoOf, RejectedMark, route
from converters.routing.rules import Rule, introduction
from converters.text.fallback_text import Language, shown

OLD, NEW = PLATFORMS["yunxin"], PLATFORMS["easemob"]
TALK = direct("ann", "bob")
LONG = "l" * 90
"""A canonical name that is too long for the target: it is written as a digest."""
DIGEST = str(NEW.user_ids.write(LONG).native)


def event(operation: Operation | None = None, conversation: Conversation = TALK, sender: str = "ann", **fields: Any) -> Event:
    return Event(
        id="yunxin:old:direct:1:post",
        source="old",
        remote_id="1",
        conversation=conversation,
        sender=sender,
        at=5,
        operation=operation or Post(Text("hi")),
        **fields,
    )


def table(*records: tuple[bytes, bytes]) -> IdentityTable:
    found = IdentityTable()
    for one in records:
        found.apply(*one)
    return found


OPS = (record("yunxin", "group", "61", "ops"), record("easemob", "group", "271", "ops"))
HALL = (record("yunxin", "room", "7", "hall"), record("easemob", "room", "77", "hall"))
ANN_IS_LONG = record("yunxin", "user", "ann", LONG)


def routed(
    *decoded: Decoded | Event, known: IdentityTable | None = None, app: str = "old", there: App | None = None, **fields: Any
) -> tuple[Any, ...]:
    """What comes of *decoded*; *fields* are the source app's."""
    given = tuple(DecodedEvent(one) if isinstance(one, Event) else one for one in decoded)
    old = structs.replace(OLD, decode=lambda callback, account: given)
    new = there or App("new", NEW, NEW.example(), "old")
    apps = {"old": structs.replace(App("old", old, OLD.example(), "new"), **fields), "new": new}
    return route(Callback(app, b"", 9), apps, table() if known is None else known)


def delivery(found: Any) -> Delivery:
    assert isinstance(found, Deliver)
    return found.delivery


# -- who talks to whom


def test_a_message_of_two_goes_to_the_other_one() -> None:
    said = event(sender_name="Ann")
    assert routed(said) == (
        Deliver(
            Delivery(event=said, target="new", sender="ann", receiver="bob", received=9, author="ann", origin="bob", people={}),
            conversation_key(TALK),
            "easemob",
        ),
    )


def test_the_other_of_the_two_answers() -> None:
    (found,) = routed(event(sender="bob"))
    one = delivery(found)
    assert (one.sender, one.receiver, one.author, one.origin) == ("bob", "ann", "bob", "ann")


def test_what_nobody_said_has_no_sender() -> None:
    one = delivery(routed(event(sender=""))[0])
    assert (one.event.sender, one.sender, one.author, one.receiver, one.origin) == ("", "", "", "ann", "ann")
    one = delivery(routed(event(conversation=Group("61"), sender=""), known=table(*OPS))[0])
    assert (one.event.sender, one.sender, one.receiver) == ("", "", "271")


def test_an_app_can_have_its_own_rule_of_user_ids() -> None:
    server = PLATFORMS["own"]
    assert server.ids_of is not None
    there = App("new", server, structs.replace(cast("Any", server.example()), id_limit=32), "old")
    assert there.user_ids.write(LONG) == server.ids_of(there.account).write(LONG)
    assert there.user_ids.write(LONG) != server.user_ids.write(LONG)
    assert App("new", NEW, NEW.example(), "old").user_ids is NEW.user_ids


def test_names_of_both_are_those_of_the_target() -> None:
    known = table(ANN_IS_LONG, record("yunxin", "user", "bob", "robert"), record("easemob", "user", "Rob", "robert"))
    found = routed(event(), known=known)
    assert found[:-1] == (NewIdentity("easemob", DIGEST, LONG),)
    one = delivery(found[-1])
    assert (one.event.conversation, one.event.sender, one.sender, one.receiver) == (direct(LONG, "robert"), LONG, DIGEST, "Rob")
    assert (one.author, one.origin) == ("ann", "bob")
    assert found[-1].key == conversation_key(direct(LONG, "robert"))
    answer = routed(event(sender="bob"), known=known)
    assert answer[:-1] == (NewIdentity("easemob", DIGEST, LONG),)
    assert (delivery(answer[-1]).sender, delivery(answer[-1]).receiver) == ("Rob", DIGEST)


def test_how_a_speaker_is_spelled_becomes_known_and_how_a_receiver_is_does_not() -> None:
    found = routed(event(conversation=direct("Ann", "Bob"), sender="Ann"))
    assert found[:-1] == (NewIdentity("yunxin", "Ann", "ann"),)
    assert (delivery(found[-1]).sender, delivery(found[-1]).receiver) == ("ann", "bob")
    assert routed(event(conversation=direct("Ann", "Bob"), sender="Ann"), known=table(record("yunxin", "user", "Ann", "ann")))[:-1] == ()


@pytest.mark.parametrize(
    ("place", "records", "there", "canonical"), [(Group("61"), OPS, "271", Group("ops")), (Room("7"), HALL, "77", Room("hall"))]
)
def test_a_message_of_a_group_or_room_goes_there(place: Conversation, records: Any, there: str, canonical: Conversation) -> None:
    found = routed(event(conversation=place, sender="Ann"), known=table(*records))
    assert found[:-1] == (NewIdentity("yunxin", "Ann", "ann"),)
    one = delivery(found[-1])
    assert (one.event.conversation, one.sender, one.receiver, one.author, one.origin) == (canonical, "ann", there, "Ann", place.id)  # type: ignore[union-attr]
    assert found[-1].key == conversation_key(canonical)


def test_somebody_whose_id_means_nobody_is_a_dead_letter_and_not_a_word_of_the_server() -> None:
    (found,) = routed(event(conversation=direct("x--", "bob"), sender="x--"))
    assert isinstance(found, DeadLettered)
    assert (found.cause, found.ours) == ("user-unmapped", True)


def test_a_group_that_nobody_knows_is_a_dead_letter_of_ours() -> None:
    (found,) = routed(event(conversation=Group("61")))
    assert isinstance(found, DeadLettered)
    assert (found.cause, found.ours, found.by) == ("group-unmapped", True, "")
    assert "yunxin group '61'" in found.detail


def test_one_that_the_target_lacks_is_a_dead_letter_too() -> None:
    (found,) = routed(event(conversation=Group("61")), known=table(OPS[0]))
    assert isinstance(found, DeadLettered)
    assert "easemob group 'ops'" in found.detail


def test_a_group_that_was_just_made_has_a_name_of_its_own_and_no_place_yet() -> None:
    found = routed(event(GroupCreated(name="new", owner="ann", members=("bob",)), Group("62")))
    assert found[:-1] == (NewIdentity("yunxin", "62", "~yunxin-62", "group"),)
    one = delivery(found[-1])
    assert (one.event.conversation, one.receiver, one.origin) == (Group("~yunxin-62"), "", "62")
    assert one.people == {"ann": "ann", "bob": "bob"}


def test_a_room_that_was_just_made_goes_by_its_entry() -> None:
    made = event(GroupCreated(name="new", owner="ann"), Room("7"))
    one = delivery(routed(made, known=table(*HALL))[-1])
    assert (one.event.conversation, one.receiver) == (Room("hall"), "77")


READ = Read(Ref("1", own=False, event="yunxin:old:direct:1:post"))


def taking(**levels: Level) -> App:
    """A target that takes of each kind what *levels* say, and says nothing of others."""
    return App("new", structs.replace(NEW, fidelity=levels), NEW.example(), "old")


def test_what_the_target_takes_none_of_is_dropped_before_it_costs_anything() -> None:
    assert routed(event(READ)) == (Dropped("refused:read", event(READ)),)
    assert routed(event(READ), there=taking(read=partial("the last one"))) != (Dropped("refused:read", event(READ)),)
    (unknown,) = routed(event(READ), there=taking())
    assert delivery(unknown).event.operation == READ, "what its table says nothing of is its encoder's"


def test_what_people_say_is_never_refused() -> None:
    (found,) = routed(event(), there=taking(text=refused("no texts")))
    assert delivery(found).event == event()


# -- whom it names


def test_those_whom_a_group_names_are_spelled_and_known() -> None:
    found = routed(event(MembersAdded(("Cy", "dan")), Group("61")), known=table(*OPS, record("yunxin", "user", "dan", LONG)))
    assert found[:-1] == (NewIdentity("yunxin", "Cy", "cy"), NewIdentity("easemob", DIGEST, LONG))
    assert delivery(found[-1]).people == {"cy": "cy", LONG: DIGEST}
    assert delivery(found[-1]).event.operation == MembersAdded(("cy", LONG))


def test_those_whom_a_message_names_are_not_spelled() -> None:
    found = routed(event(Post(Text("hi", mentions=("Cy",))), Group("61")), known=table(*OPS))
    assert found[:-1] == ()
    assert delivery(found[-1]).people == {"cy": "cy"}


def test_of_a_message_that_names_many_so_many_become_known() -> None:
    names = [f"n{number:03}" for number in range(MOST_NAMED + 20)]
    known = table(*OPS, *(record("yunxin", "user", name, name * 30) for name in names))
    found = routed(event(Post(Text("hi", mentions=tuple(names))), Group("61")), known=known)
    assert len(found[:-1]) == MOST_NAMED
    people = delivery(found[-1]).people
    assert [people[name * 30] for name in names] == [str(NEW.user_ids.write(name * 30).native) for name in names], (
        "each is named all the same"
    )
    whole = routed(event(MembersAdded(tuple(names)), Group("61")), known=known)
    assert len(whole[:-1]) == len(names), "a group has those whom it has"


# -- several at once, echoes, and what is left


def test_what_the_first_of_a_callback_makes_known_the_second_knows() -> None:
    made, said = event(GroupCreated(name="new", owner="ann"), Group("62")), event(conversation=Group("62"))
    found = routed(made, said)
    assert [type(one) for one in found] == [NewIdentity, Deliver, Deliver]
    assert delivery(found[-1]).event.conversation == Group("~yunxin-62")


def test_of_two_the_one_that_fails_takes_nothing_from_the_other() -> None:
    found = routed(event(conversation=Group("61")), event(), Ignored("typing"))
    assert [type(one) for one in found] == [DeadLettered, Deliver, Dropped]
    assert found[-1] == Dropped("typing")


def test_our_own_message_that_comes_back_is_an_echo() -> None:
    own = OwnEcho("easemob:new:direct:9:post", "77", 6, direct("Ann", "bob"), part=2, more=True, keyed=False)
    assert routed(own) == (
        EchoOf(
            Echo(event="easemob:new:direct:9:post", target="old", remote_id="77", at=6, part=2, more=True, unkeyed=True),
            conversation_key(TALK),
            "yunxin",
        ),
    )
    (keyed,) = routed(structs.replace(own, part=0, more=False, keyed=True))
    assert (keyed.echo.part, keyed.echo.more, keyed.echo.unkeyed) == (0, False, False)


def test_an_echo_of_a_group_that_nobody_knows_is_nobodys_work() -> None:
    assert routed(OwnEcho("e", "77", 6, Group("61"))) == (Dropped("echo-unmapped"),)


@pytest.mark.parametrize(
    ("app", "fields", "cause", "detail"),
    [
        ("x" * 200, {}, "app-unknown", f"no app {'x' * 128!r} in the settings"),
        ("old", {"target": "y" * 200}, "target-unknown", f"no app {'y' * 128!r} in the settings"),
    ],
)
def test_an_app_that_the_settings_lack_is_ours(app: str, fields: dict[str, Any], cause: Any, detail: str) -> None:
    assert routed(event(), app=app, **fields) == (DeadLettered(cause, detail, ours=True),)


def test_what_cannot_be_read_is_theirs() -> None:
    def decode(callback: Callback, account: object) -> Any:
        raise Malformed("no such kind")

    assert routed(platform=structs.replace(OLD, decode=decode)) == (DeadLettered("malformed", "no such kind", ours=False),)


# -- marks and proofs


def test_a_mark_that_is_not_believed_is_told_with_what_becomes_of_the_message() -> None:
    said = event()
    (found,) = routed(DecodedEvent(said, unfit="unkeyed"))
    assert (delivery(found).event, found.unfit) == (said, "unkeyed")
    (found,) = routed(said)
    assert found.unfit == "", "on most lies none, or one that is believed"
    gone = routed(DecodedEvent(event(Read(Ref("1", own=False))), unfit="unfit"))
    assert gone[0] == RejectedMark("unfit", said.id, "ann")
    assert [type(one) for one in gone] == [RejectedMark, Dropped]
    found = routed(DecodedEvent(event(conversation=Group("61")), unfit="unfit"))
    assert [type(one) for one in found] == [DeadLettered]


def test_losses_of_the_callback_go_with_the_message() -> None:
    (found,) = routed(DecodedEvent(event(), losses=(Loss("push"),)))
    assert found.losses == (Loss("push"),)


def test_what_nobody_has_signed_teaches_nothing_and_makes_no_account() -> None:
    assert [type(one) for one in routed(DecodedEvent(event(), proven=False))] == [Deliver]
    assert routed(DecodedEvent(event(conversation=direct("Ann", "bob"), sender="Ann"), proven=False)) == (Dropped("unproven-person"),)
    create = (Rule(name="new", do="create"),)
    assert routed(DecodedEvent(event(), proven=False), rules=create) == (Dropped("unproven-person"),)
    assert routed(DecodedEvent(event(READ), proven=False)) == (Dropped("refused:read", event(READ)),), "it would have been, from anybody"


# -- rules and plug-ins


def test_a_rule_that_drops_says_so_and_whose_mark_it_was() -> None:
    said, rules = event(), (Rule(name="quiet", do="drop"),)
    assert routed(said, rules=rules) == (Dropped("rule:quiet", said),)
    assert routed(DecodedEvent(said, unfit="unfit"), rules=rules) == (RejectedMark("unfit", said.id, "ann"), Dropped("rule:quiet", said))
    assert [type(one) for one in routed(said, said, rules=rules)] == [Dropped, Dropped], "the next one is looked at"


def test_a_rule_that_sends_changes_nothing() -> None:
    said = event(sender_name="Ann")
    assert routed(said, rules=(Rule(name="all", do="send"),)) == routed(said)


def test_what_a_rule_makes_of_a_message_is_what_goes_over_with_what_was_lost() -> None:
    said = event(Post(Image(File(url="https://files.example.com/1", name="a.png"))))
    (found,) = routed(DecodedEvent(said, losses=(Loss("push"),)), rules=(Rule(name="plain", do="show", text="a picture"),))
    assert delivery(found).event == structs.replace(said, operation=Post(Text("a picture")))
    assert found.losses == (Loss("push"), Loss("rule:plain"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_rule_shows_in_the_language_of_the_target(language: Language) -> None:
    body = Image(File(url="https://files.example.com/1", name="a.png"))
    account = structs.replace(cast("Any", NEW.example()), language=language)
    (found,) = routed(event(Post(body)), rules=(Rule(name="plain", do="show"),), there=App("new", NEW, account, "old"))
    assert delivery(found).event.operation == Post(Text(shown(body, language)))


def test_a_rule_knows_a_group_by_its_canonical_name() -> None:
    in_ops, in_hall = (Rule(name="mine", do="drop", groups=frozenset({name})) for name in ("ops", "hall"))
    group, room = event(conversation=Group("61")), event(conversation=Room("7"))
    known = table(*OPS, *HALL)
    assert routed(group, rules=(in_ops,), known=known) == (Dropped("rule:mine", group),)
    assert routed(room, rules=(in_hall,), known=known) == (Dropped("rule:mine", room),)
    assert [type(one) for one in routed(group, room, rules=(in_hall,), known=known)] == [Deliver, Dropped]


def test_a_group_that_nobody_knows_has_no_name_and_no_share() -> None:
    """A rule that drops it spares its dead letter; one for a part of the groups does not fit it, however large the part is."""
    said = event(conversation=Group("61"))
    assert routed(said, rules=(Rule(name="all", do="drop"),)) == (Dropped("rule:all", said),)
    (found,) = routed(said, rules=(Rule(name="most", do="drop", percent=99.999),))
    assert found.cause == "group-unmapped"


def test_who_has_no_account_gets_one_before_the_first_message() -> None:
    rules = (Rule(name="new", do="create"),)
    first, message = routed(event(), rules=rules)
    assert first == Deliver(account_before(delivery(message)), message.key, "easemob")
    assert [type(one) for one in routed(event(), rules=rules, known=table(account_record("easemob", "ann", "made")))] == [Deliver]


def test_a_proxy_speaks_and_says_who_it_is_of() -> None:
    rules = (Rule(name="hand", do="proxy", proxy="helper"),)
    one = delivery(routed(event(sender_name="Ann"), rules=rules)[-1])
    assert (one.sender, one.event.sender, one.author) == ("helper", "ann", "ann")
    assert (one.event.sender_name, one.event.operation) == ("[ann] Ann", Post(Text("[ann] Ann：hi")))
    create = (Rule(name="new", do="create"), *rules)
    assert not any(delivery(each).newcomer for each in routed(event(), rules=create)), "nobody needs an account who does not speak"


def plugin(answer: Any) -> Plugin:
    def convert(seen: Seen) -> Any:
        assert (seen.source.app, seen.source.platform, seen.target.app, seen.target.platform) == ("old", "yunxin", "new", "easemob")
        if isinstance(answer, Exception):
            raise answer
        return answer

    convert.kinds = frozenset({"*"})  # type: ignore[attr-defined]
    return Plugin("mine", convert, frozenset({"*"}))


def test_a_plugin_changes_drops_and_fails() -> None:
    said = event()
    assert delivery(routed(said, plugins=(plugin(NotMine()),))[0]).event == said
    assert routed(said, plugins=(plugin(Drop("why")),)) == (Dropped("plugin:mine:why"),)
    (found,) = routed(said, plugins=(plugin(ZeroDivisionError()),))
    assert isinstance(found, DeadLettered)
    assert (found.cause, found.ours, found.by) == ("plugin", True, "ann")
    other = Post(Text("other"))
    assert delivery(routed(said, plugins=(plugin(other),))[0]).event.operation == other
    marked = routed(DecodedEvent(said, unfit="unfit"), plugins=(plugin(Drop("why")),))
    assert marked == (RejectedMark("unfit", said.id, "ann"), Dropped("plugin:mine:why"))
    assert len(routed(said, said, plugins=(plugin(Drop("why")),))) == 2


def test_what_is_no_text_is_introduced_first() -> None:
    said = event(Post(Image(File(url="https://files.example.com/1", name="a.png"))), sender_name="Ann")
    first, second = routed(said, rules=(Rule(name="hand", do="proxy", proxy="helper"),))
    assert first == Deliver(introduction(delivery(second), "[ann] Ann："), second.key, "easemob")
    assert (delivery(second).sender, delivery(second).event.operation) == ("helper", said.operation)


def test_an_app_has_what_the_settings_name_and_no_more() -> None:
    one = App("new", NEW, NEW.example(), "old")
    assert (one.rules, one.plugins, one.canary) == ((), (), b"")
