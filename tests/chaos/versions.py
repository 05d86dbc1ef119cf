"""`make chaos-versions`: the short chaos on every Kafka that the relay is for, with each level of transactions that it has.

`python -m tests.chaos.versions [--kafka VERSION …] [--scenario NAME …] [--seed S]`

Each version is fetched once. Exits 0 when all hold, and prints what was tried as a table.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from random import SystemRandom
from typing import NamedTuple

from streams.exactly_once.transactions_direct import FEATURE
from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.jars import KAFKA_VERSION, OTHERS
from streams.kafka.local.ports import free_port
from tests.chaos.catalogue import SCENARIOS
from tests.chaos.features import level_of, set_level
from tests.chaos.scenario import Result, run

LEVELS = (0, 1, 2)


class Tried(NamedTuple):
    kafka: str
    level: int | None
    """Of transactions; None: the version knows of none."""
    result: Result


def node(kafka: str, directory: Path, *, brief: bool = False) -> LocalKafka:
    return LocalKafka(directory, free_port(), free_port(), heap_mb=512, brief=brief, version=kafka)


def tried(
    kafka: str, names: Iterable[str], seed: int, directory: Path, *, messages: int = 0, levels: bool = True, brief: bool = False
) -> list[Tried]:
    """The short form of the scenarios of these *names* on one version; with *levels*, of the first of them once with each level."""
    found = []
    with node(kafka, directory / "kafka", brief=brief) as broker:
        given = asyncio.run(level_of(broker.bootstrap))
        print(f"Kafka {kafka}, {FEATURE} {'unknown' if given is None else given}", flush=True)
        for place, name in enumerate(names):
            for level in LEVELS if levels and given is not None and not place else (given,):
                if level is not None:
                    asyncio.run(set_level(broker.bootstrap, level))
                result = run(
                    SCENARIOS[name],
                    seed=seed,
                    bootstrap=broker.bootstrap,
                    node=broker,
                    directory=directory / f"{name}-{level}",
                    short=True,
                    messages=messages,
                    say=lambda _: None,
                )
                found.append(Tried(kafka, level, result))
                print(line(found[-1]), flush=True)
    return found


def line(one: Tried) -> str:
    account, result = one.result.account, one.result
    figures = " | ".join(str(len(found)) for found in (account.lost, account.duplicate, account.out_of_order))
    level = "-" if one.level is None else str(one.level)
    held = "yes" if result.good else "NO: " + "; ".join(result.complaints)
    return f"| {one.kafka} | {level} | {result.scenario.name} | {account.said:,} | {figures} | {held} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = sorted({KAFKA_VERSION, *OTHERS}, key=lambda version: [int(part) for part in version.split(".")])
    parser.add_argument("--kafka", nargs="+", default=every, metavar="VERSION")
    parser.add_argument("--scenario", nargs="+", default=["kill", "freeze"], choices=list(SCENARIOS), metavar="NAME")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    found: list[Tried] = []
    for kafka in arguments.kafka:
        names = [*arguments.scenario, *(["transactions-changed", "transactions-refused"] if int(kafka.partition(".")[0]) >= 4 else [])]
        with tempfile.TemporaryDirectory(prefix="versions-") as directory:
            found += tried(kafka, names, arguments.seed, Path(directory))
    print(
        "\n| Kafka | transaction.version | scenario | messages | lost | doubled | out of order | holds |\n| --- | --- | --- | ---: | ---: | ---: | ---: | --- |"
    )
    print("\n".join(map(line, found)))
    return 0 if all(one.result.good for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
