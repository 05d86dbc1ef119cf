"""`im-relay topics acls`: what each role must be permitted, for whoever looks after the cluster."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from streams.cli.common import settings_of
from streams.cli.terminal import ColumnHead, print_json, print_line, print_table
from streams.locale.messages import translated

PRINCIPAL = "User:im-relay-{role}"


def acls(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", envvar="IM_RELAY_CONFIG", help="The settings file. The options below override it.")
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(help="Repeatable: ingress, convert, deliver.PLATFORM, media, gaps, watch, operator, topics.  [default: all]"),
    ] = None,
    principal: Annotated[
        str, typer.Option(help="Principal that gets the permissions; {role} is the role's name. One user for all works as well.")
    ] = PRINCIPAL,
    bootstrap: Annotated[str | None, typer.Option(help="A broker's HOST:PORT, for the commands.  [default: kafka.bootstrap]")] = None,
    platform: Annotated[
        list[str] | None, typer.Option("--platform", help="Repeatable.  [default: those of the settings' apps, otherwise all known]")
    ] = None,
    prefix: Annotated[str | None, typer.Option(help="Prefix of each name.  [default: kafka.prefix]")] = None,
    *,
    table: Annotated[bool, typer.Option("--table", help="Print a table for people.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")] = False,
) -> None:
    """Print the minimal permissions of each role, as commands of Kafka's own tool; no broker is contacted.

    `operator` is for a person's commands, `topics` for `im-relay topics create`, which an administrator may run for you.

    Example: im-relay topics acls -c relay.toml --role convert
    """
    from streams.kafka.acls import every, layout, layout_of

    settings = settings_of(config)
    of = layout_of(settings)
    if platform or prefix is not None:
        of = layout(platform or settings.platforms(), settings.kafka.prefix if prefix is None else prefix, keys=settings.encryption.given)
    found = every(of)
    if strange := sorted(set(role or ()) - found.keys()):
        raise typer.BadParameter(translated("no role {strange}; there are: {found}", strange=", ".join(strange), found=", ".join(found)))
    chosen = {name: list(dict.fromkeys(grants)) for name, grants in found.items() if not role or name in role}
    if json:
        for name, grants in chosen.items():
            for grant in grants:
                about = msgspec.to_builtins(grant) | {"role": name, "principal": principal.replace("{role}", name)}
                print_json(about)
    elif table:
        rows = [
            [name, grant.operation, grant.resource, f"{grant.name}{'*' if grant.prefixed else ''}"]
            for name, grants in chosen.items()
            for grant in grants
        ]
        print_table([translated("role"), translated("operation"), translated("on"), ColumnHead(translated("name"), whole=True)], rows)
    else:
        where = bootstrap or settings.kafka.bootstrap
        for name, grants in chosen.items():
            print_line(f"# {name}")
            for grant in grants:
                print_line(grant.command(principal.replace("{role}", name), where, secured=settings.kafka.security.protocol != "PLAINTEXT"))
