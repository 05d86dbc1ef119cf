"""Faults of the brokers and of topics."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from tests.chaos.alerts.fault import Fault, fires, in_turn
from tests.chaos.alerts.in_convert import write
from tests.chaos.alerts.scene import Scene
from tests.chaos.alerts.talk import Talk
from tests.children import dies_with_parent

T = TypeVar("T")
STRANGER = """
import asyncio, sys
from aiokafka import AIOKafkaProducer
async def hold():
    producer = AIOKafkaProducer(bootstrap_servers=sys.argv[1], transactional_id="stranger." + sys.argv[2], transaction_timeout_ms=600_000)
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(sys.argv[2], b"x", partition=0)
    print("open", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await producer.abort_transaction()
    await producer.stop()
asyncio.run(hold())
"""


def faults(scene: Scene, talk: Talk) -> list[Fault]:
    held: list[subprocess.Popen[bytes]] = []

    @cache
    def admin() -> AdminClient:
        """Kept: what it does in the background ends with it."""
        return AdminClient({"bootstrap.servers": scene.bootstrap})

    idle = f"{scene.prefix}deliveries.rongcloud"

    def stranger() -> None:
        child = subprocess.Popen(
            [sys.executable, "-c", STRANGER, scene.bootstrap, f"{scene.prefix}echoes.{scene.platforms[0]}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=dies_with_parent(),  # noqa: PLW1509 - it asks the kernel alone
        )
        assert child.stdout is not None
        child.stdout.readline()
        held.append(child)

    def kept(seconds: int) -> None:
        """The retention of a topic; a role looks at its start."""
        entry = ConfigEntry("retention.ms", str(seconds * 1000), incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, f"{scene.prefix}callbacks.rongcloud", incremental_configs=[entry])
        for done in admin().incremental_alter_configs([resource]).values():
            done.result(20)
        scene.restart("ingress-2")

    def deleted() -> None:
        read = waits("deliver-rongcloud commits nothing", committed)  # so that there are places from which it will go on
        scene.roles["deliver-rongcloud"].stop()
        waits("convert writes nothing", lambda: all(ends()[number] > read[number] + 1 for number in read))
        forgotten(idle)
        scene.roles["deliver-rongcloud"].start()

    def forgotten(topic: str) -> None:
        for done in admin().delete_records([TopicPartition(topic, number, -1) for number in range(scene.partitions)]).values():
            done.result(20)

    def waits(what: str, seen: Callable[[], T]) -> T:
        """Until there is something, while people talk."""
        begin = time.monotonic()
        while True:
            chat()
            if found := seen():
                return found
            if time.monotonic() - begin > 60:
                raise TimeoutError(what)
            time.sleep(0.5)

    def chat() -> None:
        talk.say("idle", people=8, times=8)

    @cache
    def consumer() -> Consumer:
        """It reads nothing: it asks how far the role is."""
        return Consumer({"bootstrap.servers": scene.bootstrap, "group.id": f"{scene.prefix}deliver.rongcloud", "enable.auto.commit": False})

    def committed() -> dict[int, int]:
        parts = consumer().committed([TopicPartition(idle, number) for number in range(scene.partitions)], timeout=20)
        return {part.partition: part.offset for part in parts if part.offset > 0}

    def ends() -> dict[int, int]:
        parts = [TopicPartition(idle, number) for number in range(scene.partitions)]
        return {part.partition: consumer().get_watermark_offsets(part, timeout=20)[1] for part in parts}

    def passed() -> None:
        """What is too new is gone, as after its retention."""
        forgotten(f"{scene.prefix}echoes.rongcloud")
        scene.restart("deliver-rongcloud")

    def signalled(number: signal.Signals) -> None:
        assert scene.node is not None
        assert scene.node.pid is not None
        os.kill(scene.node.pid, number)

    down = tuple(fires("ImRelayKafkaUnreachable", role=role) for role in ("convert", "deliver-easemob"))
    return [
        Fault(
            "transaction",
            "a stranger leaves a transaction open",
            (fires("ImRelayBlockedByTransaction", topic=f"{scene.prefix}echoes.{scene.platforms[0]}"),),
            stranger,
            lambda: held.pop().communicate(),
        ),
        Fault(
            "topic-unfit",
            "a topic of callbacks keeps records for a minute, and a role starts",
            (fires("ImRelayTopicUnfit", setting="retention.ms"),),
            lambda: kept(60),
            lambda: kept(8 * 86_400),
        ),
        Fault(
            "deleted-unread",
            "records are deleted while nobody reads them",
            (fires("ImRelayRecordsDeletedUnread", stage="deliver"),),
            deleted,
            after=("clock",),
        ),
        Fault(
            "too-new",
            "a newer release writes a record that cannot be set aside",
            (fires("ImRelayStageHeld", stage="deliver"),),
            lambda: write(scene, "echoes.rongcloud", "relay-v=99"),
            passed,
            after=("clock", "deleted-unread"),
            beside=(fires("ImRelayRecordsDeletedUnread", stage="deliver"),),
        ),
        Fault(
            "answers-lost",
            "most answers to the end of a transaction are lost on the way to deliver-rongcloud",
            (fires("ImRelayTransactionsFail", stage="deliver"),),
            lambda: setattr(scene.proxies["deliver-rongcloud"], "on", True),
            lambda: setattr(scene.proxies["deliver-rongcloud"], "on", False),
            in_turn(chat, lambda: time.sleep(2.0)),
            after=("clock", "deleted-unread", "too-new"),
            beside=(
                fires("ImRelayNotDelivered", direction="own>rongcloud"),
                fires("ImRelaySloBurnsFast", direction="own>rongcloud"),
                fires("ImRelaySloBurnsSlowly", direction="own>rongcloud"),
                fires("ImRelayEndToEndSlow", direction="own>rongcloud"),
                fires("ImRelayPartitionStuck", stage="deliver", platform="rongcloud"),
            ),
        ),
        Fault(
            "broker-frozen",
            "the only broker is frozen",
            (
                fires("ImRelayKafkaAway", role="ingress"),
                fires("ImRelayWatcherBlind"),
                fires("ImRelayCallbacksTurnedAway", app="s-locked"),
                *down,
            ),
            lambda: signalled(signal.SIGSTOP),
            lambda: signalled(signal.SIGCONT),
            lambda: talk.say("locked"),
            alone=True,
            beside=(
                fires("ImRelayKafkaUnreachable"),
                fires("ImRelayKafkaAway"),
                fires("ImRelayCallbacksTurnedAway"),
                fires("ImRelaySloBurnsFast"),
                fires("ImRelayNotDelivered"),
                fires("ImRelayCanaryLost"),
            ),
        ),
    ]
