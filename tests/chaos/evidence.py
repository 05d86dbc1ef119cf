"""What the two simulators, the broker and the log files say of a run."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from streams.dead_letters import dead_letter
from tests.chaos.accounts import STEPS, Arrived, Books, Said
from tests.doings import Done, Seen
from tests.journals import KINDS, doing, is_message, mark, new_text
from tests.simulators.client import SimulatorClient

DOINGS = ("recall", "edit", "read")


class Journals:
    """Both simulators' journals, read on as they grow; *apps* are the relay's names for the platforms' apps, *groups* the common
    names of groups."""

    def __init__(self, sides: Mapping[str, SimulatorClient], apps: Mapping[str, str], groups: Mapping[str, str]) -> None:
        self._sides = sides
        self._apps = apps
        self._groups = groups
        self._seen: Counter[str] = Counter()
        self._names: dict[tuple[str, str, str], str] = {}
        self._others: list[tuple[str, Mapping[str, Any]]] = []
        self.said: list[Said] = []
        self.arrived: list[Arrived] = []
        self.files: set[str] = set()
        """Events that are files, which say nothing in words of their own."""
        self.came: list[tuple[str, Mapping[str, Any]]] = []
        """The entries of these, with their platform: as they were said, and as they arrived."""

    def read(self) -> None:
        for platform, side in self._sides.items():
            for entry in side.journal("said", "accepted", since=self._seen[platform]):
                self._seen[platform] = entry["seq"]
                if not is_message(entry):
                    self._others.append((platform, entry))
                elif entry["kind"] == "said":
                    event = event_of(platform, self._apps[platform], entry["type"], entry["id"])
                    self._names[platform, entry["type"], entry["id"]] = event
                    self.said.append(Said(event, self._lane(entry), entry["from"], self._text(event, platform, entry), entry["time"]))
                else:
                    known = mark(entry)
                    event = known.event if known else f"unmarked {entry['id']}"
                    self._names[platform, entry["type"], entry["id"]] = event
                    where, late = f"{platform} {entry['id']}", known is not None and known.late
                    text = self._text(event, platform, entry)
                    self.arrived.append(Arrived(event, self._lane(entry), entry["from"], text, where, late, entry["time"]))

    def doings(self) -> tuple[list[Done], list[Seen]]:
        """Recalls, edits and receipts: those of people, and those of the relay."""
        done: list[Done] = []
        seen: list[Seen] = []
        for platform, entry in self._others:
            what, number = doing(entry)
            if what not in DOINGS:
                continue
            event = self.named(platform, entry["type"], number)
            text = new_text(entry) if what == "edit" else ""
            if entry["kind"] == "said":
                done.append(Done(what, event, platform, text))
            else:
                seen.append(Seen(what, event, platform, text))
        return done, seen

    def named(self, platform: str, kind: str, number: str) -> str:
        """The event of a message of either side."""
        return self._names.get((platform, kind, number), f"unknown {number}")

    def _text(self, event: str, platform: str, entry: Mapping[str, Any]) -> str:
        if event not in self.files:
            return str(entry["text"])
        self.came.append((platform, entry))
        return ""

    def _lane(self, entry: Mapping[str, Any]) -> str:
        if entry["type"] == "group":
            return f"group {self._groups[entry['to']]}"
        return " & ".join(sorted((entry["from"], entry["to"])))


def event_of(platform: str, app: str, kind: str, number: str) -> str:
    return f"{platform}:{app}:{KINDS[kind]}:{number}:post"


def given_up(side: SimulatorClient, platform: str, app: str) -> dict[str, str]:
    """Events whose callback the platform gave up, by its own rules, without a 200; with what it last got instead."""
    found: dict[str, str] = {}
    if not side.progress()["failed"]:
        return found
    for entry in side.journal("callback"):
        if entry["outcome"] in ("lost", "banned"):
            kind, _, number = entry["id"].partition(":")
            if kind in KINDS:
                found[event_of(platform, app, kind, number)] = str(entry["status"] or entry["outcome"])
    return found


def books(bootstrap: str, prefix: str, partitions: int, logs: Iterable[Path], platforms: Iterable[str]) -> Books:
    ledger: dict[str, str] = {}
    buried: set[str] = set()
    topics = [f"{prefix}ledger.{platform}" for platform in platforms]
    for _, key, value in read(bootstrap, topics, partitions):
        entry = json.loads(value or b"{}")
        ledger[key.decode()] = entry["outcome"]["outcome"] if entry.get("entry") == "ended" else "intent"
    for _, key, value in read(bootstrap, [f"{prefix}dead-letters"], partitions):
        letter = dead_letter.load(value or b"")
        buried.add(key.decode() if letter.stage == "deliver" else f"{letter.stage} {letter.cause} {key.decode()}")
    opened: Counter[str] = Counter()
    settled: Counter[tuple[str, str]] = Counter()
    twice: set[str] = set()
    for line in lines(logs):
        match line.get("event"):
            case "in doubt":
                opened[line["event_id"]] += 1
            case "in-doubt send resolved":
                assert line["by"] in STEPS, line
                settled[line["event_id"], line["by"]] += 1
            case "duplicate detected at target":
                twice.add(line["event_id"])
            case _:
                pass
    return Books(ledger, opened, settled, twice, buried)


def letters(bootstrap: str, prefix: str, partitions: int) -> Counter[str]:
    """Dead letters by the stage that wrote them."""
    found = read(bootstrap, [f"{prefix}dead-letters"], partitions)
    return Counter(dead_letter.load(value or b"").stage for _, _, value in found)


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
            "bootstrap.servers": bootstrap,
            "group.id": "chaos-reader",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
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
