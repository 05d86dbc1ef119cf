"""Callbacks encrypted as they are stored, each under the key of whoever wrote it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka.errors import KafkaError

from converters.routing.route import App
from streams.encryption.headers import AUTHOR, Headers, owner
from streams.encryption.master_key_form import MasterKeyError
from streams.exactly_once.ending import ended
from streams.kafka.cluster import Where, cluster_of

if TYPE_CHECKING:
    from streams.encryption.cipher import RecordCipher

log = structlog.get_logger(__name__)

FAILURES = (KafkaError, MasterKeyError, TimeoutError, OSError)
PAUSE = 1.0
"""Seconds until it is tried again to make keys."""

Owners = Mapping[str, Callable[[bytes], bytes]]
"""By topic: (body) -> `streams.encryption.headers.owner` of who wrote it."""
NOBODY: Owners = {}


def owners_of(apps: Iterable[App], topic: Callable[[str], str]) -> Owners:
    """*topic* gives the topic of a platform's callbacks."""
    platforms = {app.platform.name: app.platform for app in apps}
    return {topic(name): partial(_owner, name, platform.author) for name, platform in platforms.items()}


def _owner(platform: str, author: Callable[[bytes], str], body: bytes) -> bytes:
    return owner(platform, author(body))


class NoKeysError(Exception):
    """Keys that are missing cannot be made at the moment."""


class CallbackCipher:
    """Of one store. Where no master key is set, it changes nothing."""

    def __init__(self, where: Where, owners: Owners) -> None:
        self._cipher = cluster_of(where).cipher
        self._owners = owners if self._cipher is not None and self._cipher.enabled else {}
        self._entered = False
        self._mending: asyncio.Task[None] | None = None
        """Makes the keys that could not be made; until it has, nobody waits for keys."""

    def enter(self) -> None:
        if self._cipher is not None and not self._entered:
            self._entered = True
            self._cipher.ring.enter()

    async def leave(self) -> None:
        if self._mending is not None:
            await ended([self._mending])
        if self._cipher is not None and self._entered:
            self._entered = False
            await self._cipher.ring.leave()

    def owned(self, topic: str, body: bytes, headers: Headers) -> Headers:
        """*headers*, which name whose key *body* belongs under."""
        whose = self._owners.get(topic)
        return headers if whose is None else [*headers, (AUTHOR, whose(body))]

    async def prepare(self, pending: list[Any], seconds: float) -> None:
        """Until the first of *pending*, records with headers, can be encrypted, and as a rule all. Raises NoKeysError."""
        while self._cipher is not None and pending and not self._cipher.ready(pending[0].headers):
            if self._mending is not None and not self._mending.done():
                raise NoKeysError
            wanted = [record.headers for record in pending]
            try:
                async with asyncio.timeout(seconds):
                    await self._cipher.prepare(wanted)
            except FAILURES as error:
                log.warning("callbacks of new persons are refused: their keys cannot be made", error=type(error).__name__)
                if self._mending is None or self._mending.done():
                    self._mending = asyncio.create_task(self._mend(self._cipher, wanted))
                raise NoKeysError from None

    async def _mend(self, cipher: "RecordCipher", wanted: list[Headers]) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            with suppress(*FAILURES):
                await cipher.prepare(wanted)
                log.info("keys can be made again")
                return

    def ready(self, headers: Headers) -> bool:
        return self._cipher is None or self._cipher.ready(headers)

    def seal(self, topic: str, key: bytes, value: bytes, headers: Headers) -> tuple[bytes | None, Headers]:
        return (value, headers) if self._cipher is None else self._cipher.seal(topic, key, value, headers)
