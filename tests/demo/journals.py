"""What both simulators of the demo have written down."""

from tests.apps import GROUPS
from tests.demo.crossing import Arrived, Said, arrived, done, said, source_key
from tests.doings import Done, Seen
from tests.stack import Stack


class Journals:
    """Read on as they grow. Of recalls and edits, the message is named as `source_key` does."""

    def __init__(self, stack: Stack) -> None:
        self._sides = stack.sides
        self._seen = dict.fromkeys(self._sides, 0)
        self._names: dict[tuple[str, str], str] = {}
        self.other = dict(zip(stack.platforms, stack.platforms[::-1], strict=True))
        self.says: list[Said] = []
        self.arrives: list[Arrived] = []
        self.done: list[Done] = []
        self.seen: list[Seen] = []

    def read(self) -> tuple[list[Arrived], list[Seen]]:
        """What has arrived since the last call."""
        news: list[Arrived] = []
        changes: list[Seen] = []
        for platform, simulator in self._sides.items():
            entries = simulator.journal(since=self._seen[platform])
            if entries:
                self._seen[platform] = entries[-1]["seq"]
            spoken, come = said(platform, entries, GROUPS), arrived(platform, entries, GROUPS)
            self._names |= {(platform, source_key(one).partition(":")[2]): source_key(one) for one in spoken}
            self._names |= {(platform, one.number): one.source for one in come}
            self.says += spoken
            news += come
            people, relay = done(platform, entries)
            self.done += [one._replace(event=self.named(platform, one.event)) for one in people]
            changes += [one._replace(event=self.named(platform, one.event)) for one in relay]
        news.sort(key=lambda one: one.at)
        self.arrives += news
        self.seen += changes
        return news, changes

    def named(self, platform: str, number: str) -> str:
        return self._names.get((platform, number), number)

    @property
    def complete(self) -> bool:
        """Whether there is as much as was said and done."""
        return len(self.arrives) >= len(self.says) and len(self.seen) >= len(self.done)
