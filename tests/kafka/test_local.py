"""A node of its own, started and stopped the way a person would."""

import errno
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from streams.kafka.admin import create
from streams.kafka.local import jars, process
from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.data import DataDirectory, prepare
from streams.kafka.local.errors import AlreadyRunningError, BrokerDiedError, DataUnusableError, DownloadFailedError, PortTakenError
from streams.kafka.local.ports import free_port
from streams.kafka.topics import IDENTITIES, wanted


def own(data: Path, **options: Any) -> LocalKafka:
    return LocalKafka(data, free_port(), free_port(), heap_mb=256, **options)


async def test_a_second_start_keeps_the_records_even_on_another_port(tmp_path: Path) -> None:
    (topic,) = (each for each in wanted([], partitions=1) if each.topic is IDENTITIES)
    with own(tmp_path / "k") as first:
        await create(first.bootstrap, [topic])
        producer = AIOKafkaProducer(bootstrap_servers=first.bootstrap, acks="all")
        await producer.start()
        await producer.send_and_wait(topic.name, b"stays", key=b"k")
        await producer.stop()
        with pytest.raises(AlreadyRunningError, match=str(first.pid)):
            own(tmp_path / "k").start()
    with own(tmp_path / "k") as second:
        assert second.port != first.port
        consumer = AIOKafkaConsumer(bootstrap_servers=second.bootstrap, auto_offset_reset="earliest")
        consumer.assign([TopicPartition(topic.name, 0)])
        await consumer.start()
        assert (await consumer.getone()).value == b"stays"
        await consumer.stop()
    assert process.running(second.data) is None
    assert second.data.log.stat().st_size > 0


RUN = "import sys, pathlib; from streams.cli.local_kafka import run; run(pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:]))"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_in_the_foreground_the_broker_ends_with_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    port = free_port()
    arguments = [sys.executable, "-c", RUN, str(tmp_path / "k"), str(port), str(free_port())]
    parent = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert f"kafka ready at 127.0.0.1:{port}" in parent.stdout.readline()
    data = DataDirectory(tmp_path / "k")
    broker = process.running(data)
    assert broker is not None
    parent.send_signal(how)
    assert parent.wait(60) == (-signal.SIGKILL if how == signal.SIGKILL else 0)
    wait_until_gone(broker)
    assert process.running(data) is None
    # Ended in good order, not killed: the broker's last words are those of its shutdown.
    assert data.log.read_text()[-2000:].count("App info kafka.server for 1 unregistered") > 0


def wait_until_gone(pid: int) -> None:
    """Return once the process has ended, though it is no child of ours."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([handle], [], [], 60)
    os.close(handle)
    assert ended


def test_a_detached_node_is_found_and_stopped_by_its_data_directory(tmp_path: Path) -> None:
    node = own(tmp_path / "k")
    node.start(outlive=True)
    assert process.running(node.data) == node.pid
    assert process.end(node.data) == node.pid
    assert process.running(node.data) is None
    assert process.end(node.data) is None
    node.wait()  # it was asked to end: no error


def test_a_pid_that_now_belongs_to_something_else_is_not_ours(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.pid.write_text(str(os.getpid()))
    assert process.running(data) is None
    assert process.end(data) is None


@pytest.mark.parametrize("which", ["--port", "--controller-port"])
def test_a_taken_port_is_named_with_its_option(tmp_path: Path, which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        ports = (taken, free_port()) if which == "--port" else (free_port(), taken)
        with pytest.raises(PortTakenError) as caught:
            LocalKafka(tmp_path / "k", *ports).start()
    assert f"127.0.0.1:{taken}" in caught.value.seen
    assert caught.value.change.startswith(f"{which},")


def test_a_broker_that_dies_at_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with own(tmp_path / "k") as node:
        pass
    checkpoint = next(node.data.records.glob("__cluster_metadata-0/*.log"))
    checkpoint.unlink()
    (node.data.records / "__cluster_metadata-0" / "quorum-state").write_text("not json")
    again = own(tmp_path / "k")
    with pytest.raises(BrokerDiedError, match=r"  \| .*\n") as caught:
        again.start()
    assert str(node.data.log) in caught.value.change
    assert again.pid is None
    assert process.running(node.data) is None


def test_a_directory_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(DataUnusableError, match=r"thesis\.txt"):
        own(tmp_path).start()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_records_of_another_cluster_are_refused(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    ours = prepare(data)
    data.records.mkdir()
    (data.records / "meta.properties").write_text("version=1\ncluster.id=theirs\nnode.id=1\n")
    with pytest.raises(DataUnusableError, match=r"cluster\.id theirs") as caught:
        prepare(data)
    assert ours in caught.value.expected


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("")
    with pytest.raises(DataUnusableError, match="cannot be used"):
        own(tmp_path / "k").start()


def test_without_network_the_message_names_the_mirror_setting_but_not_the_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jars.MIRROR, f"http://user:secret@127.0.0.1:{free_port()}")
    with pytest.raises(DownloadFailedError, match=jars.MIRROR) as caught:
        jars.classpath(tmp_path)
    assert "secret" not in str(caught.value)
    assert "no answer" in caught.value.seen


def test_a_cache_that_cannot_be_written_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadFailedError, match=jars.CACHE) as caught:
        jars.classpath(tmp_path / "file" / "cache")
    assert str(tmp_path / "file") in caught.value.seen
    assert "Not a directory" in caught.value.seen


@pytest.mark.parametrize("why", [errno.EROFS, errno.ENOSPC])
def test_a_disk_that_is_full_or_read_only_is_not_taken_for_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: int) -> None:
    def resolve(context: object, version: str) -> None:
        raise OSError(why, os.strerror(why), str(tmp_path / "a.jar"))

    monkeypatch.setattr(jars, "_resolve", resolve)
    with pytest.raises(DownloadFailedError, match=jars.CACHE) as caught:
        jars.classpath(tmp_path)
    assert os.strerror(why) in caught.value.seen
    assert "repository" not in str(caught.value)


def test_a_cached_classpath_needs_no_network_and_a_lost_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = tmp_path / "a.jar"
    jar.touch()
    (tmp_path / "kafka-1.json").write_bytes(msgspec.json.encode([str(jar)]))
    monkeypatch.setenv(jars.MIRROR, f"http://127.0.0.1:{free_port()}")
    assert jars.classpath(tmp_path, "1") == (jar,)
    jar.unlink()
    with pytest.raises(DownloadFailedError):
        jars.classpath(tmp_path, "1")
