"""`im-relay console` and `im-relay console-user`: the operator's page, and who may log in there."""

import secrets
import sys
from typing import Annotated

import typer

from converters.core.localized import ReportedError, text_of
from streams.cli.exit_codes import fail
from streams.cli.options import Config
from streams.cli.terminal import ask_password, print_line

LONGEST = 4096


def console(config: Config = None) -> None:
    """Serve the operator's page: state, messages, dead letters, identities, migration. Example: im-relay console -c relay.toml"""
    from streams.cli.role_process import run_role
    from streams.http_server.listener import ListenError
    from streams.plugins import PluginError
    from streams.roles.console import serve
    from streams.settings.role_secrets import CONSOLE
    from streams.settings.root import SettingsError, load, require_apps

    try:
        run_role(serve, require_apps(load(config, CONSOLE)))
    except (SettingsError, ListenError, PluginError) as error:
        fail(error)


def console_user(
    name: Annotated[str, typer.Argument(help="Who logs in: letters, digits, `.`, `_`, `@`, `-`.")],
    role: Annotated[str, typer.Option(help="viewer (looks) or operator (also replays dead letters and sets them aside).")] = "viewer",
) -> None:
    """Print the line of `console.users` for a person, whose password is asked for, or read from standard input. Example: im-relay console-user ann --role operator"""
    from streams.console.passwords import line

    password = ask_password("Password") if sys.stdin.isatty() else sys.stdin.read(LONGEST).rstrip("\r\n")
    try:
        made = line(name, role, password, secrets.token_bytes(16))
    except ValueError as error:
        fail(ReportedError(text_of(error)))
    print_line(made)
