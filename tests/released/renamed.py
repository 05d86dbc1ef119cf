"""Classes that are called otherwise since a release: names of the code, which no record holds."""

from typing import Any

_NOW = {
    "Carried": "StoredFile",
    "Done": "DedupeEntry",
    "Ended": "Settled",
    "Job": "MediaJob",
    "Names": "MessageIds",
    "Resolved": "Resolution",
    "Result": "MediaResult",
    "Spec": "ReplaySpec",
}
_DEFINED = "#/$defs/"


def as_now(frozen: Any) -> Any:
    """*frozen*, a form or what a record means, with today's names of its classes."""
    if isinstance(frozen, list):
        return [as_now(one) for one in frozen]
    if isinstance(frozen, str) and frozen.startswith(_DEFINED):
        name = frozen.removeprefix(_DEFINED)
        return _DEFINED + _NOW.get(name, name)
    if not isinstance(frozen, dict):
        return frozen
    made = {name: as_now(value) for name, value in frozen.items()}
    for key in ("", "title"):
        if isinstance(called := made.get(key), str):
            made[key] = _NOW.get(called, called)
    if isinstance(defined := made.get("$defs"), dict):
        made["$defs"] = {_NOW.get(name, name): value for name, value in defined.items()}
    return made
