"""The level of transactions of a cluster, changed under a load: a stage that writes by the new way must take the old one, and back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any

from streams.exactly_once import kafka_protocol
from streams.exactly_once.transactions_direct import FEATURE
from streams.kafka import clients
from streams.kafka.frames import BYTE, INT, NO_TAGS, SHORT, Api, FrameReader, FrameRequest, count, text
from tests.chaos.evidence import lines
from tests.chaos.rig import Rig, Story
from tests.chaos.scenario import Skipped, Stage, scenario

UPDATE_FEATURES = Api(57, 1)
UPGRADE, SAFE_DOWNGRADE = 1, 2
REFUSED = 12.0
"""Seconds for which the level is 0."""
LEVELS = (1, 2, 1, 2)
"""To which it is set in turn; a cluster of Kafka 4 begins with 2. Not 0: once there have been transactions of level 1 or 2, brokers (4.1.2, 4.4.0) that are
set to 0 answer InitProducerId and EndTxn of their ids with UNSUPPORTED_VERSION: see `transactions-refused`."""
EVERY = 4.0
"""Seconds between two changes."""


def update(feature: str, level: int, *, down: bool) -> FrameRequest:
    """Answered with an error code. Source: Apache Kafka, "Protocol guide", UpdateFeatures."""

    def read(answer: FrameReader) -> int:
        answer.throttle()
        return answer.number(SHORT)

    change = text(feature) + SHORT.pack(level) + BYTE.pack(SAFE_DOWNGRADE if down else UPGRADE) + NO_TAGS
    return FrameRequest(UPDATE_FEATURES, INT.pack(10_000) + count(1) + change + BYTE.pack(0) + NO_TAGS, read)


@asynccontextmanager
async def _client(bootstrap: str) -> AsyncIterator[Any]:
    made = clients.client(bootstrap)
    await made.bootstrap()
    try:
        yield made
    finally:
        await made.close()


async def level_of(bootstrap: str) -> int | None:
    """On which the cluster has settled; None where it knows of no such feature."""
    async with _client(bootstrap) as client:
        levels: dict[str, int] = await client.send(client.get_random_node(), kafka_protocol.features())
        return levels.get(FEATURE)


async def set_level(bootstrap: str, level: int) -> None:
    """Raises RuntimeError where the cluster does not."""
    async with _client(bootstrap) as client:
        node = client.get_random_node()
        now = (await client.send(node, kafka_protocol.features())).get(FEATURE, 0)
        if now != level and (error := await client.send(node, update(FEATURE, level, down=level < now))):
            raise RuntimeError(f"{FEATURE} cannot be set from {now} to {level}: error {error}")


@scenario(
    "transactions-changed",
    f"{FEATURE} of the cluster set to {', '.join(map(str, LEVELS))} under a load; kill -9 of deliver and convert",
    messages=6_000,
    rate=200,
    rest=30.0,
    own_broker=True,
)
def transactions_changed(stage: Stage) -> None:
    if asyncio.run(level_of(stage.bootstrap)) is None:
        raise Skipped(f"this Kafka has no {FEATURE}: it is older than 4.0")
    rig = stage.build(tireless=True)
    rig.load(stage.messages, min(stage.rate, stage.messages / (EVERY * len(LEVELS))))
    rig.play(_changing(rig))
    stage.claims.append(lambda _: [] if rig.counts["levels set"] == len(LEVELS) else ["not every level was set"])


def _changing(rig: Rig) -> Story:
    kinds = cycle(["convert", *rig.deliver])
    for number, level in enumerate(LEVELS):
        yield EVERY
        rig.log(f"{FEATURE} is set to {level}")
        asyncio.run(set_level(rig.bootstrap, level))
        rig.counts["levels set"] += 1
        if number % 2 and (victim := rig.victim(next(kinds))) is not None:
            rig.kill(victim)


@scenario(
    "transactions-refused",
    f"{FEATURE} of the cluster set from 2 to 0 under a load, which brokers do not bear, and back; then the broker is started anew",
    messages=3_000,
    rate=100,
    rest=60.0,
    own_broker=True,
)
def transactions_refused(stage: Stage) -> None:
    if asyncio.run(level_of(stage.bootstrap)) is None:
        raise Skipped(f"this Kafka has no {FEATURE}: it is older than 4.0")
    rig = stage.build(tireless=True)
    rig.load(stage.messages, min(stage.rate, stage.messages / 20))
    rig.play(_refused(rig, stage))
    stage.patience = 240.0
    stage.excused["duplicate"] = rig.doubled_though_heard
    stage.claims.append(lambda _: [] if rig.counts["tasks that were refused"] else ["no task was refused: it was borne"])


def _refused(rig: Rig, stage: Stage) -> Story:
    node = stage.node
    assert node is not None
    asyncio.run(set_level(rig.bootstrap, 2))
    yield EVERY
    rig.log(f"{FEATURE} is set to 0")
    asyncio.run(set_level(rig.bootstrap, 0))
    yield REFUSED
    rig.log(f"{FEATURE} is set to 2")
    asyncio.run(set_level(rig.bootstrap, 2))
    yield EVERY
    rig.counts["tasks that were refused"] = sum(
        line.get("event") == "transaction result unknown, restarting" for line in lines(rig.directory.glob("*.log"))
    )
    # A coordinator that could not write down a state waits for ever that it is written: what it knows is read anew by who takes over, or starts.
    node.stop()
    node.start()
    rig.log("the broker is back")
    yield EVERY
