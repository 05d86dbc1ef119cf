"""Deliveries offered to a deliver role at a constant rate, whatever becomes of them, and what their target saw of it."""

import threading
import time
from typing import Any
from zlib import crc32

from confluent_kafka import Producer

from converters.core import wire
from converters.core.bodies import Text
from converters.core.model import Delivery, Event, conversation_key, direct
from converters.core.operations import Post
from tests.simulators.client import SimulatorClient


class Offer(threading.Thread):
    """*rate* texts a second for *seconds* into *topic*, from *conversations* pairs of people who talk nowhere else."""

    def __init__(
        self, bootstrap: str, topic: str, partitions: int, *, name: str, target: str, rate: float, seconds: float, conversations: int
    ) -> None:
        super().__init__(daemon=True, name=name)
        self.said: dict[str, float] = {}
        """When each was offered, in seconds since 1970, by its text."""
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
        self._topic, self._partitions, self._target = topic, partitions, target
        self._rate, self._count, self._conversations = rate, int(rate * seconds), conversations
        self._cancelled = False

    def cancel(self) -> None:
        """Nothing more is offered."""
        self._cancelled = True

    def run(self) -> None:
        start = time.time()
        for number in range(self._count):
            due = start + number / self._rate
            time.sleep(max(0.0, due - time.time()))
            if self._cancelled:
                break
            self._offer(number, due)
            self._producer.poll(0)
        self._producer.flush()

    def _offer(self, number: int, due: float) -> None:
        who, turn = number % self._conversations, number // self._conversations
        one, other = f"{self.name}{who}a", f"{self.name}{who}b"
        text = f"{self.name} {who} @{due:.6f} #{turn}"
        conversation = direct(one, other)
        event = Event(
            id=f"yunxin:old:direct:{self.name}{number}:post",
            source="old",
            remote_id=f"{self.name}{number}",
            conversation=conversation,
            sender=one,
            at=int(due * 1000),
            operation=Post(Text(text)),
        )
        delivery = Delivery(event=event, target=self._target, sender=one, receiver=other, received=int(due * 1000))
        key = conversation_key(conversation)
        self.said[text] = due
        self._producer.produce(self._topic, wire.dump(delivery), key, crc32(key) % self._partitions)


class Seen:
    """What the target's journal says of an offer."""

    def __init__(self, journal: list[dict[str, Any]], offer: Offer) -> None:
        taken = [entry for entry in journal if entry["kind"] == "accepted" and entry["text"] in offer.said]
        self.times = [entry["time"] / 1000 for entry in taken]
        self.delays = sorted(entry["time"] / 1000 - offer.said[entry["text"]] for entry in taken)
        turns: dict[str, list[int]] = {}
        for entry in taken:
            who, _, turn = entry["text"].rpartition(" #")
            turns.setdefault(who, []).append(int(turn))
        self.in_order = all(found == list(range(len(found))) for found in turns.values())
        """Each conversation in order, nothing twice, nothing left out."""

    def __len__(self) -> int:
        return len(self.times)

    def share(self, part: float) -> float:
        """The delay in seconds that *part* of them stay under."""
        return self.delays[min(len(self.delays) - 1, int(part * len(self.delays)))] if self.delays else 0.0


def journal(simulator: SimulatorClient) -> list[dict[str, Any]]:
    return [{**entry, "text": entry.get("text") or ""} for entry in simulator.journal("accepted", "refused")]


def throttled(entries: list[dict[str, Any]]) -> int:
    """Refusals that say: too much at once."""
    return sum(entry["kind"] == "refused" and entry["status"] in {403, 429} for entry in entries)
