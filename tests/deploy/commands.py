"""A command line of the relay, parsed by the real command and not run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streams.cli.app import app
from tests.command_tree import command_of

ROOT = Path(__file__).parents[2]


def parsed(arguments: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The command's whole name and its parameters. Raises typer's UsageError where it would complain."""
    command: Any = command_of(app)
    context, names, name, rest = None, [], "im-relay", list(arguments)
    while True:
        context = command.make_context(name, rest, parent=context)
        names.append(name)
        if not hasattr(command, "commands"):
            return " ".join(names[1:]), context.params
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
