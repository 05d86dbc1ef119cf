"""JSON schemas, as far as msgspec writes them: whether a value fits one as a released reader takes it, and what a change of one breaks."""

from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def misfits(value: Any, form: dict[str, Any], whole: dict[str, Any], where: str = "$") -> Iterator[str]:
    """Where *value* is not as *form*, a part of *whole*, wants it. Fields that it does not know are passed over, as msgspec does."""
    form = _found(form, whole)
    if "anyOf" in form:
        if not any(not list(misfits(value, each, whole, where)) for each in form["anyOf"]):
            yield f"{where}: none of what it may be"
        return
    if "enum" in form and value not in form["enum"]:
        yield f"{where}: {value!r} is none of {form['enum']}"
    kinds = form.get("type")
    if kinds is not None:
        allowed = [kind for name in ([kinds] if isinstance(kinds, str) else kinds) for kind in _TYPES[name]]
        if not isinstance(value, tuple(allowed)) or (isinstance(value, bool) and bool not in allowed):
            yield f"{where}: a {type(value).__name__}, and not a {kinds}"
            return
    if isinstance(value, dict):
        for name in form.get("required", ()):
            if name not in value:
                yield f"{where}.{name} is missing"
        more = form.get("additionalProperties")
        for name, held in value.items():
            inner = form.get("properties", {}).get(name, more)
            if isinstance(inner, dict):
                yield from misfits(held, inner, whole, f"{where}.{name}")
    if isinstance(value, list):
        firsts = form.get("prefixItems", [])
        if len(value) < form.get("minItems", 0) or len(value) > form.get("maxItems", len(value)):
            yield f"{where}: {len(value)} items"
        for number, held in enumerate(value):
            inner = firsts[number] if number < len(firsts) else form.get("items")
            if isinstance(inner, dict):
                yield from misfits(held, inner, whole, f"{where}[{number}]")


def breaks(old: dict[str, Any], new: dict[str, Any], where: str = "$") -> Iterator[str]:
    """What a reader of one of two forms cannot take of a writer of the other; a field more that may be left out is no harm."""
    for name, before in old.get("$defs", {}).items():
        after = new.get("$defs", {}).get(name)
        if after is None:
            yield f"{name} is gone"
        else:
            yield from _changed(before, after, name)
    yield from _changed({k: v for k, v in old.items() if k != "$defs"}, {k: v for k, v in new.items() if k != "$defs"}, where)


def _changed(old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[str]:
    for name, before in old.get("properties", {}).items():
        after = new.get("properties", {}).get(name)
        if after is None:
            yield f"{where}.{name} is gone"
        elif after != before:
            yield f"{where}.{name} was {before} and is {after}"
    for name in sorted(set(new.get("required", ())) ^ set(old.get("required", ()))):
        yield f"{where}.{name} is required by one of them"
    rest = ({k: v for k, v in form.items() if k not in ("properties", "required")} for form in (old, new))
    before, after = rest
    if before != after:
        yield f"{where} was {before} and is {after}"


def _found(form: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in form:
        form = whole["$defs"][form["$ref"].rpartition("/")[2]]
    return form
