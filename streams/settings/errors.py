"""What a wrong setting is told: its name, what was seen, what was expected, what to write."""

import difflib
import inspect
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args

import msgspec
from pydantic import BaseModel

from converters.core.localized import joined, localized
from streams.settings.secret_settings import NO_NUMBER

PREFIX = "IM_RELAY_"
OTHERS = frozenset({"IM_RELAY_CONFIG", "IM_RELAY_LANG", "IM_RELAY_SAMPLES"})
"""Variables with our prefix that are no settings; and what begins with `IM_RELAY_TEST_`."""
# A Kubernetes Service or a linked container called im-relay or im-relay-… puts these into every environment near it.
_LINK = re.compile(r"IM_RELAY_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?|NAME|ENV_\w+)")
_SECRET = re.compile("secret|password|passwd|token|key|proxy|credential|jaas", re.IGNORECASE)
_LONG = 60
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)\s*")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_SIZE = re.compile(r"\s*([0-9]+)\s*([kKmMgG])(i[bB]?|[bB])\s*")
_PATTERNS = {
    "^(https?://": localized("an address that begins with http:// or https://, or nothing"),
    "^[A-Za-z0-9._-]*$": localized("letters of a-z and A-Z, digits, '.', '_' and '-'"),
    "^[A-Za-z0-9._/-]*$": localized("letters of a-z and A-Z, digits, '.', '_', '/' and '-'"),
    "^[a-z0-9][a-z0-9-]{0,31}$": localized("1 to 32 of a-z, 0-9 and '-', beginning with a letter or a digit"),
}


def nearest(word: str, known: Iterable[str]) -> str | None:
    found = difflib.get_close_matches(word, list(known), 1, 0.6)
    return found[0] if found else None


def section_models(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Fields that are sections of their own."""
    found: dict[str, type[BaseModel]] = {}
    for name, field in model.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if inspect.isclass(kind) and issubclass(kind, BaseModel):
                found[name] = kind
    return found


def names(model: type[BaseModel], before: str = "") -> set[str]:
    """Every setting by its dotted name, sections too."""
    found: set[str] = set()
    for name in model.model_fields:
        found.add(before + name)
    for name, below in section_models(model).items():
        found |= names(below, f"{before}{name}.")
    return found


def variable(name: str) -> str:
    """The environment's name of a setting."""
    return PREFIX + name.upper().replace(".", "__")


def stray(environment: Mapping[str, str], model: type[BaseModel]) -> list[str]:
    """A line for each variable with our prefix that sets nothing."""
    known = {variable(name): name for name in names(model)}
    open_ended = tuple(f"{variable(name)}__" for name in _tables(model))
    lines: list[str] = []
    for given in sorted(environment):
        upper = given.upper()
        if not upper.startswith(PREFIX) or upper in known or upper in OTHERS or upper.startswith(open_ended):
            continue
        if upper.startswith(f"{PREFIX}TEST_") or _LINK.fullmatch(upper):
            continue
        meant = nearest(upper.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known])
        advice = (
            localized("did you mean {prefix}{meant}? Name it so, or unset it", prefix=PREFIX, meant=meant)
            if meant
            else localized(
                "the name is {prefix}, the section, two underscores and the key, such as {prefix}KAFKA__BOOTSTRAP; unset it", prefix=PREFIX
            )
        )
        lines.append(localized("{given} is in the environment and is no setting; {advice}", given=given, advice=advice))
    return lines


def unread(environment: Mapping[str, str], model: type[BaseModel]) -> list[str]:
    """A line for each variable whose setting is a list or a table, and that is not written as JSON."""
    lines: list[str] = []
    for name in sorted(names(model)):
        text = next((value for given, value in environment.items() if given.upper() == variable(name)), None)
        kind = _kind(model, name)
        if text is None or kind is None:
            continue
        try:
            msgspec.json.decode(text)
        except msgspec.DecodeError:
            example = msgspec.json.encode([each.strip() for each in text.split(",")]).decode() if kind == "list" else '{"KEY": …}'
            shown = "" if _SECRET.search(name) else localized(": write it as {example}", example=example)
            lines.append(
                localized(
                    "{variable} is a {kind}, and in the environment that is JSON{shown}, or put it into the settings file",
                    variable=variable(name),
                    kind=localized("list") if kind == "list" else localized("table"),
                    shown=shown,
                )
            )
    return lines


def wrong(error: Mapping[str, Any], model: type[BaseModel], environment: Collection[str] = ()) -> str:
    """A line for one error of pydantic. Nothing that may be a secret is in it."""
    # Of a union pydantic adds which member it tried.
    parts = [str(part) for part in error["loc"] if not re.search(r"[\[\]()]|^(str|list|int|float|bool)$", str(part))]
    name = ".".join(parts)
    shown = variable(name) if variable(name) in environment else name
    key, seen = parts[-1] if parts else "", _seen(name, error.get("input"))
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return _unknown(parts, model, shown)
        case "missing":
            return localized("{shown} is missing: write {key} = …", shown=shown, key=key)
        case "greater_than_equal":
            return localized("{shown} is {seen}; expected {bound} or more", shown=shown, seen=seen, bound=_number(context["ge"]))
        case "less_than_equal":
            return localized("{shown} is {seen}; expected {bound} or less", shown=shown, seen=seen, bound=_number(context["le"]))
        case "greater_than":
            return localized("{shown} is {seen}; expected more than {bound}", shown=shown, seen=seen, bound=_number(context["gt"]))
        case "less_than":
            return localized("{shown} is {seen}; expected less than {bound}", shown=shown, seen=seen, bound=_number(context["lt"]))
        case "finite_number":
            return localized("{shown} is {seen}; expected a number that has an end: write a large one", shown=shown, seen=seen)
        case "value_error" if str(context.get("error")) == NO_NUMBER:
            return localized("{shown} is {seen}; {no_number}", shown=shown, seen=seen, no_number=NO_NUMBER)
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return localized(
                "{shown} is {seen}; expected a whole number{advice}",
                shown=shown,
                seen=seen,
                advice=_as_number(key, error.get("input"), whole=True),
            )
        case "float_parsing" | "float_type":
            return localized(
                "{shown} is {seen}; expected a number{advice}",
                shown=shown,
                seen=seen,
                advice=_as_number(key, error.get("input"), whole=False),
            )
        case "bool_parsing" | "bool_type":
            return localized("{shown} is {seen}; expected true or false, without quotes", shown=shown, seen=seen)
        case "string_type":
            return localized("{shown} is {seen}; expected a text{advice}", shown=shown, seen=seen, advice=_as_text(key, error.get("input")))
        case "literal_error":
            return localized(
                "{shown} is {seen}; expected {expected}", shown=shown, seen=seen, expected=context["expected"].replace(chr(39), chr(34))
            )
        case "string_pattern_mismatch":
            kind = next(
                (words for start, words in _PATTERNS.items() if context["pattern"].startswith(start)),
                localized("like {pattern}", pattern=context["pattern"]),
            )
            return localized("{shown} is {seen}; expected {expected}", shown=shown, seen=seen, expected=kind)
        case "model_type" | "model_attributes_type" | "dict_type":
            section = f"[{name}.NAME]" if name in _tables(model) else f"[{name}]"
            return localized(
                "{shown} is {seen}; expected a section: write {section}, and its keys below", shown=shown, seen=seen, section=section
            )
        case "list_type":
            value = error.get("input")
            write = (
                localized(': write {key} = ["{value}"]', key=key, value=value)
                if isinstance(value, str) and not _SECRET.search(name)
                else ""
            )
            return localized("{shown} is {seen}; expected a list{write}", shown=shown, seen=seen, write=write)
        case "path_type":
            return localized('{shown} is {seen}; expected a path in quotes: write {key} = "…"', shown=shown, seen=seen, key=key)
        case "value_error":
            return localized("{shown}: {error}", shown=shown, error=context.get("error", error["msg"]))
        case _:
            return localized("{shown}: {error}", shown=shown, error=error["msg"])


def all_wrong(errors: Iterable[Mapping[str, Any]], model: type[BaseModel], environment: Mapping[str, str]) -> list[str]:
    """A line for each; not for variables that `stray` tells of."""
    upper = {name.upper() for name in environment}
    return [
        wrong(error, model, upper)
        for error in errors
        if error["type"] != "extra_forbidden" or variable(".".join(map(str, error["loc"]))) not in upper or "apps" in error["loc"][:1]
    ]


def told(name: str, value: Any) -> str:
    """*value* of the setting *name*, unless that may be a secret."""
    return _seen(name, value)


def _unknown(parts: list[str], model: type[BaseModel], shown: str) -> str:
    section, there = ".".join(parts[:-1]), model
    for part in parts[:-1]:
        below = section_models(there)
        if part in below:
            there = below[part]
        elif part not in there.model_fields and "apps" not in parts[:1]:
            break
    known = list(there.model_fields)
    meant = nearest(parts[-1], known)
    elsewhere = [] if meant else sorted(each for each in names(model) if each.rpartition(".")[2] == parts[-1])
    if meant:
        return localized(
            "{shown} is no setting; did you mean {section}{meant}?", shown=shown, section=f"{section}." if section else "", meant=meant
        )
    if elsewhere:
        return localized(
            "{shown} is no setting; there is {elsewhere}: move it to that section",
            shown=shown,
            elsewhere=joined(elsewhere, localized(" and ")),
        )
    where = localized("[{section}] has", section=section) if section else localized("the sections are")
    return localized("{shown} is no setting; {where}: {known}", shown=shown, where=where, known=", ".join(known))


def _kind(model: type[BaseModel], name: str) -> str | None:
    """`list` or `table`, of what is one or the other and nothing else."""
    *before, key = name.split(".")
    for part in before:
        model = section_models(model)[part]
    origin = getattr(model.model_fields[key].annotation, "__origin__", None)
    return "list" if origin is list else "table" if origin is dict or key in section_models(model) else None


def _tables(model: type[BaseModel], before: str = "") -> set[str]:
    """Settings whose keys the operator chooses."""
    found = {before + name for name, field in model.model_fields.items() if getattr(field.annotation, "__origin__", None) is dict}
    for name, below in section_models(model).items():
        if name not in {one.rpartition(".")[2] for one in found}:
            found |= _tables(below, f"{before}{name}.")
    return found


def _seen(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return localized("a section")
    if isinstance(value, list | tuple | set):
        return localized("a list")
    if value is None:
        return localized("nothing")
    if _SECRET.search(name):
        return localized("something that is not shown")
    if isinstance(value, int | float):
        return _number(value)
    text = str(value)
    return '"' + (text if len(text) <= _LONG else text[:_LONG] + "…") + '"'


def _number(value: Any) -> str:
    return (
        f"{value:g}"
        if isinstance(value, float) and value != int(value if abs(value) < 1e15 else 0)
        else str(int(value) if isinstance(value, float) and abs(value) < 1e15 else value)
    )


def _as_number(key: str, value: Any, *, whole: bool) -> str:
    """What to write in place of "10s", "5 min" or "64MiB"."""
    if isinstance(value, str) and (found := _DURATION.fullmatch(value)):
        unit = found[2] if found[2] == "ms" else found[2][0]
        seconds = float(found[1]) * _SECONDS[unit]
        return localized(" of seconds: write {key} = {seconds:g}", key=key, seconds=seconds)
    if isinstance(value, str) and (size := _SIZE.fullmatch(value)):
        step = 1024 if size[3].startswith("i") else 1000
        return localized(" of bytes: write {key} = {size}", key=key, size=int(size[1]) * step ** ("kmg".index(size[2].lower()) + 1))
    if whole and isinstance(value, float) and value == value and abs(value) < 1e15:  # noqa: PLR0124 - it is a number
        return localized(": write {key} = {number}", key=key, number=round(value))
    return ""


def _as_text(key: str, value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value) and not _SECRET.search(key):
        return localized(': write {key} = "{names}"', key=key, names=",".join(value))
    if isinstance(value, int | float) and not isinstance(value, bool) and not _SECRET.search(key):
        return localized(' in quotes: write {key} = "{value}"', key=key, value=value)
    return localized(' in quotes: write {key} = "…"', key=key)
