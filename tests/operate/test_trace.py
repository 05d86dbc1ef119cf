"""`im-relay trace` on records put by hand: the sentence says where the message is."""

import json
import re
import time
from typing import Any

from converters.core import wire
from converters.core.event_id import new_event_id
from converters.core.model import Echo
from converters.core.outcome import Delivered, Refused
from converters.files.media import MediaResult
from converters.platforms.easemob.account import EasemobAccount
from converters.text.echo_mark import MarkedMessage, make
from streams.deliver.ledger_schema import Intent, Settled
from streams.settings.root import load, resolve
from tests.narrowed import of_kind
from tests.operate.conftest import Ground, callback, delivery, plain, rows

EVENT = "yunxin:old:direct:700000001:post"
NUMBER = 700000001


def trace(ground: Ground, message: str, *words: str) -> dict[str, Any]:
    (told,) = rows(ground.im_relay("trace", message, "--json", *words))
    return told


def now() -> int:
    return int(time.time() * 1000)


def test_a_message_that_convert_has_not_read_waits(ground: Ground) -> None:
    ground.called(callback(1), callback(2), callback(NUMBER))
    told = trace(ground, str(NUMBER))
    assert told["event"] == EVENT
    assert told["state"].startswith(f"waits in {ground.names.callbacks}[")
    assert [step["what"] for step in told["steps"]] == ["received"]


def test_a_message_that_waits_for_deliver_says_how_many_are_before_it(ground: Ground) -> None:
    ground.called(callback(1), callback(2), callback(NUMBER))
    ground.convert()
    told = trace(ground, EVENT)
    assert told["state"].startswith(f"waits in {ground.names.deliveries}[")
    assert [step["what"] for step in told["steps"]] == ["received", "converted"]
    converted = told["steps"][1]
    assert (converted["remote_id"], converted["target"], converted["receiver there"]) == (str(NUMBER), "new", "bob")
    assert converted["offset"] == 2


def test_a_delivered_message_is_told_with_the_ids_of_both_sides(ground: Ground) -> None:
    ground.called(callback(NUMBER))
    ground.convert()
    one = delivery(NUMBER)
    at = now() + 48
    intent, ended = Intent(target="new", at=at - 10), Settled(outcome=Delivered("1390", at - 5), target="new", at=at, attempts=3)
    ground.know(one, intent, ended)
    ground.know(one, intent, ended)  # by the next owner, who cannot tell whether it was committed
    told = trace(ground, str(NUMBER))
    assert told["state"].startswith("delivered to app new as 1390 ")
    assert told["state"].endswith(" after it was said")
    assert [step["what"] for step in told["steps"]] == ["received", "converted", "intent", "ended"]
    assert [step["at"] for step in told["steps"][2:]] == [at - 10, at]
    assert (told["steps"][3]["attempts"], told["steps"][3]["by"]) == (3, "reply")


def test_the_targets_id_leads_to_the_same_way(ground: Ground) -> None:
    ground.called(callback(NUMBER))
    ground.convert()
    one = delivery(NUMBER)
    ground.know(one, Settled(outcome=Delivered("1390555555", None), target="new", at=now()))
    echo = wire.dump(Echo(event=EVENT, target="new", remote_id="1390555555", at=now()))
    ground.put([(f"{ground.prefix}echoes.easemob", ground.partition(one), b"key", echo, [], None)])
    assert {step["what"] for step in trace(ground, "1390555555")["steps"]} == {"received", "converted", "ended", "echo"}


def test_the_targets_callback_is_part_of_the_way(ground: Ground) -> None:
    ground.called(callback(NUMBER))
    account = of_kind(EasemobAccount, resolve(load(ground.config))["new"].account)
    body = {
        "callId": "o#a_1",
        "eventType": "chat",
        "timestamp": now(),
        "chat_type": "chat",
        "from": "alice",
        "to": "bob",
        "msg_id": "1390555555",
        "payload": {
            "ext": {"relay": make(EVENT, MarkedMessage("new", "direct", "alice", "bob"), account)},
            "bodies": [{"type": "txt", "msg": "x"}],
        },
        "appkey": "o#a",
    }
    headers = [("app", b"new"), ("received", b"%d" % now())]
    ground.put([(f"{ground.prefix}callbacks.easemob", 0, b"k", wire.dump_any(body), headers, None)])
    for message in (str(NUMBER), "1390555555", EVENT):
        told = trace(ground, message)
        assert [step["what"] for step in told["steps"]] == ["received", "called back"], message
        assert told["state"] == "at app new as 1390555555: it has called back; the ledger does not say so yet"


def test_a_message_that_waits_for_its_file_says_so_and_how_it_ended(ground: Ground) -> None:
    attach = json.dumps({"url": "https://old.example/a", "ext": "jpg", "name": "my cat.jpg", "size": 7, "md5": "0" * 32})
    ground.called(callback(NUMBER, msgType="PICTURE", attach=attach, body=""))
    ground.convert()
    told = trace(ground, str(NUMBER))
    assert told["state"].startswith(f"waits in {ground.names.deliveries}[")
    assert " for its image since " in told["state"]
    assert sorted(step["what"] for step in told["steps"]) == ["converted", "file wanted", "received"]
    assert "my cat" not in json.dumps(told)
    one = delivery(NUMBER)
    result = MediaResult(event=EVENT, place=0, target="new", reason="not-found")
    ground.put([(f"{ground.prefix}media.results.easemob", ground.partition(one), b"k", wire.dump(result), [], None)])
    told = trace(ground, str(NUMBER))
    assert " for its " not in told["state"]
    assert told["steps"][-1]["what"] == "file"
    assert told["steps"][-1]["left"] == "not-found"


def test_an_intent_without_an_end_is_in_doubt(ground: Ground) -> None:
    ground.deliver(delivery(NUMBER))
    ground.know(delivery(NUMBER), Intent(target="new", at=now() - 90_000))
    state = trace(ground, EVENT)["state"]
    assert state.startswith("in doubt since ")
    assert re.search(r"\([1-9] min \d+ s\)", state)


def test_a_dead_letter_is_told_with_its_cause_and_what_became_of_it(ground: Ground) -> None:
    ground.bury(delivery(NUMBER))
    ground.know(delivery(NUMBER), Settled(outcome=Refused("said no"), target="new", at=now()))
    assert trace(ground, str(NUMBER))["state"] == f"dead letter: refused (theirs, in deliver); im-relay dead show {EVENT}"
    ground.im_relay("dead", "replay", "--yes")
    told = trace(ground, str(NUMBER))
    assert told["state"].startswith(f"waits in {ground.names.deliveries}[")
    assert [step["what"] for step in told["steps"]].count("converted") == 2
    ground.bury(delivery(NUMBER))
    ground.im_relay("dead", "drop", "--yes", "--reason", "no such user")
    assert trace(ground, str(NUMBER))["state"].endswith(": no such user")


def test_a_callback_that_could_not_be_converted_is_found_by_its_id(ground: Ground) -> None:
    ground.called(callback(NUMBER, to="6100", team=True), callback(5, to="6100", team=True))
    ground.convert()
    told = trace(ground, str(NUMBER))
    assert told["event"] == "yunxin:old:group:700000001:post"
    assert told["state"].startswith("dead letter: group-unmapped (ours, in convert); im-relay dead show ")
    key = told["state"].split()[-1]
    ground.im_relay("dead", "drop", key, "--yes", "--reason", "known")
    assert trace(ground, str(NUMBER))["state"].endswith(": known")
    assert trace(ground, "yunxin:old:group:5:post")["state"].startswith("dead letter")


def test_a_known_conversation_reads_only_its_partition(ground: Ground) -> None:
    one = delivery(NUMBER)
    ground.deliver(one)
    assert trace(ground, EVENT, "--conversation", "direct:bob:alice")["steps"]
    other = next(user for user in map(str, range(50)) if ground.partition(delivery(1, to=user)) != ground.partition(one))
    missed = ground.im_relay("trace", EVENT, "--conversation", f"direct:alice:{other}")
    assert missed.exit_code == 1, "another conversation's partition is read, and only that"
    assert ground.im_relay("trace", EVENT, "--conversation", "alice").exit_code == 2


def test_an_id_that_is_held_as_a_digest_is_found(ground: Ground) -> None:
    long = "m" * 80
    ground.called(callback(1, msgidServer=long))
    ground.convert()
    event = new_event_id("yunxin", "old", "direct", long)
    assert "~" in event
    for message in (long, event):
        assert [step["what"] for step in trace(ground, message)["steps"]] == ["received", "converted"], message


def test_what_is_left_out_says_why(ground: Ground) -> None:
    ground.called(callback(NUMBER, antispam="true"))
    told = trace(ground, str(NUMBER))
    assert (told["event"], told["state"]) == ("", "carried nowhere: moderated")


def test_what_was_said_is_printed_only_on_demand(ground: Ground) -> None:
    ground.called(callback(NUMBER))
    ground.convert()
    for words in ((), ("--json",)):
        assert "secret words" not in ground.im_relay("trace", EVENT, *words).output
        assert f"secret words {NUMBER}" in ground.im_relay("trace", EVENT, "--show-text", *words).output
    table = plain(ground.im_relay("trace", EVENT).stdout)
    assert EVENT in table
    assert "received" in table
    assert "waits in" in table


def test_a_number_that_is_part_of_another_is_not_it(ground: Ground) -> None:
    ground.called(callback(7000000012), callback(70000000))
    assert trace(ground, "70000000")["event"] == "yunxin:old:direct:70000000:post"


def test_nothing_found_is_1(ground: Ground) -> None:
    ground.called(callback(1), at=now() - 7_200_000)
    for words in (("999",), ("1", "--since", "1h")):
        done = ground.im_relay("trace", *words)
        assert done.exit_code == 1
        assert "look further back with --since" in done.stderr
    assert ground.im_relay("trace", "1", "--since", "3h").exit_code == 0
    assert ground.im_relay("trace", " ").exit_code == 2
