"""What an SDK is asked to do, step by step."""

import re
from string import Template
from typing import Any

from msgspec import Struct

NAME = re.compile(r"\$[a-z]+")


class Gap(Struct, frozen=True):
    """Why a call is not understood, in English and Chinese."""

    english: str
    chinese: str


class Step(Struct, frozen=True, kw_only=True):
    """One call of an SDK's function at the dotted path ``call``.

    Arguments are JSON; ``"$name"`` in them stands for what an earlier step with ``keep`` named so has answered, ``"…${name}…"`` for a text with it. The call is understood when it ends without an error and
    ``expect`` is found in what the SDK returns: of an object the named members, of a list its members in any order. ``keep`` maps a name to where it is in the ``value`` that
    the SDK returns, in the answer as the ``wire`` has it, or in the newest message that the simulator ``heard``.
    ``documented`` is False for a call that the vendor's pages do not have (any more). ``note`` tells apart two steps with one function.
    """

    call: str
    args: tuple[Any, ...] = ()
    expect: Any = None
    keep: dict[str, str] = {}
    note: tuple[str, str] | None = None
    documented: bool = True
    gap: Gap | None = None


class Sdk(Struct, frozen=True, kw_only=True):
    """``name`` is that of the package in its registry, or of the repository of its source; ``options`` are the simulator's."""

    name: str
    version: str
    language: str
    platform: str
    options: dict[str, Any] = {}
    steps: tuple[Step, ...]


def found(expected: Any, value: Any) -> bool:
    """Is *expected* in *value*?"""
    match expected:
        case dict():
            return isinstance(value, dict) and all(key in value and found(one, value[key]) for key, one in expected.items())
        case list():
            return isinstance(value, list) and all(any(found(one, other) for other in value) for one in expected)
        case _:
            return bool(expected == value) and type(expected) is type(value)


def filled(argument: Any, kept: dict[str, Any]) -> Any:
    """*argument* with the kept values in place of their names. Raises KeyError for a name that no step kept."""
    match argument:
        case str() if NAME.fullmatch(argument):
            return kept[argument[1:]]
        case str() if "${" in argument:
            return Template(argument).substitute(kept)
        case dict():
            return {filled(key, kept): filled(one, kept) for key, one in argument.items()}
        case list() | tuple():
            return [filled(one, kept) for one in argument]
        case _:
            return argument


def at(path: str, value: Any) -> Any:
    """What lies at the dotted *path*; a number is an index, ``*`` the first name of an object. The whole where it is empty."""
    for part in path.split(".") if path else ():
        value = next(iter(value)) if part == "*" else value[int(part)] if isinstance(value, list) else value[part]
    return value
