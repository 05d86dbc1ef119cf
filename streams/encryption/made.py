"""The cipher of a process, made from its settings."""

from typing import TYPE_CHECKING

from converters.core.localized import text_of
from streams.encryption.cipher import RecordCipher
from streams.encryption.key_ring import DAY, KeyRing
from streams.encryption.master_keys import MasterKey, MasterKeys
from streams.encryption.settings import EncryptionSettings
from streams.kafka.cluster import Cluster
from streams.kafka.topics import KEYS

if TYPE_CHECKING:
    from streams.settings.root import Settings

_WRITERS = frozenset({"ingress", "convert", "deliver", "media", "gaps", "migrate"})
"""Roles that write what people wrote, to Kafka or to their disk: they see to the keys of the period as they start, others where they need one."""


def encrypting(settings: "Settings") -> None:
    """Have the clients of this process encrypt and decrypt, where it is given the master keys. Raises SettingsError."""
    from streams.settings.root import SettingsError

    section, kafka = settings.encryption, settings.kafka
    if not section.is_used(settings.process):
        return
    try:
        keys = section.keys()
    except ValueError as error:
        raise SettingsError(text_of(error)) from None
    kafka.cluster.cipher = cipher_for(kafka.cluster, kafka.prefix, section, keys, settings.process.name)


def cipher_for(cluster: Cluster, prefix: str, settings: EncryptionSettings, keys: tuple[bytes, ...], process: str) -> RecordCipher:
    """*keys*: the master keys, of which the first wraps new keys; *process* is the name of whoever uses it."""
    ring = KeyRing(
        cluster,
        KEYS.name(prefix=prefix),
        MasterKeys(tuple(MasterKey(key) for key in keys)),
        period=int(settings.period_days * DAY),
        kept=int(settings.kept_days * DAY),
        makes=settings.enabled and process in _WRITERS,
    )
    return RecordCipher(ring, enabled=settings.enabled)
