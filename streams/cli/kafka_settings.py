"""The settings of a command that asks Kafka and nobody else."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streams.cli.terminal import print_error

if TYPE_CHECKING:
    from streams.settings.root import Settings


def settings_of(config: Path | None) -> "Settings":
    """Ends the command with exit code 2 where they are wrong, and says what is."""
    from streams.settings.role_secrets import COMMAND
    from streams.settings.root import SettingsError, load

    try:
        return load(config, COMMAND)
    except SettingsError as error:
        print_error(error)
        raise typer.Exit(2) from None
