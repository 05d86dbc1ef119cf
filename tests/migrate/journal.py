"""What a simulated platform says that a migration has done there."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from converters.core.model import Event
from tests.simulators.client import SimulatorClient

Journal = list[dict[str, Any]]


class Counting:
    """How much was accepted, read on from where it was read last."""

    def __init__(self, sim: SimulatorClient) -> None:
        self._sim = sim
        self._seq = 0
        self._count = 0

    def now(self) -> int:
        found = self._sim.journal("accepted", since=self._seq)
        if found:
            self._seq = found[-1]["seq"]
            self._count += len(found)
        return self._count


def talks_of(journal: Journal) -> dict[str, list[str]]:
    """The imported texts of each conversation, in the order of their timestamps, which must rise."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for entry in journal:
        if entry["kind"] == "accepted" and entry.get("api") == "import":
            people = sorted((entry["from"], entry["to"])) if entry["type"] == "person" else [entry["to"]]
            found["|".join(people)].append((entry["at"], entry["text"]))
    for texts in found.values():
        assert [at for at, _ in texts] == sorted({at for at, _ in texts}), "timestamps rise, and no two are the same"
    return {talk: [text for _, text in texts] for talk, texts in found.items()}


def imported(journal: Journal) -> "Counter[tuple[str, ...]]":
    """Each conversation as the texts in it."""
    return Counter(map(tuple, talks_of(journal).values()))


def said_in(events: Iterable[Event]) -> "Counter[tuple[str, ...]]":
    """The same of a bundle."""
    found: dict[str, list[str]] = defaultdict(list)
    for event in events:
        found[str(event.conversation)].append(event.operation.body.text)  # type: ignore[union-attr]
    return Counter(tuple(texts) for texts in found.values())


def members(journal: Journal) -> dict[str, set[str]]:
    """Whom the API has put into each group."""
    found: dict[str, set[str]] = defaultdict(set)
    for entry in journal:
        if entry["kind"] == "accepted" and entry.get("api") == "group.add":
            found[str(entry.get("group") or entry.get("to"))].update(entry.get("members") or entry.get("users") or ())
    return found
