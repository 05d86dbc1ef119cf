"""How a role begins: its health can be asked from the first moment, and it waits for a cluster that is away.

Kafka away is no reason to end: whoever is started again and again waits longer each time, and not for Kafka. What waiting cannot mend
ends a role at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from math import inf
from ssl import SSLCertVerificationError
from typing import Any, TypeVar

import structlog
from aiokafka.errors import IllegalSaslStateError, KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError

from converters.core.localized import localized, text_of
from streams.encryption.master_key_form import MasterKeyError
from streams.kafka import clients, permissions
from streams.kafka.acls import AclGrant
from streams.kafka.cluster import Where
from streams.kafka.credentials import CredentialsError
from streams.kafka.reachability import REACH
from streams.kafka.supported_versions import TooOldError
from streams.roles import health as healths
from streams.roles.health import Health
from streams.settings.root import KafkaSettings, Settings, SettingsError

log = structlog.get_logger()

T = TypeVar("T")

ATTEMPT = 20.0
"""Seconds after which it is begun anew."""
SAID = 30.0
"""Seconds until the log says again that it waits."""
PAUSE = 1.0
"""Seconds between two attempts."""
AWAY = (KafkaError, TimeoutError, OSError)
_FINAL = (
    permissions.NotPermittedError,
    CredentialsError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    IllegalSaslStateError,
    SSLCertVerificationError,
    TooOldError,
)
"""What waiting does not mend."""


async def served(settings: Settings, role: Callable[[Health], Awaitable[int]]) -> int:
    """Run *role*, with `/livez`, `/readyz` and `/metrics` open from before it begins until it has ended; the answer is its exit code."""
    health = Health(reach=REACH)
    observer = healths.listener(health, settings.observe)
    await observer.start()
    log.info("can be asked", observe=observer.port)
    try:
        async with keys_read(settings):
            return await role(health)
    finally:
        await observer.stop(1.0)


@asynccontextmanager
async def keys_read(settings: Settings) -> AsyncIterator[None]:
    """Within it, all keys are known of what is encrypted. Raises SettingsError where the master key is not theirs."""
    cipher = settings.kafka.cluster.cipher
    if cipher is None:
        yield
        return
    cipher.ring.enter()
    try:
        await read_keys(settings)
        yield
    finally:
        await cipher.ring.leave()


async def read_keys(settings: Settings) -> None:
    """Until the keys of what is encrypted are known. Raises SettingsError where the master key is not theirs."""
    cluster = settings.kafka.cluster
    if cluster.cipher is None:
        return

    async def undo() -> None: ...

    try:
        await patiently("read the keys of what is encrypted", cluster, cluster.cipher.ring.start, undo)
    except MasterKeyError as error:
        raise SettingsError(text_of(error)) from None


async def patiently(what: str, where: Where, begin: Callable[[], Awaitable[T]], undo: Callable[[], Awaitable[Any]]) -> T:
    """What *begin* answers, once it does so without the cluster being in its way; *undo* takes back what it has begun. Raises SettingsError."""
    said, clock = -inf, asyncio.get_running_loop().time
    while True:
        try:
            return await begin()
        except AWAY as error:
            with suppress(Exception):
                await undo()
            told = permissions.why(error, where)
            if is_final(error):
                raise SettingsError(localized("kafka.bootstrap is {where}: {told}", where=where, told=told)) from None
            REACH.told(f"{what}: {told}")
            if clock() - said >= SAID:
                said = clock()
                log.warning("waiting for Kafka", to=what, error=told)
        await asyncio.sleep(PAUSE)


def is_final(error: BaseException | None) -> bool:
    """Whether a broker, or we, refused for good; everything else may yet be well."""
    while error is not None:
        if isinstance(error, _FINAL):
            return True
        error = error.__cause__
    return False


async def met(kafka: KafkaSettings, names: Sequence[str], grants: Sequence[AclGrant]) -> dict[str, int]:
    """The partitions of topics, 0 for one that is not there, once the cluster answers; it permits us *grants*. Raises SettingsError."""
    client = clients.client(kafka.cluster)

    async def ask() -> dict[str, int]:
        async with asyncio.timeout(ATTEMPT):
            await client.bootstrap()
            await permissions.require(client, grants)
            return await permissions.visible(client, names)

    async def undo() -> None:
        nonlocal client
        old, client = client, clients.client(kafka.cluster)
        await old.close()

    try:
        return await patiently("reach kafka.bootstrap", kafka.cluster, ask, undo)
    except ValueError:
        raise SettingsError(
            localized("kafka.bootstrap is {bootstrap!r}; expected host:port, more with commas between", bootstrap=kafka.bootstrap)
        ) from None
    finally:
        with suppress(Exception):
            await client.close()
