"""Settings under the names of an earlier release. They hold for one release more; whoever uses one is told the new name."""

from collections.abc import Iterable, Mapping
from typing import Any

from converters.core.localized import localized

PREFIX = "IM_RELAY_"
RENAMED: Mapping[str, str] = {
    "deliver.window": "deliver.max_open_events",
    "deliver.backfill_window": "deliver.max_open_backfill",
    "deliver.in_flight": "deliver.max_requests_per_app",
    "deliver.patience": "deliver.retry_for",
    "deliver.parked": "deliver.max_parked_bytes",
    "deliver.intents": "deliver.max_in_flight",
    "deliver.naming_wait": "deliver.reference_wait",
    "media.jobs": "media.concurrency",
    "media.largest": "media.max_bytes",
    "media.longest": "media.max_duration",
    "media.pixels": "media.max_pixels",
    "media.cpu": "media.max_cpu_seconds",
    "media.memory": "media.max_memory",
    "media.patience": "media.retry_for",
    "gaps.every": "gaps.interval",
    "gaps.span": "gaps.window",
    "gaps.lag": "gaps.delay",
    "gaps.reach": "gaps.lookback",
    "kafka.untried": "kafka.allow_untested_versions",
    "files.largest": "files.max_bytes",
}
"""Old name to new name, each with its section."""


def in_file(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The settings of a file under today's names, and the old names it uses. Raises ValueError where a setting has both names."""
    out, found = dict(given), []
    for old, new in RENAMED.items():
        section, _, key = old.partition(".")
        if not isinstance(values := out.get(section), dict) or key not in values:
            continue
        name = new.partition(".")[2]
        if name in values:
            raise ValueError(localized("{old} is the old name of {new}, and both are set: remove {old}", old=old, new=new))
        out[section] = {name if each == key else each: value for each, value in values.items()}
        found.append(old)
    return out, found


def in_environment(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The same of environment variables, in any case; where both names are set, the new one holds."""
    variables = {_variable(old): (old, new) for old, new in RENAMED.items()}
    there = {name.upper() for name in given}
    out: dict[str, Any] = {}
    found = []
    for name, value in given.items():
        old, new = variables.get(name.upper(), ("", ""))
        if not old:
            out[name] = value
            continue
        found.append(old)
        if (now := _variable(new)) not in there:
            out[now.lower() if name.islower() else now] = value
    return out, found


def warnings(found: Iterable[str]) -> tuple[str, ...]:
    """A sentence for each old name in use."""
    return tuple(
        f"{old} is now called {RENAMED[old]}: rename it in the settings; the next release refuses the old name"
        for old in dict.fromkeys(found)
    )


def _variable(name: str) -> str:
    return PREFIX + name.upper().replace(".", "__")
