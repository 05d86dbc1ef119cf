"""Passwords of accounts that are made: handed over in a file of one's own, given to the platform, and nowhere else."""

import csv
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from converters import PLATFORMS
from converters.routing.route import App
from streams.migrate.credentials import Passwords, derived, written
from streams.settings.root import SettingsError
from tests.migrate.exports import check, user, write
from tests.migrate.rig import Rig
from tests.simulators.process import SimulatorProcess

GIVEN = {"ann": "planted-Ann-1", "bob": "planted-\u5bc6\u7801-2"}
OTHERS = ("cid", "dan")


def export(tmp_path: Path) -> Path:
    write(tmp_path / "export" / "users.jsonl", [*(user(name, password=word) for name, word in GIVEN.items()), *map(user, OTHERS)])
    return check(tmp_path / "export", tmp_path / "work", source_platform="yunxin")


def lying(bootstrap: str, prefix: str) -> Iterator[bytes]:
    """All that lies in the topics of *prefix*, committed or not."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": prefix, "isolation.level": "read_uncommitted", "enable.partition.eof": True}
    )
    try:
        topics = {name: topic for name, topic in consumer.list_topics().topics.items() if name.startswith(prefix)}
        left = {(name, number) for name, topic in topics.items() for number in topic.partitions}
        consumer.assign([TopicPartition(*one, OFFSET_BEGINNING) for one in left])
        while left:
            message = consumer.poll(20)
            assert message is not None, left
            if message.error():
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                left.discard((message.topic(), message.partition()))
            else:
                yield b"\x00".join((message.key() or b"", message.value() or b"", repr(message.headers()).encode()))
    finally:
        consumer.close()


def logs_in(sim: SimulatorProcess, name: str, password: str) -> bool:
    answer = httpx.post(f"{sim.url}/demo/relay/token", json={"grant_type": "password", "username": name, "password": password})
    return answer.status_code == 200


def test_given_and_made_up_ones_reach_the_platform_and_their_owner_alone(kafka: str, tmp_path: Path) -> None:
    bundle = export(tmp_path)
    secret = tmp_path / "given.tsv"
    with (
        SimulatorProcess("easemob", limit_calls=0, limit_user_calls=0) as sim,
        Rig(kafka, tmp_path / "rig", sim.url, settings=f'passwords = "{secret}"') as rig,
    ):
        told = [rig.command("migrate", "passwords", "--given", "--bundle", str(bundle), "--out", str(secret))]
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        handed = tmp_path / "passwords.csv"
        told.append(rig.command("migrate", "passwords", "--bundle", str(bundle), "--out", str(handed)))
        assert stat.S_IMODE(handed.stat().st_mode) == 0o600
        rows = dict(list(csv.reader(handed.open(encoding="utf-8")))[1:])
        assert rows.keys() == {*GIVEN, *OTHERS}
        assert {name: rows[name] for name in GIVEN} == GIVEN
        assert len({rows[name] for name in OTHERS}) == 2
        assert min(len(rows[name]) for name in OTHERS) >= 32
        rig.command("migrate", "passwords", "--bundle", str(bundle), "--out", str(handed), code=2)  # it is there already
        worker = rig.worker()
        sim.mood(error_500=0.1, accept_but_lose_answer=0.3, seed=5)
        assert rig.apply(bundle)["good"], worker.tail()
        sim.mood()
        assert [name for name, password in rows.items() if not logs_in(sim, name, password)] == []
        assert not logs_in(sim, "ann", rows["bob"])
        found = b"\x00".join(lying(kafka, rig.prefix))
        files = [path for path in (tmp_path).rglob("*") if path.is_file() and "export" not in path.parts and path not in (secret, handed)]
        everything = {"Kafka": found, "the commands": "".join(told).encode(), "metrics": worker.metrics().encode()} | {
            str(path.relative_to(tmp_path)): path.read_bytes() for path in files
        }
        assert len(found) > 1000
        for where, content in everything.items():
            for password in rows.values():
                assert password.encode() not in content, where


def test_a_file_of_given_ones_is_its_owners_alone_and_who_is_not_in_it_has_a_derived_one(tmp_path: Path) -> None:
    app = App("new", PLATFORMS["easemob"], PLATFORMS["easemob"].example(), "old")
    file = tmp_path / "given.tsv"
    with pytest.raises(SettingsError, match="make it with: im-relay migrate passwords --given"):
        Passwords(file)
    file.write_bytes(written(GIVEN.items()))
    file.chmod(0o640)
    with pytest.raises(SettingsError, match=f"others may read: chmod 600 {file}"):
        Passwords(file)
    file.chmod(0o600)
    passwords = Passwords(file)
    assert {name: passwords.of(app, name) for name in GIVEN} == GIVEN
    assert passwords.of(app, "ana") == derived(app, "ana") != derived(app, "ann")
    assert passwords.of(app, "") == derived(app, "")
