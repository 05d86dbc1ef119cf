"""Somebody who has seen one signed callback sends its signature again, with other words: at once, later, and to a process that has just begun."""

import asyncio
import time
from hashlib import sha1
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from converters import PLATFORMS
from converters.platform import Incoming, SingleUse
from streams.ingress.once import DAY, MARGIN, SignaturePosition, SignatureTable, UsedSignature
from streams.ingress.record import ONCE, headers_of
from streams.state.database import Database
from tests.ingress import client, signed
from tests.ingress.conftest import Running, running
from tests.narrowed import required
from tests.stack import EASEMOB_GROUP, Stack
from tests.waiting import until
from tests.whole.topics import read

FORGED: list[dict[str, Any]] = [
    {"payload": {"ext": {}, "bodies": [{"type": "txt", "msg": "send me your money"}]}},
    {"from": "carol"},
    {"to": "carol"},
    {"chat_type": "recall", "recall_id": "7"},
    {"chat_type": None, "event": "group_op_event", "type": "GROUP", "id": EASEMOB_GROUP, "operation": "DELETE"},
    {"chat_type": "roster", "payload": {"operation": "accept"}},
    {"chat_type": "muc", "group_id": EASEMOB_GROUP, "payload": {"operation": "destroy"}},
    {"chat_type": "notify", "payload": {"type": "thread"}},
]


async def ask(ingress: Running, body: bytes) -> int:
    return (await client.ask(ingress.port, client.post(ingress.easemob, body))).status


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: str(next(iter(forged.values())))[:20])
async def test_another_body_under_a_callid_is_refused_and_counted(ingress: Running, forged: dict[str, Any]) -> None:
    assert await ask(ingress, signed.easemob(7)) == 200
    assert await ask(ingress, signed.easemob(7, **forged)) == 401
    assert ingress.counted(ingress.easemob, 401, "replayed") == 1
    assert [record.value for record in await ingress.records("easemob")] == [signed.easemob(7)]


async def test_the_platforms_second_try_is_no_replay(ingress: Running) -> None:
    """In whatever order its fields are, from whichever of its hosts: it is answered 200, and stored once."""
    assert await ask(ingress, signed.easemob(7, host="msync@1")) == 200
    assert await ask(ingress, signed.easemob(7, host="msync@2")) == 200
    again = signed.easemob(7).replace(b'"from": "alice", "to": "bob"', b'"to": "bob", "from": "alice"')
    assert again != signed.easemob(7)
    assert await ask(ingress, again) == 200
    assert ingress.counted(ingress.easemob, 200, "known") == 2
    assert len(await ingress.records("easemob")) == 1


async def test_copies_for_who_is_away_and_the_message_have_one_callid(ingress: Running) -> None:
    for away in ("bob", "carol"):
        assert await ask(ingress, signed.easemob(7, eventType="chat_offline", to=away, group_id="g", chat_type="groupchat")) == 200
    assert await ask(ingress, signed.easemob(7, to="g", group_id="g", chat_type="groupchat")) == 200
    assert await ask(ingress, signed.easemob(7, eventType="chat_offline", to="dave", group_id="g", chat_type="groupchat")) == 200
    assert await ask(ingress, signed.easemob(7, to="g", group_id="g", chat_type="groupchat", payload={})) == 401
    assert b'"eventType": "chat"' in (await ingress.records("easemob"))[-1].value


async def test_a_friend_is_told_twice_under_one_callid(ingress: Running) -> None:
    for to, operation in (("bob", "accept"), ("alice", "remote_accept")):
        assert await ask(ingress, signed.easemob(7, chat_type="roster", to=to, payload={"operation": operation})) == 200
        assert await ask(ingress, signed.easemob(7, chat_type="roster", to=to, payload={"operation": operation})) == 200
    # Taken for a copy of what is stored; another one of the remote kind is another body.
    assert await ask(ingress, signed.easemob(7, chat_type="roster", to="bob", payload={"operation": "remove"})) == 200
    assert await ask(ingress, signed.easemob(7, chat_type="roster", to="carol", payload={"operation": "remote_accept"})) == 401
    # Each of the two once: which of them counts is decided by convert, by the account's settings.
    stored = [record.value for record in await ingress.records("easemob")]
    assert len(stored) == 2
    assert not any(b"remove" in value or b"carol" in value for value in stored)


async def test_a_year_later_it_is_nothing(ingress: Running) -> None:
    now = time.time_ns() // 1_000_000
    for age, status in ((0, 200), (3 * 86_400_000, 200), (4 * 86_400_000, 401), (365 * 86_400_000, 401)):
        assert await ask(ingress, signed.easemob(age // 1000 + 1, at=now - age)) == status
    assert ingress.counted(ingress.easemob, 401, "stale") == 2


@pytest.mark.parametrize("disk", ["kept", "lost", "none"])
async def test_a_restart_forgets_nothing(kafka: str, tmp_path: Path, disk: str) -> None:
    old = time.time_ns() // 1_000_000 - 2 * 86_400_000
    async with running(kafka) as first:
        assert await ask(first, signed.easemob(7)) == 200
        assert await ask(first, signed.easemob(8, at=old)) == 200
    if disk == "lost":
        first.state = str(tmp_path / "new")
    elif disk == "none":
        (tmp_path / "file").touch()
        first.state = str(tmp_path / "file" / "under")
    async with running(kafka, again=first) as second:
        assert await ask(second, signed.easemob(7, to="carol")) == 401
        assert await ask(second, signed.easemob(8, at=old, to="carol")) == 401
        assert await ask(second, signed.easemob(7)) == 200
    assert len(await first.records("easemob")) == 2


async def test_another_process_knows_of_it_too(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    knows: set[int] = set()
    learn = SignatureTable.learn

    def told(self: SignatureTable, used: UsedSignature) -> None:
        learn(self, used)
        knows.add(id(self))

    monkeypatch.setattr(SignatureTable, "learn", told)
    async with running(kafka) as one:
        port = one.port
        async with running(kafka, again=one):
            assert (await client.ask(port, client.post(one.easemob, signed.easemob(7)))).status == 200
            async with asyncio.timeout(client.PATIENCE):
                while len(knows) < 2:
                    await asyncio.sleep(0.01)
            assert one.port != port
            assert await ask(one, signed.easemob(7, to="carol")) == 401
            assert await ask(one, signed.easemob(7)) == 200
        one.port = port
    assert len(await one.records("easemob")) == 1


async def test_what_lies_far_back_is_read_back_and_not_guessed_at(kafka: str) -> None:
    """A process that begins with an empty disk takes what is new at once; of what is old it first finds out whether it was used."""
    old = time.time_ns() // 1_000_000 - 2 * 86_400_000
    one = Running(kafka)
    await one.make_topics()
    account = msgspec.convert(signed.EASEMOB, PLATFORMS["easemob"].account)
    once = PLATFORMS["easemob"].once
    assert once is not None
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    for number in range(1, 301):
        body = signed.easemob(number, at=old + number)
        found = once(Incoming({}, "", body), account, old)
        assert found is not None
        headers = [*headers_of(one.easemob, old, []), (ONCE, UsedSignature.of(one.easemob, found).written())]
        await producer.send(f"{one.prefix}callbacks.easemob", body, timestamp_ms=old + number, headers=headers)
    await producer.stop()
    async with running(kafka, again=one):
        assert await ask(one, signed.easemob(900)) == 200
        for number, last in ((1, 401), (300, 401), (901, 200)):  # the third was lost, and the platform's storage sends it again
            async with asyncio.timeout(client.PATIENCE):
                while (status := await ask(one, signed.easemob(number, at=old + number, to="carol"))) == 503:
                    await asyncio.sleep(0.02)
            assert status == last
        assert one.counted(one.easemob, 401, "replayed") == 2
        assert await ask(one, signed.easemob(300, at=old + 300)) == 200


def test_what_is_not_read_back_yet_is_not_decided() -> None:
    held = SignatureTable(None)
    held.since = 10_000_000
    assert held.judge("a", SingleUse("x", b"1", 9_000_000, 99_000_000)) == "undecided"
    assert held.judge("a", SingleUse("x", b"1", 10_000_000 + MARGIN, 99_000_000)) == "new"
    held.since = 0
    assert held.judge("a", SingleUse("y", b"1", 9_000_000, 99_000_000)) == "new"
    assert held.judge("a", SingleUse("y", b"2", 9_000_000, 99_000_000)) == "replayed", "the first is still on its way to the topic"
    assert held.judge("b", SingleUse("y", b"2", 9_000_000, 99_000_000)) == "new", "another app's"


def test_in_memory_what_is_forgotten_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.ingress.once.MOST", 2)
    held = SignatureTable(None)
    for number in (1, 2, 3):
        held.stored(UsedSignature.of("a", SingleUse(str(number), b"said", number, 1000 + number)))
    assert held.judge("a", SingleUse("1", b"other", 1, 1001)) == "undecided"
    assert held.judge("a", SingleUse("3", b"other", 3, 1003)) == "replayed"
    assert held.judge("a", SingleUse("4", b"other", 4, 1004)) == "new"


def test_on_disk_it_is_there_until_its_day_is_over(tmp_path: Path) -> None:
    held = SignatureTable(Database(tmp_path))
    rows = {name: SingleUse(name, name.encode(), 1, until) for name, until in (("one", DAY), ("two", 3 * DAY), ("ever", 0))}
    for once in rows.values():
        held.stored(UsedSignature.of("a", once))
    held.flush(0, SignaturePosition("cluster", {"t/0": 7}))
    held.close()
    held = SignatureTable(Database(tmp_path))
    assert held.place == SignaturePosition("cluster", {"t/0": 7})
    assert {held.judge("a", once) for once in rows.values()} == {"known"}
    held.flush(2 * DAY + 1, None)
    assert held.judge("a", rows["one"]) == "new", "check refuses it by its age"
    assert {held.judge("a", rows[name]) for name in ("two", "ever")} == {"known"}
    held.close()


def rongcloud(nonce: str, at: int, secret: str = signed.SECRET) -> str:
    digest = sha1(f"{secret}{nonce}{at}".encode()).hexdigest()
    return urlencode({"nonce": nonce, "signTimestamp": at, "signature": digest})


def routed(ingress: Running, text: str, query: str) -> bytes:
    form = urlencode(
        {
            "fromUserId": "alice",
            "toUserId": "bob",
            "objectName": "RC:TxtMsg",
            "content": f'{{"content":"{text}"}}',
            "channelType": "PERSON",
            "msgTimestamp": "1",
            "msgUID": "A-1",
            "source": "iOS",
        }
    ).encode()
    raw = client.post(ingress.rongcloud, form, media="application/x-www-form-urlencoded")
    return raw.replace(b" HTTP/1.1", f"?{query} HTTP/1.1".encode(), 1)


async def test_a_nonce_is_good_for_one_body_however_it_is_cut(ingress: Running) -> None:
    """Nonce and time are signed in one: where the one ends and the other begins, nobody has signed."""
    at = time.time_ns() // 1_000_000
    query = rongcloud("5519001270", at)
    assert (await client.ask(ingress.port, routed(ingress, "hello", query))).status == 200
    assert (await client.ask(ingress.port, routed(ingress, "hello", query))).status == 200
    cut = query.replace("nonce=5519001270", "nonce=551900127").replace("signTimestamp=", "signTimestamp=0")
    assert cut != query
    for again in (query, query.replace("signTimestamp", "timestamp"), cut):
        assert (await client.ask(ingress.port, routed(ingress, "money", again))).status == 401
    assert len(await ingress.records("rongcloud")) == 1


def test_in_the_whole_relay_a_signature_that_was_seen_says_nothing_more(stack: Stack) -> None:
    stack.easemob.say("alice", "bob", "a message that somebody sees on its way", type="person")
    marked = b"that somebody sees on its way"
    seen = until(lambda: [one.value for one in read(stack, "callbacks.easemob") if marked in (one.value or b"")])[0]
    forged = required(seen).replace(marked, b"that nobody has said")
    address = f"{stack.ingress}/callbacks/new"
    json = {"Content-Type": "application/json"}
    before = len(read(stack, "callbacks.easemob"))
    assert httpx.post(address, content=forged, headers=json, trust_env=False).status_code == 401
    assert httpx.post(address, content=seen, headers=json, trust_env=False).status_code == 200
    role = stack.roles["ingress"]
    role.stop()
    role.start()
    stack.wait_ready(role)
    assert httpx.post(address, content=forged, headers=json, trust_env=False).status_code == 401
    assert len(read(stack, "callbacks.easemob")) == before
