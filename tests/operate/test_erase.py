"""`im-relay erase` on the real broker: what is found of a person, what is removed, what stays and until when, and who is told of it."""

import asyncio
import base64
import json
import os
import time
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from converters.core import wire
from converters.core.model import StoredFile, conversation_key
from converters.files.media import MediaResult
from converters.routing.identity_table import account_record, cohort_record, record
from streams.audit.act import load
from streams.ingress.encrypting import owners_of
from streams.ingress.record import headers_of
from streams.ingress.store import CallbackStore
from streams.operate.dead_letter_reader import is_end
from streams.settings.role_secrets import INGRESS
from streams.settings.root import load as settings_of
from streams.settings.root import resolve
from tests.operate.conftest import PARTITIONS, Ground, Put, callback, delivery, rows

STORE = """
[media.store]
kind = "files"
endpoint = "http://127.0.0.1:1"
secret = "of-the-store-of-the-tests"

[files]
directory = "{directory}"
secret = "of-the-store-of-the-tests"
"""
KEYS = {"own": "new/" + "a" * 40 + ".jpg", "shared": "new/" + "b" * 40 + ".jpg"}
DAY = 86_400_000


def table(ground: Ground) -> dict[str, bytes | None]:
    """`identities` as it is now."""
    found: dict[str, bytes | None] = {}
    for one in ground.read(f"{ground.prefix}identities"):
        found[one.key.decode()] = one.value
    return {key: value for key, value in found.items() if value is not None}


def told(ground: Ground, *words: str, user: str = "alice") -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in rows(ground.im_relay("erase", "--user", user, "--app", "old", "--json", *words)):
        found.setdefault(one["what"], []).append(one)
    return found


@pytest.fixture
def people(ground: Ground, tmp_path: Path) -> Ground:
    """Alice and carol have said something to bob; one message of each is a dead letter; alice has a picture that carol has sent as well."""
    with ground.config.open("a") as file:
        file.write(STORE.format(directory=tmp_path / "files"))
    for key in KEYS.values():
        folder, _, name = key.partition("/")
        path = tmp_path / "files" / "kept" / folder / name[:2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture")
    ground.called(callback(1), callback(2, sender="carol"))
    alice, carol = delivery(1), delivery(2, sender="carol")
    ground.bury(alice, carol)
    results: list[Put] = []
    for one, url in ((alice, KEYS["own"]), (alice, KEYS["shared"]), (carol, KEYS["shared"])):
        result = MediaResult(event=one.event.id, place=0, target="new", carried=StoredFile(f"http://files/files/{url}?until=1"))
        where = conversation_key(one.event.conversation)
        results.append((f"{ground.prefix}media.results.easemob", crc32(where) % PARTITIONS, where, wire.dump(result), [], None))
    ground.put(results)
    entries = [
        record("yunxin", "user", "Alice", "alice"),
        account_record("easemob", "alice", "made"),
        account_record("easemob", "carol", "made"),
        cohort_record("alice", "beta"),
        record("yunxin", "group", "6123", "alice"),
    ]
    ground.put([(f"{ground.prefix}identities", crc32(key) % PARTITIONS, key, value, [], None) for key, value in entries])
    return ground


def test_a_dry_run_says_where_it_lies_and_until_when(people: Ground) -> None:
    now = int(time.time() * 1000)
    found = told(people, "--dry-run")
    (summary,) = found["found"]
    assert (summary["canonical"], summary["identities"], summary["letters"]) == ("alice", 3, ["yunxin:old:direct:1:post"])
    assert summary["files"] == [{"key": KEYS["own"], "shared": False}, {"key": KEYS["shared"], "shared": True}]
    topics = {one["topic"].removeprefix(people.prefix): one for one in found["topic"]}
    assert {name: (one["records"], one["how"]) for name, one in topics.items()} == {
        "callbacks.yunxin": (1, "retention"),
        "deliveries.easemob": (1, "retention"),
        "media.results.easemob": (2, "retention"),
        "identities": (4, "removed"),
        "dead-letters": (1, "set-aside"),
    }
    assert [now + 8 * DAY <= topics["callbacks.yunxin"]["gone"] <= now + 8 * DAY + 900_000] == [True], "7 days, and a day of its segment"
    assert topics["identities"]["gone"] is None
    assert len(table(people)) == 5, "nothing was removed"


def test_what_can_be_removed_is_and_the_log_names_nobody(people: Ground, tmp_path: Path) -> None:
    (done,) = told(people, "--yes")["erased"]
    assert (done["identities"], done["letters"], done["files"], done["left"]) == (3, 1, 1, [])
    assert set(table(people)) == {"easemob\x1fmade\x1fcarol", "yunxin\x1fgroup\x1f6123"}
    ends = [json.loads(one.value) for one in people.read(people.names.dead) if is_end(one.headers)]
    assert [(one["resolved"], one["reason"]) for one in ends] == [("dropped", "erased")]
    assert [one["key"] for one in rows(people.im_relay("dead", "list", "--json"))] == ["yunxin:old:direct:2:post"], "carol's stays"
    kept = [path.name for path in (tmp_path / "files").rglob("*.jpg")]
    assert kept == [KEYS["shared"].partition("/")[2]]
    acts = [load(one.value) for one in people.read(f"{people.prefix}audit")]
    assert sorted((one.what, one.outcome) for one in acts) == [("erase", "begun"), ("erase", "done")]
    assert "alice" not in str(acts)
    (summary,) = told(people, "--dry-run")["found"]
    assert (summary["identities"], summary["letters"]) == (0, []), "again, there is nothing left to remove"


def test_nobody_is_erased_unasked(people: Ground) -> None:
    done = people.im_relay("erase", "--user", "alice", "--app", "old")
    assert done.exit_code == 1
    assert "nothing was done" in done.stderr
    assert len(table(people)) == 5
    assert people.read(f"{people.prefix}audit") == []


def test_of_whom_nothing_is_known_is_said_so(people: Ground) -> None:
    done = people.im_relay("erase", "--user", "zoe", "--app", "old", "--yes")
    assert (done.exit_code, done.stdout) == (1, "")
    assert people.im_relay("erase", "--user", "zoe", "--app", "none").exit_code == 2


def test_what_a_user_wrote_is_unreadable_afterwards_where_it_is_encrypted(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "master-key").write_text(base64.b64encode(os.urandom(32)).decode())
    monkeypatch.setenv("IM_RELAY_ENCRYPTION__ENABLED", "true")
    monkeypatch.setenv("IM_RELAY_ENCRYPTION__MASTER_KEY_FILE", str(tmp_path / "master-key"))
    asyncio.run(stored(ground, callback(1), callback(2, sender="carol")))
    found = told(ground, "--dry-run")
    assert found["found"][0]["keys"] == 1
    assert [(one["topic"].removeprefix(ground.prefix), one["records"], one["own"]) for one in found["topic"]] == [
        ("callbacks.yunxin", 1, 1)
    ]
    (done,) = told(ground, "--yes")["erased"]
    assert done["keys"] == 1
    left = ground.im_relay("erase", "--user", "alice", "--app", "old", "--dry-run")
    assert left.exit_code == 1, "nothing names her"
    assert "1 encrypted records are left out" in left.stderr
    assert [one["records"] for one in told(ground, "--dry-run", user="carol")["topic"]] == [1], "what carol wrote is read"
    (status,) = rows(ground.im_relay("keys", "status", "--json"))
    assert (status["persons"], status["periods"], status["old_master"]) == (2, 1, 0)


def test_a_wrong_master_key_ends_a_command_and_tells_which(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IM_RELAY_ENCRYPTION__ENABLED", "true")
    path = tmp_path / "master-key"
    monkeypatch.setenv("IM_RELAY_ENCRYPTION__MASTER_KEY_FILE", str(path))
    path.write_text("not a key")
    wrong = ground.im_relay("keys", "status")
    assert (wrong.exit_code, "openssl rand -base64 32" in wrong.stderr) == (2, True)
    path.write_text(base64.b64encode(b"1" * 32).decode())
    asyncio.run(stored(ground, callback(1)))
    path.write_text(base64.b64encode(b"2" * 32).decode())
    for words in (("keys", "status"), ("erase", "--user", "alice", "--app", "old", "--dry-run"), ("doctor",)):
        done = ground.im_relay(*words)
        assert (done.exit_code, "encryption.second_key_file" in done.stderr) == (2, True), done.stderr
    monkeypatch.delenv("IM_RELAY_ENCRYPTION__ENABLED")
    monkeypatch.delenv("IM_RELAY_ENCRYPTION__MASTER_KEY_FILE")
    missing = ground.im_relay("doctor")
    assert (missing.exit_code, "encryption.master_key_file" in missing.stderr) == (2, True), missing.stderr


async def stored(ground: Ground, *bodies: bytes) -> None:
    """Callbacks as the ingress stores them."""
    settings = settings_of(ground.config, INGRESS)
    apps = resolve(settings)
    topic = f"{ground.prefix}callbacks.yunxin"
    owners = owners_of(apps.values(), lambda platform: f"{ground.prefix}callbacks.{platform}")
    store = CallbackStore(settings.kafka.cluster, [topic], timeout=20.0, limit=100, tell=lambda _: None, owners=owners)
    await store.start()
    try:
        for body in bodies:
            key = f"direct\x1fbob\x1f{json.loads(body)['fromAccount']}".encode()
            now = int(time.time() * 1000)
            assert await store.put(topic, key, body, headers_of("old", now, []), now) == "stored"
    finally:
        await store.close(5.0)
