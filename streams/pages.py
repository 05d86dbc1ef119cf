"""Prints the pages of docs/ that say what the code declares: settings, metrics, topics, commands, fidelity.

`python -m streams.pages` writes those that are stale; with `--check` it names them instead, and exits 1 if there are any.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import typer
from pydantic import BaseModel

from converters import PLATFORMS, inventory_schema
from converters.core import fidelity, fidelity_chinese
from streams.cli.terminal import print_line
from streams.kafka import record_kinds, topics
from streams.observe import metrics
from streams.settings.root import AppSettings, Settings
from streams.settings.rules import RuleSettings

DOCS = Path(__file__).parents[1] / "docs"


def settings() -> str:
    """docs/settings.md."""
    lines = _head("Settings", "streams/settings/root.py", "converters/platforms/*/account.py")
    lines += [*_paragraph(inspect.getmodule(Settings))[2:], ""]
    lines += ["`im-relay settings -c relay.toml` checks a file, and prints what holds; secrets are not shown."]
    for name, field in Settings.model_fields.items():
        lines += _section(name, field.annotation)
    lines += ["", "## [apps.NAME]", "", *_paragraph(AppSettings), "", *_settings_table(AppSettings.model_json_schema())]
    lines += ["", "## [[apps.NAME.rules]]", "", *_paragraph(RuleSettings), "", *_settings_table(RuleSettings.model_json_schema())]
    for name, platform in sorted(PLATFORMS.items()):
        schema = msgspec.json.schema(platform.account)
        (account,) = schema["$defs"].values()
        lines += ["", f"## [apps.NAME.account], platform {name}", ""]
        lines += ["A value may also be given as the path of a file that holds it: `KEY_file` in place of `KEY`.", ""]
        lines += _settings_table(account)
    return "\n".join(lines) + "\n"


def topic_list() -> str:
    """docs/topics.md."""
    lines = _head("Topics", "streams/kafka/topics.py")
    lines += [
        "In the order in which a message meets them. `kafka.prefix` stands before each name. `im-relay topics create` makes them,",
        "`im-relay topics check` says what differs. Of co-partitioned topics, partition *p* belongs to one worker at a time; the",
        "partition is `crc32(conversation) % kafka.partitions`, so the number of partitions cannot be changed once messages flow.",
        "",
        "Whoever may write to a topic is believed, as far as what he writes looks like ours; what does not is counted in",
        "`im_relay_foreign_records_total`. So each topic says what somebody else could do there: see [hardening](hardening.md#kafka).",
        "",
        f"Each record names its version in the header `{record_kinds.VERSION}`; without one it is of version 1, as 0.1.0 wrote it. A newer one than a worker",
        "knows is a dead letter (`newer-version`), or holds the stage: see [upgrades](operations.md#upgrades).",
    ]
    versions = {kind.topic.template: kind.version for kind in record_kinds.KINDS}
    for topic in topics.TOPICS:
        kept = "without end" if topic.kept is None else f"{topic.kept // topics.DAY} days"
        about = {
            "key": topic.key,
            "value": topic.value,
            "version": str(versions[topic.template]),
            "kept": f"{kept} (`cleanup.policy={topic.cleanup}`)",
            "largest batch": f"{topic.largest // topics.MIB} MiB",
            "co-partitioned": "yes" if topic.co_partitioned else "no",
            "who else may write there could": topic.forged[0].lower() + topic.forged[1:],
        }
        lines += ["", f"## `{topic.template}`", "", topic.meaning, ""]
        lines += [f"- {what}: {said}" for what, said in about.items()]
    return "\n".join(lines) + "\n"


def commands() -> str:
    """docs/commands.md."""
    from streams.cli.app import app

    lines = _head("Commands", "streams/cli/app.py", "the files beside it")
    lines += ["How to get `im-relay`: [README](../README.md#ten-minutes-further). `im-relay --version` says which release it is.", ""]
    lines += [
        "Exit codes are the same for all commands:", "", "| code | meaning | examples |", "| --- | --- | --- |",
        "| 0 | done | topics are as they should be; letters were put back |",
        "| 1 | done, and the answer is no | something differs, nothing matches, no node runs, the person said no |",
        "| 2 | not done, nothing is known | wrong settings or arguments, Kafka away or not permitting it, a file that cannot be read |",
        "", "A role ends with 0 when asked to, with 1 after a defect or when another process took its partitions, with 2 when it cannot start.",
    ]
    for path, command in commands_of(typer.main.get_command(app), ("im-relay",)):
        text, _, example = (command.help or "").partition("Example: ")
        lines += ["", f"## {path}", "", " ".join(text.split()), "", "```console", f"$ {' '.join(example.split())}", "```"]
        rows = [_parameter(each) for each in command.params if each.name != "help"]
        if rows:
            lines += ["", "| argument or option | default | environment | meaning |", "| --- | --- | --- | --- |", *rows]
    return "\n".join(lines) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings,
    "metrics.md": metrics.page,
    "topics.md": topic_list,
    "commands.md": commands,
    "fidelity.md": lambda: fidelity.page(PLATFORMS),
    "fidelity.zh-CN.md": lambda: fidelity_chinese.page(PLATFORMS),
    "migrating.schema.json": inventory_schema.schema,
    **{name: page for platform in PLATFORMS.values() for name, page in platform.pages.items()},
}


def stale(docs: Path = DOCS) -> list[str]:
    """The pages that are missing, or differ from what is declared now."""
    return [name for name, page in PAGES.items() if not _is(docs / name, page())]


def main(arguments: list[str]) -> int:
    names = stale()
    if "--check" in arguments:
        for name in names:
            print_line(f"docs/{name} is stale: make pages")
        return 1 if names else 0
    for name in names:
        (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
        print_line(f"docs/{name}")
    return 0


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _head(title: str, *sources: str) -> list[str]:
    named = " and ".join(f"`{source}`" if "/" in source else source for source in sources)
    return [f"# {title}", "", f"Printed from {named} by `make pages`; do not edit.", ""]


def _paragraph(of: Any) -> list[str]:
    return inspect.cleandoc(of.__doc__ or "").split("\n")


def _section(name: str, model: Any) -> Iterator[str]:
    """A section, and after it the sections within it; nothing for what is none."""
    if not (inspect.isclass(model) and issubclass(model, BaseModel)):
        return
    within = {key: field.annotation for key, field in model.model_fields.items() if inspect.isclass(field.annotation)}
    within = {key: one for key, one in within.items() if issubclass(one, BaseModel)}
    schema = model.model_json_schema()
    schema["properties"] = {key: about for key, about in schema["properties"].items() if key not in within}
    yield from ("", f"## [{name}]", "", *_paragraph(model), "")
    yield from _settings_table(schema, f"IM_RELAY_{name.upper().replace('.', '__')}__")
    for key, one in within.items():
        yield from _section(f"{name}.{key}", one)


def _settings_table(schema: dict[str, Any], variable: str = "") -> Iterator[str]:
    """*variable* is what the names of the section's environment variables begin with."""
    required = set(schema.get("required", ()))
    yield "| key | kind | default | meaning |" + (" environment |" if variable else "")
    yield "| --- | --- | --- | --- |" + (" --- |" if variable else "")
    for key, about in schema["properties"].items():
        default = "required" if key in required else _literal(about.get("default", {}))
        row = f"| `{key}` | {_kind(about)} | {default} | {about['description']} |"
        yield row + (f" `{variable}{key.upper()}` |" if variable else "")


def _kind(about: Mapping[str, Any]) -> str:
    if "enum" in about:
        return ", ".join(f"`{value}`" for value in about["enum"])
    if "anyOf" in about:  # or nothing
        about = next(kind for kind in about["anyOf"] if kind.get("type") != "null")
    words = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false", "object": "table",
             "array": "list"}
    kind = "path" if about.get("format") == "path" else words[about["type"]]
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<", "pattern": "like"}
    limits = [f"{sign} {_literal(about[bound])}" for bound, sign in bounds.items() if bound in about]
    return ", ".join([kind, *limits])


def _literal(value: object) -> str:
    if value is None or value in ("", {}, []):
        return "none"
    return f"`{msgspec.json.encode(value).decode()}`"


def commands_of(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Each command below *command*, and the words by which it is called."""
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(path), command
        return
    for name, each in sorted(below.items()):
        yield from commands_of(each, (*path, name))


def _parameter(parameter: Any) -> str:
    name = ", ".join(parameter.opts + parameter.secondary_opts)
    if parameter.param_type_name == "argument":
        name = parameter.metavar or (parameter.name or "").upper()
    if parameter.nargs == -1 or parameter.multiple:
        name += " …"
    empty = parameter.default is None or parameter.default in ("", False, ())
    default = "required" if parameter.required else "none" if empty else f"`{parameter.default}`"
    text, _, other = (parameter.help or "").partition("[default: ")
    variable = f"`{parameter.envvar}`" if parameter.envvar else "-"
    return f"| `{name}` | {other.rstrip(']') or default} | {variable} | {text.strip()} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
