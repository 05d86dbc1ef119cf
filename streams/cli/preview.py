"""`im-relay preview`: what becomes of one callback, without Kafka and without sending."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.options import JsonAnyway


def preview(
    source: Annotated[str, typer.Argument(metavar="FILE", help="A callback's body; `-` is standard input.")],
    platform: Annotated[str, typer.Option(help="Source platform of the callback.")],
    target: Annotated[str, typer.Option(help="Target platform.")],
    account_from: Annotated[
        Path | None,
        typer.Option(help="Settings file with the accounts, rules and plug-ins to use; otherwise invented accounts and no rules."),
    ] = None,
    plugin: Annotated[
        list[str] | None, typer.Option(help="A plug-in to try without installing it: FILE.py, FILE.py:OBJECT or MODULE:OBJECT.")
    ] = None,
    identities: Annotated[
        Path | None, typer.Option(help="Output of `identities list` and `identities list --people`, for rules that need it.")
    ] = None,
    *,
    json: JsonAnyway = False,
) -> None:
    """Show the events and requests that a callback would cause, or why it would be dropped, as one JSON object. Nothing is sent.

    Example: im-relay preview --platform NAME --target NAME callback.json
    """
    del json
    from streams.cli.exit_codes import fail
    from streams.cli.terminal import print_json
    from streams.operate.preview import PreviewError, show

    try:
        shown = show(source, platform, target, account_from, plugin or (), identities)
    except PreviewError as error:
        fail(error)
    print_json(shown, indent=True)
