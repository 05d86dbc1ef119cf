"""Prints the pages of docs/ that say what the code declares, in English and Chinese: settings, metrics, topics, commands, fidelity.

`python -m streams.pages` writes those that are stale; with `--check` it names them instead, and exits 1 if there are any. A text that is
new gets an empty entry in streams/locale/zh_CN.po, for its translation; until then the Chinese page has it in English, and a test fails.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import typer
from pydantic import BaseModel

from converters import PLATFORMS, inventory_schema
from converters.core import fidelity, fidelity_chinese
from streams.cli.terminal import print_line
from streams.kafka import record_kinds, topics
from streams.locale import catalogue, command_line, messages
from streams.locale.catalogue import Say, same, speaker
from streams.observe.metrics_page import metrics_page
from streams.settings.root import AppSettings, Settings
from streams.settings.rules import RuleSettings

DOCS = Path(__file__).parents[1] / "docs"


def settings(say: Say = same) -> str:
    """docs/settings.md."""
    lines = _head("Settings", say, "streams/settings/root.py", "converters/platforms/*/account.py")
    lines += [*_paragraphs(inspect.getmodule(Settings), say, after=1), ""]
    lines += [say("`im-relay settings -c relay.toml` checks a file, and prints what holds; secrets are not shown.")]
    for name, field in Settings.model_fields.items():
        lines += _section(name, field.annotation, say)
    lines += ["", "## [apps.NAME]", "", *_paragraphs(AppSettings, say), "", *_settings_table(AppSettings.model_json_schema(), say)]
    lines += [
        "",
        "## [[apps.NAME.rules]]",
        "",
        *_paragraphs(RuleSettings, say),
        "",
        *_settings_table(RuleSettings.model_json_schema(), say),
    ]
    for name, platform in sorted(PLATFORMS.items()):
        schema = msgspec.json.schema(platform.account)
        (account,) = schema["$defs"].values()
        lines += ["", f"## {say('[apps.NAME.account], platform {}').format(name)}", ""]
        lines += [say("Each value can be given as the path of a file that holds it: `KEY_file` in place of `KEY`."), ""]
        lines += _settings_table(account, _translated_by(platform.chinese, say))
    return "\n".join(lines) + "\n"


def _translated_by(own: Mapping[str, str], say: Say) -> Say:
    """*say*, with a platform's *own* translations before it."""
    return say if say is same else lambda text: own.get(text) or say(text)


def topic_list(say: Say = same) -> str:
    """docs/topics.md."""
    lines = _head("Topics", say, "streams/kafka/topics.py")
    lines += [
        say(
            "In the order in which a message meets them. `kafka.prefix` stands before each name. `im-relay topics create` makes them, "
            "`im-relay topics check` says what differs. Of co-partitioned topics, one worker at a time owns partition *p*; the "
            "partition is `crc32(conversation) % kafka.partitions`, so the number of partitions cannot change once messages flow."
        ),
        "",
        say(
            "The relay believes whoever may write to a topic, as far as the record looks like its own; what does not is counted in "
            "`im_relay_foreign_records_total`. So each topic says what another writer could do: see [hardening](hardening.md#kafka)."
        ),
        "",
        say(
            "Each record names its version in the header `{}`; without one it is of version 1, as 0.1.0 wrote it. A newer one than a worker "
            "knows becomes a dead letter (`newer-version`), or holds the stage: see [upgrades](operations.md#upgrades)."
        ).format(record_kinds.VERSION),
    ]
    versions = {kind.topic.template: kind.version for kind in record_kinds.KINDS}
    for topic in topics.TOPICS:
        days = None if topic.kept is None else topic.kept // topics.DAY
        kept = say("without end") if days is None else say("{} days" if days != 1 else "{} day").format(days)
        about = {
            "key": say(topic.key),
            "value": say(topic.value),
            "version": str(versions[topic.template]),
            "kept": f"{kept} (`cleanup.policy={topic.cleanup}`)",
            "largest batch": f"{topic.largest // topics.MIB} MiB",
            "encrypted where `encryption.enabled` is true": say("yes" if topic.private else "no"),
            "co-partitioned": say("yes" if topic.co_partitioned else "no"),
            "what another writer could do": say(topic.forged[0].lower() + topic.forged[1:]),
        }
        lines += ["", f"## `{topic.template}`", "", say(topic.meaning), ""]
        lines += [say("- {}: {}").format(say(what), said) for what, said in about.items()]
    return "\n".join(lines) + "\n"


def commands(say: Say = same) -> str:
    """docs/commands.md."""
    from streams.cli.app import app

    lines = _head("Commands", say, "streams/cli/app.py", "streams/cli/*.py")
    lines += [say("How to get `im-relay`: [README](../README.md#ten-minutes-further). `im-relay --version` says which release it is."), ""]
    lines += [
        say("Help is in Chinese where `IM_RELAY_LANG`, `LC_ALL`, `LC_MESSAGES` or `LANG`, the first that is set, begins with `zh`."),
        "",
    ]
    lines += [say("Exit codes are the same for all commands:"), "", say("| code | meaning | examples |"), "| --- | --- | --- |"]
    lines += [say(row) for row in EXIT_CODES]
    lines += [
        "",
        say(
            "A role ends with 0 when asked to, with 1 after a defect or when another process took its partitions, with 2 when it cannot start."
        ),
    ]
    root = typer.main.get_command(app)
    for path, command in commands_of(root, ("im-relay",)):
        meaning, example = command_line.parts(command.help or "")
        lines += ["", f"## {path}", "", say(meaning), "", "```console", f"$ {example}", "```"]
        rows = [_parameter(each, say) for each in command.params if each.name != "help"]
        if rows:
            lines += ["", say("| argument or option | default | environment | meaning |"), "| --- | --- | --- | --- |", *rows]
    return "\n".join(lines) + "\n"


EXIT_CODES = (
    "| 0 | done | topics are as they should be; letters were put back |",
    "| 1 | done, and the answer is no | something differs, nothing matches, no node runs, the person said no |",
    "| 2 | not done, nothing is known | wrong settings or arguments, Kafka away or not permitting it, a file that cannot be read |",
)

SPOKEN: Mapping[str, Callable[[Say], str]] = {"settings": settings, "metrics": metrics_page, "topics": topic_list, "commands": commands}
"""Pages that the catalogue translates."""

_CHINESE = speaker("zh")

PAGES: Mapping[str, Callable[[], str]] = {
    **{f"{name}.md": partial(page, same) for name, page in SPOKEN.items()},
    **{f"{name}.zh-CN.md": partial(page, _CHINESE) for name, page in SPOKEN.items()},
    "fidelity.md": lambda: fidelity.page(PLATFORMS),
    "fidelity.zh-CN.md": lambda: fidelity_chinese.page(PLATFORMS),
    "migrating.schema.json": inventory_schema.schema,
    **{name: page for platform in PLATFORMS.values() for name, page in platform.pages.items()},
}


def texts() -> dict[str, str]:
    """Every text that the catalogue translates, and which page prints it first."""
    from streams.cli.app import app

    found: dict[str, str] = {}

    def note(page: str) -> Say:
        return lambda text: found.setdefault(text, page) and text

    for name, page in SPOKEN.items():
        page(note(f"docs/{name}.md"))
    command_line.translate(typer.main.get_command(app), note("im-relay --help"))
    for text in messages.collected():
        note("messages of commands")(text)
    return found


def catalogue_now() -> str:
    """zh_CN.po as it should be: its translations, for the texts of now."""
    return catalogue.written(catalogue.chinese(), texts())


def stale(docs: Path = DOCS) -> list[str]:
    """The pages that are missing, or differ from what is declared now."""
    return [name for name, page in PAGES.items() if not _is(docs / name, page())]


def main(arguments: list[str]) -> int:
    names = stale()
    po = catalogue_now()
    differs = not _is(catalogue.PATH, po)
    if "--check" in arguments:
        for name in names:
            print_line(f"docs/{name} is stale: make pages")
        if differs:
            print_line("streams/locale/zh_CN.po is stale: make pages")
        return 1 if names or differs else 0
    if differs:
        catalogue.PATH.write_text(po, encoding="utf-8")
        print_line("streams/locale/zh_CN.po")
    for name in names:
        (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
        print_line(f"docs/{name}")
    return 0


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _head(title: str, say: Say, *sources: str) -> list[str]:
    named = say(" and ").join(f"`{source}`" for source in sources)
    return [f"# {say(title)}", "", say("Printed from {} by `make pages`; do not edit.").format(named), ""]


def _paragraphs(of: Any, say: Say, after: int = 0) -> list[str]:
    """The docstring, a line for each paragraph *after* so many."""
    blocks = inspect.cleandoc(of.__doc__ or "").split("\n\n")[after:]
    lines = [line for block in blocks for line in (say(" ".join(block.split())), "")]
    return lines[:-1]


def _section(name: str, model: Any, say: Say) -> Iterator[str]:
    """A section, and after it the sections within it; nothing for what is none."""
    if not (inspect.isclass(model) and issubclass(model, BaseModel)):
        return
    within = {key: field.annotation for key, field in model.model_fields.items() if inspect.isclass(field.annotation)}
    within = {key: one for key, one in within.items() if issubclass(one, BaseModel)}
    schema = model.model_json_schema()
    schema["properties"] = {key: about for key, about in schema["properties"].items() if key not in within}
    yield from ("", f"## [{name}]", "", *_paragraphs(model, say), "")
    yield from _settings_table(schema, say, f"IM_RELAY_{name.upper().replace('.', '__')}__")
    for key, one in within.items():
        yield from _section(f"{name}.{key}", one, say)


def _settings_table(schema: dict[str, Any], say: Say, variable: str = "") -> Iterator[str]:
    """*variable* is what the names of the section's environment variables begin with."""
    required = set(schema.get("required", ()))
    yield say("| key | kind | default | meaning |") + (f" {say('environment')} |" if variable else "")
    yield "| --- | --- | --- | --- |" + (" --- |" if variable else "")
    for key, about in schema["properties"].items():
        default = say("required") if key in required else _literal(about.get("default", {}), say)
        row = f"| `{key}` | {_kind(about, say)} | {default} | {say(about['description'])} |"
        yield row + (f" `{variable}{key.upper()}` |" if variable else "")


def _kind(about: Mapping[str, Any], say: Say) -> str:
    if "enum" in about:
        return say(", ").join(f"`{value}`" if value else say("empty") for value in about["enum"])
    if "anyOf" in about:  # or nothing
        about = next(kind for kind in about["anyOf"] if kind.get("type") != "null")
    words = {
        "string": "text",
        "number": "number",
        "integer": "whole number",
        "boolean": "true or false",
        "object": "table",
        "array": "list",
    }
    kind = say("path" if about.get("format") == "path" else words[about["type"]])
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<", "pattern": say("like")}
    limits = [f"{sign} {_literal(about[bound], say)}" for bound, sign in bounds.items() if bound in about]
    return say(", ").join([kind, *limits])


def _literal(value: object, say: Say) -> str:
    if value is None or value in ("", {}, []):
        return say("none")
    return f"`{msgspec.json.encode(value).decode()}`"


def commands_of(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Each command below *command*, and the words by which it is called."""
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(path), command
        return
    for name, each in sorted(below.items()):
        yield from commands_of(each, (*path, name))


def _parameter(parameter: Any, say: Say) -> str:
    name = ", ".join(parameter.opts + parameter.secondary_opts)
    if parameter.param_type_name == "argument":
        name = parameter.metavar or (parameter.name or "").upper()
    if parameter.nargs == -1 or parameter.multiple:
        name += " …"
    empty = parameter.default is None or parameter.default in ("", False, ())
    default = say("required") if parameter.required else say("none") if empty else f"`{parameter.default}`"
    meaning, words = command_line.option_parts(parameter.help or "")
    variable = f"`{parameter.envvar}`" if parameter.envvar else "-"
    return f"| `{name}` | {say(words) if words else default} | {variable} | {say(meaning) if meaning else '-'} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
