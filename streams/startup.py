"""How a role begins: its health can be asked from the first moment, and it waits for a cluster that is away.

Kafka away is no reason to end: whoever is started again and again waits longer each time, and not for Kafka. What waiting cannot mend
ends a role at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from ssl import SSLCertVerificationError
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streams import health as healths
from streams.health import Health
from streams.kafka.reach import REACH
from streams.settings import Kafka, Settings, SettingsError

log = structlog.get_logger()

T = TypeVar("T")

ATTEMPT = 20.0
"""Seconds after which it is begun anew."""
SAID = 30.0
"""Seconds until the log says again that it waits."""
PAUSE = 1.0
"""Seconds between two attempts."""
AWAY = (KafkaError, TimeoutError, OSError)
_REFUSED = (SaslAuthenticationFailed, UnsupportedSaslMechanismError, IllegalSaslStateError, SSLCertVerificationError)
"""What waiting does not mend."""


async def served(settings: Settings, role: Callable[[Health], Awaitable[int]]) -> int:
    """Run *role*, with `/livez`, `/readyz` and `/metrics` open from before it begins until it has ended; the answer is its exit code."""
    health = Health(reach=REACH)
    observer = healths.listener(health, settings.observe)
    await observer.start()
    log.info("can be asked", observe=observer.port)
    try:
        return await role(health)
    finally:
        await observer.stop(1.0)


async def patiently(what: str, begin: Callable[[], Awaitable[T]], undo: Callable[[], Awaitable[Any]]) -> T:
    """What *begin* answers, once it does so without the cluster being in its way; *undo* takes back what it has begun. Raises SettingsError."""
    said, clock = -inf, asyncio.get_running_loop().time
    while True:
        try:
            return await begin()
        except AWAY as error:
            with suppress(Exception):
                await undo()
            if refusal := _refusal(error):
                raise SettingsError(f"{what}: the brokers refuse it: {refusal}") from None
            REACH.told(f"{what}: {error!r}")
            if clock() - said >= SAID:
                said = clock()
                log.warning("waits for Kafka", to=what, error=str(error) or type(error).__name__)
        await asyncio.sleep(PAUSE)


def _refusal(error: BaseException | None) -> str:
    """What a broker, or we, refused for good; empty where it may yet be well."""
    while error is not None:
        if isinstance(error, _REFUSED):
            return str(error) or type(error).__name__
        error = error.__cause__
    return ""


async def metadata(kafka: Kafka) -> Any:
    """The topics of the cluster, once a broker answers. Raises SettingsError where the address cannot be one, or says who we are not."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)

    async def ask() -> Any:
        async with asyncio.timeout(ATTEMPT):
            await producer.start()
            return await producer.client.fetch_all_metadata()

    async def undo() -> None:
        nonlocal producer
        old, producer = producer, AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
        await old.stop()

    try:
        return await patiently(f"reach kafka.bootstrap = {kafka.bootstrap}", ask, undo)
    except ValueError:
        raise SettingsError(f"kafka.bootstrap is {kafka.bootstrap!r}; expected host:port, more with commas between") from None
    finally:
        with suppress(Exception):
            await producer.stop()
