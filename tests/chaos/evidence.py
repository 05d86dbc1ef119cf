"""What the two simulators, the broker and the log files say of a run."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from streams import dead
from tests.chaos.accounts import STEPS, Arrived, Books, Said
from tests.simulators.client import SimulatorClient

APPS = {"yunxin": "old", "easemob": "new"}
KINDS = {"person": "direct", "group": "group"}


class Journals:
    """Both simulators' journals, read on as they grow; *groups* are the common names of groups."""

    def __init__(self, sides: Mapping[str, SimulatorClient], groups: Mapping[str, str]) -> None:
        self._sides = sides
        self._groups = groups
        self._seen = dict.fromkeys(sides, 0)
        self.said: list[Said] = []
        self.arrived: list[Arrived] = []

    def read(self) -> None:
        for platform, side in self._sides.items():
            for entry in side.journal("said", "accepted", since=self._seen[platform]):
                self._seen[platform] = entry["seq"]
                if entry["kind"] == "said":
                    self.said.append(Said(event_of(platform, entry["type"], entry["id"]), self._lane(entry), entry["from"], entry["text"]))
                elif entry["api"] == "send":
                    self.arrived.append(
                        Arrived(marked(entry), self._lane(entry), entry["from"], entry["text"], f"{platform} {entry['id']}")
                    )

    def _lane(self, entry: Mapping[str, Any]) -> str:
        if entry["type"] == "group":
            return f"group {self._groups[entry['to']]}"
        return " & ".join(sorted((entry["from"], entry["to"])))


def event_of(platform: str, kind: str, number: str) -> str:
    return f"{platform}:{APPS[platform]}:{KINDS[kind]}:{number}:post"


def marked(entry: Mapping[str, Any]) -> str:
    """The event that an accepted message was made from; its own words where it bears no mark."""
    ext = entry["ext"]
    try:
        return str((json.loads(ext) if isinstance(ext, str) else ext)["relay"]["id"])
    except (KeyError, TypeError, ValueError):
        return f"unmarked {entry['id']}"


def given_up(side: SimulatorClient, platform: str) -> dict[str, str]:
    """Events whose callback the platform gave up, by its own rules, without a 200; with what it last got instead."""
    found: dict[str, str] = {}
    if not side.progress()["failed"]:
        return found
    for entry in side.journal("callback"):
        if entry["outcome"] in ("lost", "banned"):
            kind, _, number = entry["id"].partition(":")
            if kind in KINDS:
                found[event_of(platform, kind, number)] = str(entry["status"] or entry["outcome"])
    return found


def books(bootstrap: str, prefix: str, partitions: int, logs: Iterable[Path]) -> Books:
    ledger: dict[str, str] = {}
    buried: set[str] = set()
    topics = [f"{prefix}ledger.{platform}" for platform in APPS]
    for _, key, value in read(bootstrap, topics, partitions):
        entry = json.loads(value or b"{}")
        ledger[key.decode()] = entry["outcome"]["outcome"] if entry.get("entry") == "ended" else "intent"
    for _, key, value in read(bootstrap, [f"{prefix}dead-letters"], partitions):
        letter = dead.load(value or b"")
        buried.add(key.decode() if letter.stage == "deliver" else f"{letter.stage} {letter.cause} {key.decode()}")
    opened: Counter[str] = Counter()
    settled: Counter[tuple[str, str]] = Counter()
    twice: set[str] = set()
    for line in lines(logs):
        match line.get("event"):
            case "in doubt":
                opened[line["event_id"]] += 1
            case "doubt settled":
                assert line["by"] in STEPS, line
                settled[line["event_id"], line["by"]] += 1
            case "the target has an event twice":
                twice.add(line["event_id"])
    return Books(ledger, opened, settled, twice, buried)


def letters(bootstrap: str, prefix: str, partitions: int) -> Counter[str]:
    """Dead letters by the stage that wrote them."""
    found = read(bootstrap, [f"{prefix}dead-letters"], partitions)
    return Counter(dead.load(value or b"").stage for _, _, value in found)


def lines(logs: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Structured lines; what a kill cut off in the middle is none."""
    for path in logs:
        with path.open(errors="replace") as file:
            for line in file:
                if line.startswith("{"):
                    try:
                        yield json.loads(line)
                    except ValueError:
                        continue


def read(bootstrap: str, topics: Sequence[str], partitions: int) -> Iterator[tuple[str, bytes, bytes | None]]:
    """(topic, key, value) of all that is committed in *topics* now."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap, "group.id": "chaos-reader", "enable.auto.commit": False,
            "isolation.level": "read_committed", "enable.partition.eof": True, "auto.offset.reset": "earliest",
        }
    )  # fmt: skip
    try:
        consumer.assign([TopicPartition(topic, number, 0) for topic in topics for number in range(partitions)])
        left = len(topics) * partitions
        while left:
            message = consumer.poll(30)
            if message is None:
                raise TimeoutError(f"the broker is silent; {left} partitions are not read to their end")
            if message.error() is None:
                yield message.topic(), message.key() or b"", message.value()
            elif message.error().name() == "_PARTITION_EOF":
                left -= 1
            else:
                raise RuntimeError(str(message.error()))
    finally:
        consumer.close()
