"""Lost callbacks that are kept, against "Easemob: callback exception storage"."""

from datetime import UTC, datetime

from tests.simulation.conftest import Start
from tests.simulation.easemob_api import Api
from tests.simulation.receiver import Receiver
from tests.simulators.callbacks import Parcel
from tests.simulators.easemob.storage import Replay, Storage

INFO, RETRY = "callbacks/storage/info", "callbacks/storage/retry"
DAY = 86_400_000


def now() -> int:
    return int(datetime(2025, 10, 21, 8, 14, 59, tzinfo=UTC).timestamp() * 1000)


def parcel(name: str) -> Parcel:
    return Parcel("http://localhost/first", "lane", name, name.encode())


def test_slots_are_of_ten_minutes_and_go_after_three_days() -> None:
    storage = Storage(0)
    for name, when in (("a", now()), ("b", now() + 600_000), ("c", now() + DAY)):
        storage.keep(parcel(name), when)
    assert storage.info(now() + DAY) == [
        {"date": "202510210810", "size": 1, "retry": 0},
        {"date": "202510210820", "size": 1, "retry": 0},
        {"date": "202510220810", "size": 1, "retry": 0},
    ]
    assert [slot["date"] for slot in storage.info(now() + 3 * DAY)] == ["202510210810", "202510210820", "202510220810"]
    assert [slot["date"] for slot in storage.info(now() + 3 * DAY + 1_200_000)] == ["202510220810"]


def test_a_slot_is_sent_again_byte_for_byte_ten_times_at_most() -> None:
    storage = Storage(8)
    storage.keep(parcel("a"), now())
    storage.keep(parcel("b"), now())
    assert storage.replay("202510210810", None, now()) is None  # That is UTC.
    parcels = storage.replay("202510211610", "http://localhost/second", now())
    assert parcels is not None
    assert [(one.url, one.body) for one in parcels] == [("http://localhost/second", b"a"), ("http://localhost/second", b"b")]
    storage.keep(parcels[0], now())
    assert storage.info(now()) == [{"date": "202510211610", "size": 2, "retry": 1}]
    for _ in range(9):
        again = storage.replay("202510211610", None, now())
        assert again is not None
        assert {(type(one), one.url) for one in again} == {(Replay, "http://localhost/first")}
    assert storage.replay("202510211610", None, now()) is None


def test_what_was_lost_is_sent_again_on_demand(start: Start, receiver: Receiver) -> None:
    receiver.answers = lambda got: 503
    simulator = start("easemob", callback_store=True)
    api = Api(simulator)
    simulator.say("alice", "bob", "lost")
    lost = receiver.wait(2)
    simulator.settled()
    (slot,) = api.data("GET", INFO)
    assert (slot["size"], slot["retry"]) == (1, 0)
    assert api.data("POST", RETRY, {"date": slot["date"]}) == "success"
    receiver.wait(4)
    simulator.settled()
    assert api.data("GET", INFO) == [slot | {"retry": 1}]
    receiver.answers = lambda got: 200
    target = {"date": slot["date"], "retry": 1, "targetUrl": f"{receiver.url}/again"}
    assert api.data("POST", RETRY, target) == "success"
    again = receiver.wait(5)[-1]
    assert again.raw == lost[0].raw
    assert [entry["api"] for entry in api.accepted()] == ["callbacks.replay"] * 2
    assert api.data("POST", RETRY, {"date": "202510210810"}) == "failure"
    assert api.refused("POST", RETRY, {"date": "2025102108"})[0] == 400


def test_what_fell_into_a_ban_is_kept_as_well(start: Start, receiver: Receiver) -> None:
    receiver.answers = lambda got: 503
    simulator = start("easemob", callback_store=True)
    simulator.say_all([{"from": "alice", "to": f"user{n}", "text": "x"} for n in range(45)])
    receiver.wait(90)
    simulator.settled()
    simulator.say("alice", "bob", "banned")
    simulator.settled()
    assert sum(slot["size"] for slot in Api(simulator).data("GET", INFO)) == 46
    assert len(receiver.got) == 90


def test_storage_that_is_not_opened_is_refused(api: Api) -> None:
    assert api.refused("GET", INFO)[:2] == (403, "forbidden_op")
    assert api.refused("POST", RETRY, {"date": "202510210810"})[:2] == (403, "forbidden_op")
