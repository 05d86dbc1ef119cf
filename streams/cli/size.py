"""`im-relay size`: what a relay needs, from measured figures."""

from typing import Annotated

import msgspec
import typer

from streams.cli.options import Json
from streams.cli.terminal import Cell, print_json, print_line, print_table
from streams.locale.messages import translated
from streams.operate.measured import FIGURES
from streams.operate.sizing import Wanted


def size(
    messages: Annotated[
        float, typer.Option("--messages", min=0.001, max=1e6, help="Messages a second at the peak, both directions together.")
    ],
    average: Annotated[
        float | None, typer.Option(min=0.0, max=1e6, help="The same over day and night, for disks.  [default: --messages]")
    ] = None,
    users: Annotated[int, typer.Option(min=0, max=10**9, help="Users whose accounts, or ids that no rule maps, are known.")] = 0,
    days: Annotated[float, typer.Option(min=0.1, max=400, help="Days for which callbacks and deliveries are kept.")] = 7.0,
    files: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of messages with a file. 0: no role media.")] = 0.1,
    target_ms: Annotated[
        float, typer.Option("--target-ms", min=1, max=10_000, help="Milliseconds that a platform takes for an answer.")
    ] = 100.0,
    replication: Annotated[int, typer.Option(min=1, max=9, help="Copies of each record in Kafka.")] = 3,
    *,
    json: Json = False,
) -> None:
    """Calculate cores, replicas, partitions, disks and memory from measured figures. Nothing is contacted; the quotas of the platforms are not considered.

    Example: im-relay size --messages 1000 --average 350 --users 1000000
    """
    from streams.operate.sizing import size as sized

    wanted = Wanted(
        peak=messages,
        average=messages if average is None else average,
        users=users,
        days=days,
        files=files,
        target_ms=target_ms,
        replication=replication,
    )
    found = sized(wanted)
    if json:
        print_json(
            {
                "wanted": msgspec.to_builtins(wanted),
                **msgspec.to_builtins(found),
                "cores": found.cores,
                "memory_gib": found.memory,
                "figures": {name: msgspec.to_builtins(one) for name, one in FIGURES.items()},
            }
        )
        return
    rows: list[list[Cell]] = [
        [one.role, str(one.replicas), _number(one.cores), f"{one.memory:.0f}", _number(one.disk) if one.disk else "-"]
        for one in found.roles
    ]
    rows.append(
        [
            "Kafka",
            str(max(3, replication)) if replication > 1 else "1",
            _number(found.kafka_cores),
            "-",
            _number(found.kafka_disk / max(1, replication)),
        ]
    )
    print_table(
        [translated("role"), translated("replicas"), translated("cores, all"), translated("MiB, each"), translated("GB of disk, each")],
        rows,
    )
    print_line(translated("kafka.partitions = {count}; it cannot be changed once messages flow", count=found.partitions))
    print_table(
        [translated("in Kafka, before copies"), "GB"],
        [[topic, _number(gb)] for topic, gb in found.kafka_by_topic.items()],
        caption=translated(
            "all brokers together, with {copies} copies and room: {gb} GB", copies=replication, gb=_number(found.kafka_disk)
        ),
    )
    print_table(
        [translated("measured"), "", translated("where")], [[name, f"{one.value:g} {one.unit}", one.where] for name, one in FIGURES.items()]
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
