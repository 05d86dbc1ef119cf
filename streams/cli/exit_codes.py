"""How commands end."""

from typing import NoReturn

import typer

from converters.core.localized import ReportedError
from streams.cli.terminal import print_error, print_notice

DIFFERS, NOTHING, FAILED = 1, 1, 2
"""Exit codes of every command. 1: it was done, and something differs, nothing matches, or the person said no. 2: it could not be done;
nothing is known of what was asked. docs/commands.md has the table."""


def fail(error: ReportedError) -> NoReturn:
    print_error(error)
    raise typer.Exit(FAILED)


def nothing(text: str) -> NoReturn:
    print_notice(text)
    raise typer.Exit(NOTHING)
