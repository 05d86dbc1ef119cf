"""The commands as typer has made them once, in 17 ms; tests ask for them a thousand times."""

from functools import cache
from typing import Any

import typer
import typer.testing

from streams.cli import terminal
from streams.locale.catalogue import Say
from streams.locale.command_line import translate


@cache
def command_of(app: typer.Typer) -> Any:
    return typer.main.get_command(app)


def made_once() -> None:
    """For `CliRunner` as well, which makes them anew for each call."""
    typer.testing._get_command = command_of  # type: ignore[attr-defined]
    terminal.translate = _translated  # type: ignore[attr-defined]


def _translated(command: Any, say: Say) -> None:
    """Its help is changed in place: the next one who asks gets another tree."""
    command_of.cache_clear()
    translate(command, say)
