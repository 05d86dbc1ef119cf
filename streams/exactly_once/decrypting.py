"""What a worker has fetched, decrypted before tasks get it; what is under keys that it does not know yet is fetched again."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.encryption.master_key_form import MasterKeyError
from streams.kafka.clients import KafkaConsumer
from streams.kafka.permissions import why

if TYPE_CHECKING:
    from streams.encryption.cipher import RecordCipher

log = structlog.get_logger()

Fetched = dict[TopicPartition, list[Any]]


PAUSE = 1.0
"""Seconds until it is tried again where a master key is missing, or Kafka is away."""


class Decryption:
    """*tell* is told why nothing can be decrypted, for which a person is needed; and "" once something can."""

    @classmethod
    def of(cls, kafka: KafkaConsumer, tell: Callable[[str], None]) -> Self | None:
        """None where no master key is set."""
        return cls(kafka, kafka.cipher, tell) if kafka.cipher is not None else None

    def __init__(self, kafka: KafkaConsumer, cipher: "RecordCipher", tell: Callable[[str], None]) -> None:
        self._kafka = kafka
        self._cipher = cipher
        self._tell = tell
        self._locked = ""
        self._known: dict[TopicPartition, int] = {}
        """Of what lies before these offsets, all keys are known that there are."""
        self._seen: dict[TopicPartition, int] = {}
        """Behind what was fetched and is to be fetched again."""
        self.waits = False
        """Whether something that was fetched last waits for its keys."""

    def now(self, fetched: Fetched) -> Fetched:
        """*fetched*, decrypted, without the partitions whose keys have to be read first, which are read again.

        It does not wait: whoever waited with records in hand could not tell whether reading was moved meanwhile.
        """
        if not fetched:
            self.waits = False
            return fetched
        try:
            opened, unknown = self._cipher.open_now(fetched, self._known)
            self._lock("")
        except MasterKeyError as error:
            opened, unknown = {}, set(fetched)
            self._lock(str(error))
        for tp in unknown:
            self._seen[tp] = fetched[tp][-1].offset + 1
            self._kafka.seek(tp, fetched[tp][0].offset)
        self.waits = bool(unknown)
        return opened

    async def learn(self) -> None:
        """Until all keys are known of what was seen."""
        seen, self._seen = self._seen, {}
        away = False
        try:
            await self._cipher.ring.caught_up()
        except MasterKeyError as error:
            self._lock(str(error))
        except KafkaError as error:
            log.warning("keys unreadable, retrying", error=why(error, self._kafka._client.where))  # noqa: SLF001 - one of ours
            away = True
        else:
            self._known |= seen
        if away or self._locked:
            await asyncio.sleep(PAUSE)

    def _lock(self, told: str) -> None:
        if told != self._locked:
            self._locked = told
            if told:
                log.error("records cannot be decrypted, waiting", why=told)
            self._tell(told)
