"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path | None, typer.Option("--config", "-c", envvar="IM_RELAY_CONFIG", help="The settings file (TOML).")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")]
JsonAnyway = Annotated[bool, typer.Option("--json", help="What is printed is JSON, also without it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, without doing it.")]
WHEN = "30s, 15m, 2h, 7d ago, or a time as 2026-03-01T12:00 (UTC if it names no zone)."
