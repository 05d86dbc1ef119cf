"""The customer's plug-ins: found, loaded, and counted. What they may do is in `converters/plugins.py`."""

import importlib
import importlib.util
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, get_args

from msgspec import structs

from converters.core.localized import ReportedError, localized
from converters.plugins import KINDS, Answer, Converter, Drop, NotMine, Plugin, Seen
from converters.routing.route import App
from streams.observe import metrics
from streams.observe.log import place
from streams.settings.rules import KINDS as KNOWN

GROUP = "im_relay.converters"
ALL = "*"
_ANSWERS: tuple[type, ...] = tuple(each for part in get_args(Answer) for each in (get_args(part) or (part,)))


class PluginError(ReportedError):
    """A plug-in is not there, or is none; the text says which, what was seen, and what was expected."""


def with_plugins(apps: Mapping[str, App], use: Sequence[str]) -> dict[str, App]:
    """*apps* with the plug-ins that the settings name. Raises PluginError."""
    plugins = installed(use)
    return {name: structs.replace(app, plugins=plugins) for name, app in apps.items()}


def installed(use: Sequence[str]) -> tuple[Plugin, ...]:
    """The installed plug-ins of *use*, in that order; `*` is all others, by name. Raises PluginError."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise PluginError(
                localized(
                    "two installed packages have a plug-in {name!r}: {one} and {other}; remove one",
                    name=point.name,
                    one=other.value,
                    other=point.value,
                )
            )
    missing = sorted({name for name in use if name not in found and name != ALL})
    if missing:
        there = ", ".join(sorted(found)) or localized("none")
        raise PluginError(
            localized(
                "plugins.use names {missing}, which no installed package has; there are: {there}", missing=", ".join(missing), there=there
            )
        )
    others = sorted(found.keys() - set(use))
    names = [name for each in use for name in (others if each == ALL else [each])]
    return tuple(_loaded(name, found[name]) for name in dict.fromkeys(names))


def named(source: str) -> Plugin:
    """The plug-in in a file or behind `module:object`, without installing it, or an installed one. Raises PluginError."""
    for point in entry_points(group=GROUP, name=source):
        return _loaded(source, point)
    where, _, attribute = source.partition(":")
    try:
        module = _read(Path(where)) if where.endswith(".py") else importlib.import_module(where)
        made: Any = module
        for part in attribute.split(".") if attribute else ():
            made = getattr(made, part)
    except ModuleNotFoundError as error:
        raise PluginError(
            localized(
                "no plug-in {source!r}: {msg}; expected a .py file, module:object, or an installed one's name", source=source, msg=error.msg
            )
        ) from None
    except PluginError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is in there
        raise PluginError(localized("plug-in {source!r} cannot be loaded: {error}", source=source, error=place(error))) from None
    if not attribute and not hasattr(made, "convert"):
        raise PluginError(localized("{source} has no function `convert`; name what to take as {source}:OBJECT", source=source))
    return _made(Path(where).stem if where.endswith(".py") else where.rpartition(".")[2], made, source)


def _loaded(name: str, point: EntryPoint) -> Plugin:
    try:
        made = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is in there
        raise PluginError(
            localized("plug-in {name} ({value}) cannot be loaded: {error}", name=name, value=point.value, error=place(error))
        ) from None
    return _made(name, made, point.value)


def _read(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"im_relay_tried_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise PluginError(localized("there is no file {path}", path=path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _made(name: str, given: Any, source: str) -> Plugin:
    try:
        given = given() if isinstance(given, type) else given
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is in there
        raise PluginError(
            localized("plug-in {name} ({source}) cannot be made: {error}", name=name, source=source, error=place(error))
        ) from None
    convert = given.convert if isinstance(given, Converter) else given
    kinds = getattr(given, "kinds", KINDS)
    if not callable(convert):
        raise PluginError(
            localized(
                "plug-in {name} ({source}) is a {kind}; expected a function, or something with `convert`",
                name=name,
                source=source,
                kind=type(given).__name__,
            )
        )
    if isinstance(kinds, str) or not isinstance(kinds, Collection) or set(kinds) - KNOWN - {ALL}:
        raise PluginError(
            localized(
                "plug-in {name} ({source}): kinds is {kinds!r}; expected a set of: {known}, or *",
                name=name,
                source=source,
                kinds=kinds,
                known=", ".join(sorted(KNOWN)),
            )
        )
    return Plugin(name, _counted(name, convert), frozenset(kinds))


def _counted(name: str, convert: Callable[[Seen], Answer]) -> Callable[[Seen], Answer]:
    seconds = metrics.PLUGIN_SECONDS.labels(name)
    outcomes = {word: metrics.PLUGIN_CALLS.labels(name, word) for word in ("replaced", "dropped", "not_mine", "failed")}

    def counted(seen: Seen) -> Answer:
        start, outcome = time.perf_counter(), "failed"
        try:
            answer = convert(seen)
            outcome = _outcome(answer)
        finally:
            seconds.inc(time.perf_counter() - start)
            outcomes[outcome].inc()
        return answer

    return counted


def _outcome(answer: object) -> str:
    match answer:
        case NotMine():
            return "not_mine"
        case Drop():
            return "dropped"
        case _:
            return "replaced" if isinstance(answer, _ANSWERS) else "failed"
