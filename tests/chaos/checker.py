"""What is wrong with what came out, given what went in. Pure: numbers in, findings out."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Seen(NamedTuple):
    """One record as a reader met it; *where* is for a person who goes looking."""

    key: str
    number: int
    where: str


class Findings(NamedTuple):
    lost: list[str]
    duplicate: list[str]
    out_of_order: list[str]
    invented: list[str]
    """Never sent, and yet there."""

    def __bool__(self) -> bool:
        return any(self)

    def __str__(self) -> str:
        counts = ", ".join(f"{len(found)} {name.replace('_', ' ')}" for name, found in self._asdict().items())
        examples = [f"  {name}: {text}" for name, found in self._asdict().items() for text in found[:5]]
        return "\n".join([counts, *examples])


def check(sent: Mapping[str, int], seen: Iterable[Seen]) -> Findings:
    """Of each key the numbers 0 … *sent* - 1 must be *seen* once each, in this order.

    A repeat is a duplicate and not out of order as well; a number that was lost does not put the later ones out of order.
    """
    findings = Findings([], [], [], [])
    met: dict[str, dict[int, str]] = {key: {} for key in sent}
    highest: dict[str, int] = {}
    for key, number, where in seen:
        if not 0 <= number < sent.get(key, 0):
            findings.invented.append(f"{key}/{number} at {where}")
            continue
        if number in met[key]:
            findings.duplicate.append(f"{key}/{number} at {met[key][number]} and {where}")
            continue
        met[key][number] = where
        if number < highest.get(key, -1):
            findings.out_of_order.append(f"{key}/{number} after {highest[key]} at {where}")
        highest[key] = max(number, highest.get(key, -1))
    for key, count in sent.items():
        findings.lost.extend(f"{key}/{number}" for number in range(count) if number not in met[key])
    return findings
