"""`im-relay preview`: what becomes of one callback, without Kafka and without sending."""

from pathlib import Path
from typing import Annotated

import typer


def preview(
    source: Annotated[str, typer.Argument(metavar="FILE", help="A callback's body; `-` is standard input.")],
    platform: Annotated[str, typer.Option(help="Where the callback comes from.")],
    target: Annotated[str, typer.Option(help="Where the message would go.")],
    account_from: Annotated[
        Path | None, typer.Option(help="A settings file whose accounts to use instead of made-up ones.")
    ] = None,
) -> None:
    """Show the events and requests that a callback would cause, as one JSON object. Nothing is sent or checked.

    Example: im-relay preview --platform NAME --target NAME callback.json
    """
    import orjson

    from streams.preview import PreviewError, show

    try:
        shown = show(source, platform, target, account_from)
    except PreviewError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
