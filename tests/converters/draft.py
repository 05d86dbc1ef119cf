"""Drafts of case files: ``python -m tests.converters.draft NAME`` writes `tests/cases/NAME/write-KIND.json` for each row of the fidelity
table that no file shows; ``… NAME CALLBACK.json`` prints the case of a callback.

A draft holds what the code does, which may be wrong: its `why` is empty, and `test_cases` fails until somebody has compared the file with
the vendor's documentation, and has written why it must be so.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from converters import PLATFORMS
from converters.core import wire
from converters.core.model import NOTHING, TargetContext
from converters.core.operations import Operation
from converters.platform import Callback, Encoded
from tests.converters.examples import KINDS, OPERATIONS, VARIANTS, account_of, delivery_of, row_of, there_of
from tests.converters.shapes import NOW
from tests.converters.test_cases import CASES, FOLDER, Case, Given, sent, shown, verdict

Tried = tuple[Operation, TargetContext, Encoded]


def main(arguments: list[str]) -> int:
    match arguments:
        case [name] if name in PLATFORMS:
            (FOLDER / name).mkdir(exist_ok=True)
            for file, case in drafts(name):
                (FOLDER / name / file).write_bytes(_written(case))
                print(f"tests/cases/{name}/{file}")
            return 0
        case [name, callback] if name in PLATFORMS:
            sys.stdout.buffer.write(_written(of_callback(name, wire.load_any(Path(callback).read_bytes()))))
            return 0
    print(__doc__, file=sys.stderr)
    print(f"NAME is one of {', '.join(sorted(PLATFORMS))}", file=sys.stderr)
    return 2


def drafts(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file name, case): what `test_a_row_is_shown_by_a_case_file` misses of platform *name*."""
    cases = [wire.load(path.read_bytes(), Case) for path in CASES if path.parent.name == name]
    there = {row_of(case.given.delivery.event.operation) for case in cases if case.given.delivery is not UNSET}
    for kind in KINDS:
        if kind not in there:
            tries = [_tried(name, one, there_of(name, one)) for one in (OPERATIONS[kind], *VARIANTS.get(kind, ()))]
            tries.append(_tried(name, OPERATIONS[kind], NOTHING))
            word = PLATFORMS[name].fidelity[kind].word
            if word in ("full", "partial"):
                yield from _first(name, f"write-{kind}.json", (one for one in tries if not one[2].losses))
            if word != "full":
                yield from _first(name, f"write-{kind}-loss.json", (one for one in tries if one[2].losses))


def _tried(name: str, operation: Operation, there: TargetContext) -> Tried:
    return operation, there, PLATFORMS[name].encode(delivery_of(operation), account_of(name), there)


def _first(name: str, file: str, tries: Iterator[Tried]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operation, there, encoded in tries:
        usual, wanted = (msgspec.to_builtins(one) for one in (PLATFORMS[name].example(), account_of(name)))
        given: dict[str, Any] = {"delivery": msgspec.to_builtins(delivery_of(operation))}
        if there != NOTHING:
            given["there"] = msgspec.to_builtins(there)
        if account := {key: value for key, value in wanted.items() if value != usual[key]}:
            given["account"] = account
        expect: dict[str, Any] = {"requests": [sent(request) for request in encoded.requests]}
        if encoded.losses:
            expect["losses"] = msgspec.to_builtins(encoded.losses)
        yield file, {"why": "", "given": given, "expect": expect}
        return


def of_callback(name: str, callback: Any) -> dict[str, Any]:
    """The case of *callback*, taken as it is and signed by the example's secret."""
    platform, account = PLATFORMS[name], PLATFORMS[name].example()
    case = Given(callback=callback)
    stored = Callback("app", wire.dump_any(callback), NOW)
    expect: dict[str, Any] = {"verdict": verdict(platform, account, case)}
    if not expect["verdict"].startswith(("rejected", "probe")):
        expect["decoded"] = [shown(one) for one in platform.decode(stored, account)]
    return {"why": "", "given": {"callback": callback}, "expect": expect}


def _written(case: dict[str, Any]) -> bytes:
    return msgspec.json.format(wire.dump_any(case), indent=2) + b"\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
