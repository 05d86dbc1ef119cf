"""What one batch of callbacks causes, record by record."""

import json
from typing import Any
from zlib import crc32

import msgspec
import pytest

from converters import PLATFORMS
from converters.core.bodies import Text
from converters.core.model import NOTHING, Delivery, Echo, Event, Group, conversation_key
from converters.platform import Callback, Decoded
from converters.routing.identity_table import IdentityTable
from streams.observe.metric_types import REGISTRY
from tests.convert.records import PARTITIONS, TEAM, Converting, apps, callback, record_of
from tests.converters.shapes import as_callback, message

OTHER = {"yunxin": "easemob", "easemob": "yunxin"}
BOTH = pytest.mark.parametrize("platform", OTHER)
TEXT = '你好 👨‍👩‍👧‍👦 \u2028 "q"'


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"im_relay_{name}_total", labels) or 0.0


def echo_of(platform: str, delivery: Delivery) -> dict[str, Any]:
    """What *platform* calls back after it took *delivery*."""
    there = PLATFORMS[platform]
    assert there.example is not None
    (request,) = there.encode(delivery, there.example(), NOTHING).requests
    return as_callback(platform, request, 77)


@BOTH
def test_a_text_lands_in_the_deliveries_of_the_other_platform(platform: str) -> None:
    done = Converting().say(platform, TEXT, sender="alice", to="bob")
    assert done.topics() == [f"deliveries.{OTHER[platform]}"]
    (delivery,) = done.deliveries(OTHER[platform])
    assert (delivery.sender, delivery.receiver) == ("alice", "bob")
    assert done.bodies(OTHER[platform]) == [Text(TEXT)]
    assert delivery.event.source != delivery.target == apps()[delivery.event.source].target


@BOTH
def test_a_group_is_written_as_the_other_platform_knows_it(platform: str) -> None:
    done = Converting().say(platform, TEXT, sender="alice", to=TEAM[platform], kind="group")
    (delivery,) = done.deliveries(OTHER[platform])
    assert delivery.receiver == TEAM[OTHER[platform]]
    assert delivery.event.conversation == Group("team")


@BOTH
@pytest.mark.parametrize("kind", ["direct", "group"])
def test_the_partition_is_that_of_the_canonical_conversation(platform: str, kind: str) -> None:
    done = Converting()
    for number in range(40):
        to = TEAM[platform] if kind == "group" else f"bob{number}"
        done.say(platform, sender="alice", to=to, kind=kind, number=number)
    keys = set()
    for _, partition, one in done.places:
        event = msgspec.json.decode(one.value or b"", type=Delivery).event
        assert one.key == conversation_key(event.conversation)
        assert partition == crc32(one.key) % PARTITIONS
        keys.add(one.key)
    assert len(keys) == (1 if kind == "group" else 40)


@BOTH
@pytest.mark.parametrize("kind", ["direct", "group"])
def test_both_directions_and_the_echo_of_a_conversation_share_one_partition(platform: str, kind: str) -> None:
    there = OTHER[platform]
    here_to, there_to = (TEAM[platform], TEAM[there]) if kind == "group" else ("bob", "alice")
    done = Converting().say(platform, sender="alice", to=here_to, kind=kind)
    (delivery,) = done.deliveries(there)
    done.say(there, sender="bob", to=there_to, kind=kind)
    done.take(there, callback(there, echo_of(there, delivery)))
    assert done.topics() == sorted([f"deliveries.{there}", f"deliveries.{platform}", f"echoes.{there}"])
    assert len({(partition, one.key) for _, partition, one in done.places}) == 1


@BOTH
def test_our_own_message_called_back_ends_and_becomes_an_echo(platform: str) -> None:
    there = OTHER[platform]
    done = Converting().say(platform, sender="alice", to="bob")
    (delivery,) = done.deliveries(there)
    back = Converting().take(there, callback(there, echo_of(there, delivery)))
    assert back.topics() == [f"echoes.{there}"]
    (echo,) = (msgspec.json.decode(raw, type=Echo) for raw in back.values(f"echoes.{there}"))
    assert (echo.event, echo.target) == (delivery.event.id, delivery.target)
    assert echo.remote_id


@BOTH
def test_the_same_callback_twice_has_the_same_event_id(platform: str) -> None:
    done = Converting().say(platform, number=5).say(platform, number=5)
    first, second = done.deliveries(OTHER[platform])
    assert first == second


@BOTH
def test_a_kind_we_do_not_know_goes_on_and_is_counted(platform: str) -> None:
    there = OTHER[platform]
    app = apps()["old" if platform == "yunxin" else "new"].name
    labels = {"app": app, "platform": platform, "direction": f"{platform}>{there}", "kind": "unknown", "outcome": "delivery"}
    before = counted("convert_records_out", **labels)
    done = Converting().say(platform, "what it says", native="HOLOGRAM")
    (delivery,) = done.deliveries(there)
    assert "HOLOGRAM" in json.dumps(msgspec.to_builtins(delivery.event.operation)).upper()
    assert counted("convert_records_out", **labels) == before + 1


POISON = {
    "random bytes": (callback("yunxin", bytes(range(256))), "malformed", "theirs"),
    "no JSON": (callback("yunxin", b"{"), "malformed", "theirs"),
    "a message without a sender": (callback("yunxin", message("yunxin") | {"fromAccount": ""}), "malformed", "theirs"),
    "nested beyond reason": (callback("yunxin", b"[" * 200_000), "malformed", "theirs"),
    "no app header": (callback("yunxin", message("yunxin"), app=None), "app-unknown", "ours"),
    "an app nobody knows": (callback("yunxin", message("yunxin"), app=b"nobody"), "app-unknown", "ours"),
    "an app header that is no UTF-8": (callback("yunxin", message("yunxin"), app=b"\xff\xfe"), "foreign", "theirs"),
    "a time that is no number": (callback("yunxin", message("yunxin"), received=b"soon"), "foreign", "theirs"),
    "no value": (callback("yunxin", None), None, None),
    "no headers and no value": (record_of("p.callbacks.yunxin", None), "app-unknown", "ours"),
}


@pytest.mark.parametrize(("poison", "cause", "whose"), POISON.values(), ids=POISON)
def test_poison_becomes_a_dead_letter_and_costs_nothing_else(poison: Any, cause: str | None, whose: str | None) -> None:
    poison = moved(poison, offset=1)
    before = callback("yunxin", message("yunxin", "before", number=1), offset=0)
    after = callback("yunxin", message("yunxin", "after", number=2), offset=2)
    done = Converting().take("yunxin", before, poison, after)
    assert done.bodies("easemob") == [Text("before"), Text("after")]
    (letter,) = done.letters()
    assert (letter.stage, letter.topic, letter.partition, letter.offset) == ("convert", poison.topic, 0, 1)
    assert letter.value == (poison.value or b"")
    assert letter.headers == dict(poison.headers)
    assert letter.cause
    assert cause in (None, letter.cause)
    assert whose in (None, letter.whose)


def moved(raw: Any, *, offset: int) -> Any:
    """*raw* at another offset; it is aiokafka's, not a struct."""
    return record_of(raw.topic, raw.value, raw.headers, offset)


def test_a_dead_letter_is_kept_under_its_place() -> None:
    done = Converting().take("yunxin", callback("yunxin", b"{", offset=9))
    ((_, partition, one),) = done.places
    assert one.key == b"p.callbacks.yunxin:0:9"
    assert partition == crc32(one.key) % PARTITIONS


@pytest.mark.parametrize("said", ["secret words", "line\nbreak \x1b[31m"])
def test_a_decoder_that_raises_is_a_defect_that_shows_no_content(
    said: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def decode(given: Callback, account: Any) -> tuple[Decoded, ...]:
        if said.encode() in given.body:
            raise RuntimeError(f"cannot read {said}")
        return PLATFORMS["yunxin"].decode(given, account)

    broken = msgspec.structs.replace(PLATFORMS["yunxin"], decode=decode)
    done = Converting(given=apps(yunxin=broken))
    done.take("yunxin", callback("yunxin", said.encode()), callback("yunxin", message("yunxin", "after"), offset=1))
    assert len(done.deliveries("easemob")) == 1
    (letter,) = done.letters()
    assert (letter.cause, letter.whose, letter.value) == ("defect", "ours", said.encode())
    assert "RuntimeError in decode" in letter.detail
    out, err = capfd.readouterr()
    logged = out + err + caplog.text
    assert "defect in a converter" in logged
    assert said not in logged + letter.detail


@BOTH
def test_a_group_that_is_in_no_entry_is_a_dead_letter_that_names_the_command(platform: str) -> None:
    done = Converting(IdentityTable()).say(platform, "quiet words", sender="alice", to=TEAM[platform], kind="group")
    assert done.topics() == ["dead-letters"]
    (letter,) = done.letters()
    assert (letter.cause, letter.whose) == ("group-unmapped", "ours")
    assert "im-relay identities set" in letter.detail
    assert TEAM[platform] in letter.detail
    assert "quiet words" not in letter.detail


def test_an_id_that_had_to_be_hashed_is_written_down_and_used_from_then_on() -> None:
    long = f"{'very-long-' * 4}name_of.somebody"
    done = Converting().say("easemob", sender=long, to="bob")
    assert done.topics() == ["deliveries.yunxin", "identities"]
    (delivery,) = done.deliveries("yunxin")
    assert delivery.sender.startswith("h--")
    ((_, partition, entry),) = [one for one in done.places if one[0] == "identities"]
    assert partition == crc32(entry.key or b"") % PARTITIONS
    elsewhere = IdentityTable()
    assert elsewhere.apply(entry.key or b"", entry.value) is None
    assert elsewhere.canonical("yunxin", "user", delivery.sender) == long
    # Applied here, too: the second is not written again, and the answer finds its way.
    done.say("easemob", sender=long, to="bob", number=2).say("yunxin", sender="bob", to=delivery.sender)
    assert done.topics().count("identities") == 1
    (answer,) = done.deliveries("easemob")
    assert answer.receiver == long
    assert answer.event.conversation == delivery.event.conversation


def test_events_of_a_conversation_keep_their_order() -> None:
    records = [callback("easemob", message("easemob", str(n), number=n), offset=n) for n in range(50)]
    done = Converting().take("easemob", *records)
    assert done.bodies("yunxin") == [Text(str(n)) for n in range(50)]


def test_an_event_says_who_when_and_where_it_happened() -> None:
    (delivery,) = Converting().say("yunxin", number=3).deliveries("easemob")
    event: Event = delivery.event
    assert event.id == f"yunxin:old:direct:{event.remote_id}:post"
    assert (event.source, delivery.received) == ("old", 1_700_000_000_000)
