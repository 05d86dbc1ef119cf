"""One exchange over the whole relay: what was said since it began, and what of it arrived."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tests.apps import APPS, GROUPS
from tests.attachments import Sample
from tests.demo.crossing import Arrived, Findings, Said, arrived, check, said, source_key
from tests.fetched import Fetched
from tests.journals import KINDS, is_message, last, mark
from tests.stack import Stack
from tests.waiting import until
from tests.whole.topics import read

IMPATIENT = "lease = 1.0\necho_wait = 6.0\nbackoff = 0.05\nbackoff_max = 0.5"
"""Settings of `[deliver]` with which a doubt is settled within some seconds."""


def accepted(side: Any, api: str, **facts: str) -> list[dict[str, Any]]:
    """The calls of *api* that *side* took, as far as they have these *facts*."""
    return [one for one in side.journal("accepted") if one["api"] == api and facts.items() <= one.items()]


class Exchange:
    """Reads both journals from where they were when it was made."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._sides = stack.sides
        self._seen = {name: last(side.journal()) for name, side in self._sides.items()}
        self._began = dict(self._seen)
        self.says: list[Said] = []
        self.arrives: list[Arrived] = []
        self.fetched = Fetched(self._sides)

    def say(self, platform: str, sender: str, to: str, text: str) -> None:
        """*to* a user, or `team`."""
        kind, to = ("group", APPS[platform].group) if to == "team" else ("person", to)
        self._sides[platform].say(sender, to, text, type=kind)

    def send(self, platform: str, sender: str, to: str, sample: Sample, **more: Any) -> str:
        """A file, as of `tests.attachments`; *to* a user, or `team`; *more*: `inline`, `restricted`. The number of the message."""
        kind, to = ("group", APPS[platform].group) if to == "team" else ("person", to)
        return str(self._sides[platform].send(sender, to, sample.media(**more), type=kind)["id"])

    def spoiled(self) -> list[str]:
        """What is wrong with the files of messages that arrived: each is fetched from where it lies on either side."""
        return self.fetched.complaints(self.says, self.arrives)

    def read(self) -> "Exchange":
        for platform, side in self._sides.items():
            entries = side.journal(since=self._seen[platform])
            self._seen[platform] = last(entries, self._seen[platform])
            self.says += said(platform, entries, GROUPS)
            self.arrives += arrived(platform, entries, GROUPS)
        return self

    def has_arrived(self, count: int) -> None:
        """Wait until so many different messages of this exchange are there."""
        until(lambda: len(self._there()) >= count, 90, lambda: f"arrived: {len(self._there())} of {count}")

    def all_arrived(self, *last_words: str) -> Findings:
        """Wait until the simulators have nothing left to call back and everything is there; then look for what is wrong.

        *last_words*: the platforms on which something more is said to see the end of it; both, unless named.
        """
        for side in self._sides.values():
            side.settled()
        self.read()
        self.has_arrived(len(self.says))
        # A double would still be on its way: what follows it in every partition is at its target before we look.
        self._flush(last_words or tuple(self._sides))
        return check(self._as_stored(), self.arrives)

    def came_once(self, found: Findings) -> None:
        """Everything did, as it was, where the callbacks were in disorder; and what is behind a later one says so."""
        assert (found.lost, found.doubled, found.changed, found.strange) == ([], [], [], [])
        assert self.wrongly_marked() == []
        assert self.spoiled() == []

    def wrongly_marked(self) -> list[dict[str, Any]]:
        """What arrived behind something that was said after it and is not marked late, or is marked and did not."""
        wrong = []
        for platform, other in (self.stack.platforms, self.stack.platforms[::-1]):
            said_there = self._sides[platform].journal("said", since=self._began[platform])
            # A number is unique within its kind of conversation only.
            times = {(str(KINDS[entry["type"]]), str(entry["id"])): entry["time"] for entry in said_there if is_message(entry)}
            newest: dict[str, int] = {}
            for entry in self._sides[other].journal("accepted", since=self._began[other]):
                known = mark(entry) if is_message(entry) else None
                if known is None:
                    continue
                kind, number = known.event.split(":")[2:4]
                at = times.get((kind, number))
                if at is None:
                    continue
                talk = "|".join(sorted((entry["from"], entry["to"]))) if entry["type"] == "person" else str(entry["to"])
                if (at < newest.get(talk, 0)) != known.late:
                    wrong.append(entry)
                newest[talk] = max(newest.get(talk, 0), at)
        return wrong

    def _as_stored(self) -> list[Said]:
        """What was said in the order in which it was first stored: a platform in disorder is not the relay's doing."""
        place: dict[str, tuple[int, int]] = {}
        for platform in self._sides:
            for one in read(self.stack, f"callbacks.{platform}"):
                place.setdefault(f"{platform}:{_named(one.value or b'')}", (one.partition, one.offset))
        return sorted(self.says, key=lambda one: place[source_key(one)])

    def _there(self) -> set[str]:
        self.read()
        return {one.source for one in self.arrives} & {source_key(one) for one in self.says}

    def _flush(self, platforms: tuple[str, ...]) -> None:
        before = len(self.says)
        for number in range(4 * self.stack.partitions):
            for platform in platforms:
                sender, to = ("alice", "bob") if number % 2 else ("carol", "dave")
                self.say(platform, sender, to, f"last words {number}")
        self.has_arrived(before + 4 * self.stack.partitions * len(platforms))


def _named(callback: bytes) -> str:
    """Kind of conversation, within which alone a number is unique, and number of the message that *callback* tells of."""
    try:
        told: dict[str, Any] = msgspec.json.decode(callback)
    except msgspec.DecodeError:
        told = dict(parse_qsl(callback.decode(errors="replace")))
    kind = told.get("convType") == "TEAM" or told.get("channelType") == "GROUP" or "group_id" in told
    if isinstance(place := told.get("conversation"), dict):
        kind = place.get("kind") == "group"
    number = next((told[name] for name in ("msgidServer", "msg_id", "msgUID", "id") if name in told), "")
    return f"{'group' if kind else 'direct'}:{number}"


@contextmanager
def mood(side: Any, **how: Any) -> Iterator[None]:
    """A simulator in a mood, and itself again afterwards."""
    side.mood(**how)
    try:
        yield
    finally:
        side.mood()
