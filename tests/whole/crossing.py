"""One exchange over the whole relay: what was said since it began, and what of it arrived."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from tests.demo.crossing import Arrived, Findings, Said, arrived, check, said, source_key
from tests.stack import EASEMOB_GROUP, YUNXIN_GROUP, Stack
from tests.waiting import until
from tests.whole.topics import read

GROUPS = {YUNXIN_GROUP: "team", EASEMOB_GROUP: "team"}
ID_FIELDS = {"yunxin": "msgidServer", "easemob": "msg_id"}
GROUP_ON = {"yunxin": YUNXIN_GROUP, "easemob": EASEMOB_GROUP}


class Exchange:
    """Reads both journals from where they were when it was made."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._sides = {"yunxin": stack.yunxin, "easemob": stack.easemob}
        self._seen = {name: _last(side.journal()) for name, side in self._sides.items()}
        self.says: list[Said] = []
        self.arrives: list[Arrived] = []

    def say(self, platform: str, sender: str, to: str, text: str) -> None:
        """*to* a user, or `team`."""
        kind, to = ("group", GROUP_ON[platform]) if to == "team" else ("person", to)
        self._sides[platform].say(sender, to, text, type=kind)

    def read(self) -> "Exchange":
        for platform, side in self._sides.items():
            entries = side.journal(since=self._seen[platform])
            self._seen[platform] = _last(entries, self._seen[platform])
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

    def _as_stored(self) -> list[Said]:
        """What was said in the order in which it was first stored: a platform in disorder is not the relay's doing."""
        place: dict[str, tuple[int, int]] = {}
        for platform, name in ID_FIELDS.items():
            for one in read(self.stack, f"callbacks.{platform}"):
                with suppress(msgspec.DecodeError):
                    callback = msgspec.json.decode(one.value or b"")
                    # A number is unique within its kind of conversation only.
                    kind = "group" if callback.get("convType") == "TEAM" or "group_id" in callback else "direct"
                    place.setdefault(f"{platform}:{kind}:{callback.get(name)}", (one.partition, one.offset))
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


def _last(entries: list[dict[str, Any]], otherwise: int = 0) -> int:
    return int(entries[-1]["seq"]) if entries else otherwise


@contextmanager
def mood(side: Any, **how: Any) -> Iterator[None]:
    """A simulator in a mood, and itself again afterwards."""
    side.mood(**how)
    try:
        yield
    finally:
        side.mood()
