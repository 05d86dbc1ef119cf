"""The page on the real broker: what it shows is what lies there, and what it does is done, once, and written down."""

import json

import msgspec

from converters.core.outcome import Delivered
from converters.routing.identity_table import account_record, record
from streams.audit.act import Act
from streams.deliver.ledger_schema import Intent, Settled
from streams.ingress.record import PAST
from tests.console.conftest import Site, text_of, token_of
from tests.operate.conftest import PARTITIONS, callback, delivery, rows
from tests.operate.test_trace import now


def acts(site: Site) -> list[Act]:
    found = [msgspec.json.decode(one.value, type=Act) for one in site.ground.read(f"{site.ground.prefix}audit")]
    return sorted(found, key=lambda act: act.at)


def test_a_login_is_in_the_audit_log_and_on_its_page(site: Site) -> None:
    client = site.client("vic")
    last = [act for act in acts(site) if act.who == "vic"][-1]
    assert (last.what, last.outcome, last.role, last.source) == ("log-in", "done", "viewer", "127.0.0.1")
    assert "vic read-only login done" in text_of(client.get("/audit").text)


def test_a_message_is_found_by_the_ids_of_both_sides_in_both_languages(site: Site) -> None:
    site.ground.called(callback(81001))
    site.ground.convert()
    one = delivery(81001)
    site.ground.know(one, Intent(target="new", at=now()), Settled(outcome=Delivered("99081001"), target="new", at=now()))
    client = site.client("vic")
    for wanted in ("81001", "99081001", one.event.id):
        shown = text_of(client.get("/message", params={"id": wanted}).text)
        assert "delivered to app new as 99081001" in shown
        assert "received" in shown
    chinese = text_of(client.get("/message", params={"id": "81001", "lang": "zh"}).text)
    assert "已送达应用 new，消息 ID 99081001" in chinese
    assert "secret words" not in chinese
    assert "Nothing names it" in text_of(client.get("/message", params={"id": "no-such-id", "lang": "en"}).text)


def test_a_record_that_nobody_reads_is_told_with_its_age(site: Site) -> None:
    site.ground.called(callback(81100), at=now() - 180_000, key=b"alone")  # in a partition of its own: what counts is the first that waits
    shown = text_of(site.client("vic").get("/").text)
    assert "convert: records wait, and no offset was ever committed" in shown
    assert "convert: the oldest record has waited for 3 min" in shown


def test_letters_are_replayed_by_an_operator_once_and_it_is_written_down(site: Site) -> None:
    one, other = delivery(82001), delivery(82002)
    site.ground.bury(one, other, cause="rejected-82")
    client = site.client()
    page = client.get("/letters", params={"cause": "rejected-82"})
    assert one.event.id in page.text
    assert "secret words" not in page.text
    places = [part.split('"')[0] for part in page.text.split('name="place" value="')[1:]]
    assert len(places) == 2
    common = {"token": token_of(page.text), "cause": "rejected-82"}
    asked = client.post("/letters", data={**common, "what": "replay", "scope": "all"})
    assert "Replay 2 letters?" in text_of(asked.text)
    assert len(site.ground.read(site.ground.names.deliveries)) == before(site, one, other), "nothing is done before it is confirmed"
    sure = {**common, "what": "replay", "scope": "all", "count": "2", "until": str(now() + 60_000)}
    assert "2 replayed." in text_of(client.post("/letters/resolve", data=sure).text)
    assert len(site.ground.read(site.ground.names.deliveries)) == before(site, one, other) + 2
    again = text_of(client.post("/letters/resolve", data=sure).text)
    assert "Nothing was done" in again
    assert len(site.ground.read(site.ground.names.deliveries)) == before(site, one, other) + 2
    done = [act for act in acts(site) if act.what == "dead-replay"]
    assert [(act.who, act.role, act.outcome, act.count) for act in done] == [
        ("ann", "operator", "begun", 2),
        ("ann", "operator", "done", 2),
    ]
    assert done[0].id == done[1].id
    assert one.event.id in done[0].subject
    assert '"secret words' not in json.dumps(msgspec.to_builtins(done))
    (ended,) = [
        row for row in rows(site.ground.im_relay("dead", "list", "--json", "--all", "--cause", "rejected-82")) if row["key"] == one.event.id
    ]
    assert ended["resolved"]["by"] == "ann (console)"
    assert "audit" in site.log()


def before(site: Site, *buried: object) -> int:
    """What lay in the topic of deliveries without what was put back: every put of this module."""
    return len([one for one in site.ground.read(site.ground.names.deliveries) if not dict(one.headers).get(PAST)])


def test_letters_are_set_aside_with_a_reason_and_only_those_that_were_chosen(site: Site) -> None:
    one, other = delivery(83001), delivery(83002)
    site.ground.bury(one, other, cause="rejected-83")
    client = site.client()
    page = client.get("/letters", params={"cause": "rejected-83"})
    rows_shown = page.text.split("<tr>")
    (place,) = [part.split('name="place" value="')[1].split('"')[0] for part in rows_shown if one.event.id in part]
    form = {
        "token": token_of(page.text),
        "cause": "rejected-83",
        "what": "drop",
        "scope": "chosen",
        "place": place,
        "count": "1",
        "until": str(now() + 60_000),
    }
    assert "A reason is needed" in text_of(client.post("/letters/resolve", data=form).text)
    assert "1 set aside." in text_of(client.post("/letters/resolve", data={**form, "reason": "user is gone"}).text)
    left = rows(site.ground.im_relay("dead", "list", "--json", "--cause", "rejected-83"))
    assert [row["key"] for row in left] == [other.event.id]


def test_who_is_who_by_table_and_by_rule(site: Site) -> None:
    records = [
        record("easemob", "group", "2700", "team"),
        record("yunxin", "group", "6100", "team"),
        account_record("easemob", "zoe", "used"),
    ]
    site.ground.put([(f"{site.ground.prefix}identities", at % PARTITIONS, key, value, [], None) for at, (key, value) in enumerate(records)])
    client = site.client("vic")
    shown = text_of(client.get("/identities", params={"kind": "group", "id": "6100", "platform": "yunxin"}).text)
    assert "group team" in shown
    assert "easemob 2700 identities" in shown
    zoe = text_of(client.get("/identities", params={"kind": "user", "id": "Zoe"}).text)
    assert "easemob zoe rule used: is on this side" in zoe
    assert "The table names no such group" in text_of(client.get("/identities", params={"kind": "room", "id": "nowhere"}).text)


def test_without_a_migration_its_page_says_so(site: Site) -> None:
    assert "No migration has begun." in text_of(site.client("vic").get("/migrations").text)
