"""The vendor's sample callbacks, as far as their form goes: names, nesting and JSON types."""

from pathlib import Path
from typing import Any

import orjson

CASES = Path(__file__).parents[1] / "cases" / "easemob"


def sample(name: str) -> Any:
    return orjson.loads((CASES / f"{name}.json").read_bytes())["given"]["callback"]


def form(value: Any) -> Any:
    """Of a list, that of its last element: a sample's elements are alike, but for marks that only some have."""
    match value:
        case dict():
            return {key: form(inner) for key, inner in sorted(value.items())}
        case [*_, last]:
            return [form(last)]
        case _:
            return type(value).__name__
