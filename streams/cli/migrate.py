"""`im-relay migrate`: everything that was there before the relay, moved to the new app."""

import typer

from streams.cli import migrate_apply

app = typer.Typer(
    help="Move what was there before: users, friends, groups, settings and history, checked first, resumable, each once.", no_args_is_help=True
)
migrate_apply.register(app)
