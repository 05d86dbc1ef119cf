"""Problems that show when records are put together, and where those stood."""

from converters.core import wire
from converters.inventory import Problem
from converters.migration_problems import KINDS as PROBLEM_KINDS
from streams.migrate.stage import LEFT_OUT, PART_BITS, problem_key
from streams.migrate.store import FOUND, GIVEN, Store

MADE = b"\xff" * 8
"""Stands for the place in the source of what we add: it sorts last."""


class Places:
    """Where a record stood, for people."""

    def __init__(self, parts: list[str]) -> None:
        self._parts = parts

    def of(self, seq: bytes, where: str) -> str:
        number = int.from_bytes(seq, "big")
        return f"{self._parts[number >> PART_BITS]}:{where or number & ((1 << PART_BITS) - 1)}"


class Problems:
    """Writes what is found, under keys that make a second run find the same once."""

    def __init__(self, store: Store, places: Places) -> None:
        self._store, self._places = store, places

    def add(self, kind: str, seq: bytes, where: str, text: str, item: str = "") -> None:
        self.put(kind, seq, Problem(kind=kind, level=PROBLEM_KINDS[kind].level, where=self._places.of(seq, where), item=item, text=text))

    def place(self, seq: bytes, where: str) -> str:
        return self._places.of(seq, where)

    def first(self, item: str) -> str:
        """Where the source says *item* first."""
        for key, raw in self._store.scan(GIVEN, item.encode() + b"\0"):
            if key[-8:] != MADE and raw != LEFT_OUT:
                return self.place(key[-8:], raw[1 : 1 + raw[0]].decode())
        return ""

    def put(self, kind: str, key: bytes, problem: Problem) -> None:
        self._store.put(FOUND, problem_key(kind, key), wire.dump(problem))
