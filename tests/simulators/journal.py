"""What happened, in order: what was said, what the API accepted and refused, every callback attempt, and what became of every
file that was asked for or brought."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

import msgspec
import orjson

KINDS = ("said", "accepted", "refused", "callback", "file")
USUAL = frozenset(KINDS) - {"callback", "file"}
ENCODER = msgspec.json.Encoder()


class Journal:
    """Append-only; entries are kept encoded, so that 200,000 of them stay small and are read back at once."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, bytes]] = []
        self._ends: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def note(self, kind: str, time: int, **facts: Any) -> int:
        """Append an entry and return its sequence number, which starts at 1. *time* is in ms."""
        seq = len(self._entries) + 1
        # Not orjson, whose bytes keep the whole of their buffer, some 4 kB an entry.
        self._entries.append((kind, ENCODER.encode({"seq": seq, "time": time, "kind": kind, **facts})))
        return seq

    def ended(self, message: str, time: int) -> None:
        """Remember when the callback of *message* was first acknowledged."""
        self._ends.setdefault(message, time)

    def since(self, seq: int, kinds: Collection[str] = USUAL, limit: int | None = None) -> Iterator[bytes]:
        """The encoded entries after *seq*."""
        after = (self._entries[place] for place in range(seq, len(self._entries)))
        return islice((entry for kind, entry in after if kind in kinds), limit)

    def view(self, seq: int, limit: int) -> list[dict[str, Any]]:
        """Messages said and accepted after *seq*, with ``end``: when the callback was acknowledged (said) or
        the call was carried out (accepted); null while it is open."""
        items = []
        for raw in self.since(seq, ("said", "accepted")):
            entry = orjson.loads(raw)
            if entry.get("api", "send") != "send":
                continue
            said = entry["kind"] == "said"
            entry["end"] = self._ends.get(f"{entry['type']}:{entry['id']}") if said else entry["time"]
            items.append({key: entry.get(key) for key in VIEWED})
            if len(items) == limit:
                break
        return items


VIEWED = ("seq", "time", "end", "kind", "from", "to", "type", "text", "id", "client_id", "ext")
