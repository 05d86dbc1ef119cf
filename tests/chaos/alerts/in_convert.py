"""Faults of rules, plug-ins and records: what the relay is told to do, and what others write into its topics."""

import subprocess
import sys

from tests.chaos.alerts.fault import Fault, fires, in_turn
from tests.chaos.alerts.scene import Scene
from tests.chaos.alerts.talk import Talk

WRITER = """
import asyncio, sys
from aiokafka import AIOKafkaProducer
async def write():
    async with AIOKafkaProducer(bootstrap_servers=sys.argv[1]) as producer:
        headers = [(name, value.encode()) for name, _, value in (each.partition("=") for each in sys.argv[3:])]
        await producer.send_and_wait(sys.argv[2], b"{}", key=b"k", headers=headers)
asyncio.run(write())
"""


def write(scene: Scene, topic: str, *headers: str) -> None:
    """One record that none of the roles has written; *headers* are `name=value`."""
    subprocess.run([sys.executable, "-c", WRITER, scene.bootstrap, f"{scene.prefix}{topic}", *headers], check=True, timeout=60)


def faults(scene: Scene, talk: Talk) -> list[Fault]:
    settings = scene.config.read_text(encoding="utf-8")

    def drop(*words: str) -> None:
        scene.command("dead", "drop", *words, "--reason", "made up", "--yes")

    def raising(times: int) -> None:
        talk.say("raising", people=20, body={"kind": "custom", "name": "raise", "data": {}}, times=times)

    def mended() -> None:
        scene.command("release", "--app", "s-raising")
        drop("--cause", "plugin")

    return [
        Fault(
            "no-app",
            "a record of no app is written into a topic of callbacks",
            (fires("ImRelayForeignRecords", why="app"), fires("ImRelayDeadLettersOurs", cause="app-unknown")),
            lambda: write(scene, f"callbacks.{scene.platforms[0]}", "app=nobody", "received=1"),
            lambda: drop("--cause", "app-unknown"),
        ),
        Fault(
            "plug-in-raises",
            "a plug-in raises at every second message of an app",
            (fires("ImRelayPluginFails", plugin="raises"),),
            end=lambda: drop("--cause", "plugin"),
            keep=in_turn(lambda: talk.say("raising"), lambda: raising(1)),
            beside=(fires("ImRelayDeadLettersOurs", cause="plugin"),),
        ),
        Fault(
            "app-held",
            "a plug-in raises at all that twenty people say in an app, whose records hold back others of their partitions",
            (fires("ImRelayAppHeld", app="s-raising"),),
            end=mended,
            keep=lambda: raising(20),
            beside=(
                fires("ImRelayDeadLettersOurs", cause="plugin"),
                fires("ImRelayPartitionStuck", stage="convert"),
                fires("ImRelayNotDelivered", direction="own>own"),
                fires("ImRelaySloBurnsFast", direction="own>own"),
                fires("ImRelayPluginFails", plugin="raises"),
            ),
            alone=True,
        ),
        Fault(
            "plug-in-slow",
            "a plug-in waits 0.1 s at each message of an app",
            (fires("ImRelayPluginSlow", plugin="slow"),),
            keep=lambda: talk.say("slow-plug-in", body={"kind": "custom", "name": "wait", "data": {}}),
        ),
        Fault(
            "rule-drops",
            "a rule drops all that an app says",
            (fires("ImRelayRulesDropAll", app="s-dropped"),),
            keep=lambda: talk.say("dropped"),
        ),
        Fault(
            "settings",
            "the settings file is spoiled",
            (fires("ImRelayRulesRefused"),),
            lambda: scene.config.write_text(settings + "\n[nothing]\nx = 1\n"),
            lambda: scene.config.write_text(settings),
        ),
    ]
