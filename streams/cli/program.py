"""`im-relay` without any command."""

from typing import Annotated

import typer

from streams.cli.terminal import CommandGroup, print_line


def _say_version(asked: bool) -> None:  # noqa: FBT001 - as typer calls it
    if asked:
        from importlib.metadata import version

        print_line(f"im-relay {version('im-relay')}")
        raise typer.Exit


def _relay(
    *, version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Show the version.")] = False
) -> None:
    """Two chat platforms side by side: each message crosses once, and in order."""
    del version


def program() -> typer.Typer:
    app = typer.Typer(cls=CommandGroup, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_relay)
    return app
