"""Where records are encrypted and decrypted: every writer and reader of the relay's topics comes here, by the clients that it uses.

The value of a record of a private topic (`Topic.private`) is AES-256-GCM under a key that is derived from two others: that of a person, and that
of a period. Throwing either away makes the record unreadable. The associated data are topic, record key and the ids of both keys, so that a value
that was moved elsewhere is not taken for one. Source: NIST SP 800-38D; RFC 5869.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import inf
from typing import Any

from aiokafka import TopicPartition
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from streams.encryption.headers import AUTHOR, OURS, PERSON, SEALED, SEALED_VERSION, Headers, Lost, lost_header
from streams.encryption.key_ring import KeyRing
from streams.encryption.master_key_form import SIZE
from streams.encryption.reading import DecryptedValue, OpenRecord
from streams.exactly_once.outputs import Outputs
from streams.kafka import record_kinds
from streams.kafka.record_kinds import VERSION
from streams.kafka.topics import MEDIA_DONE, MEDIA_RESULTS
from streams.observe.encryption_metrics import UNDECRYPTABLE

_NONCE, _TAG = 12, 16
_NOBODY = b""
_LOCAL = b"\x01"
"""Begins a value of local state that is encrypted; all others are JSON."""
_CACHED = 20_000


class RecordCipher:
    """*enabled*: what is written is encrypted. What is read is decrypted either way."""

    def __init__(self, ring: KeyRing, *, enabled: bool) -> None:
        self.ring = ring
        self.enabled = enabled
        self._ciphers: dict[bytes, AESGCM] = {}
        ring.changed = self._ciphers.clear

    # -- writing

    async def sealed(self, outputs: Outputs) -> Outputs:
        """*outputs* as they go to the brokers. Raises KafkaError, MasterKeyError."""
        places = [where for where in outputs.records if is_private(where[0])]
        if not places:
            return outputs
        if self.enabled:
            await self.prepare(headers for where in places for _, _, headers in outputs.records[where])
        made = Outputs()
        for where, records in outputs.records.items():
            if where in places:
                made.records[where] = [(key, *self.seal(where[0], key, value, headers)) for key, value, headers in records]
            else:
                made.records[where] = records
        return made

    def ready(self, headers: Headers) -> bool:
        """Whether a record with *headers* can be encrypted now."""
        return not self.enabled or self.ring.ready(_owners([headers]))

    async def prepare(self, each: Iterable[Headers]) -> None:
        """Until records with these headers can be encrypted. Raises KafkaError, MasterKeyError."""
        if self.enabled:
            await self.ring.prepare(_owners(each))

    def seal(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> tuple[bytes | None, Headers]:
        """Value and headers as they go to the brokers; `prepare` comes before."""
        rest = [one for one in headers if one[0] not in OURS] if headers else headers
        if not self.enabled or value is None:
            return value, rest
        person = _person(headers) or self.ring.person(_owner(headers))
        period = self.ring.period() or self.ring.last_period() if _is_kept_for_a_time(topic) else b""
        assert person is not None, "prepare() comes before"
        assert period is not None, "prepare() comes before"
        ids = person + period
        cipher = self._cipher(ids) or AESGCM(os.urandom(SIZE))  # thrown away meanwhile: nobody shall read it
        nonce = os.urandom(_NONCE)
        sealed = nonce + cipher.encrypt(nonce, value, _bound(topic, ids, key))
        version = record_kinds.version_of(rest) or 1
        kept = [one for one in rest if one[0] != VERSION]
        return sealed, [(SEALED, ids), (VERSION, b"%d" % (version + SEALED_VERSION)), *kept]

    # -- reading

    def open_now(
        self, found: Mapping[TopicPartition, Sequence[Any]], known: Mapping[TopicPartition, float]
    ) -> tuple[dict[TopicPartition, list[Any]], set[TopicPartition]]:
        """Records as they were written; and the partitions of which some are under keys that are not known here, which are left out.

        Before the offsets of *known* all keys have been read that there are: what is unknown there was thrown away. Raises MasterKeyError.
        """
        opened: dict[TopicPartition, list[Any]] = {}
        unknown: set[TopicPartition] = set()
        for tp, records in found.items():
            if not is_private(tp.topic):
                opened[tp] = list(records)
                continue
            here: list[Any] = []
            end = known.get(tp, 0)
            for record in records:
                one = self._opened(tp.topic, record, last=record.offset < end) if _is_sealed(record) else record
                if one is None:
                    unknown.add(tp)
                    break
                here.append(one)
            else:
                opened[tp] = here
        return opened, unknown

    async def opened(self, found: Mapping[TopicPartition, Sequence[Any]]) -> dict[TopicPartition, list[Any]]:
        """The same, once all keys are known that there are. Raises KafkaError, MasterKeyError."""
        opened, unknown = self.open_now(found, {})
        if unknown:
            await self.ring.caught_up()
            late, _ = self.open_now({tp: found[tp] for tp in unknown}, dict.fromkeys(unknown, inf))
            opened |= late
        return opened

    def _opened(self, topic: str, record: Any, *, last: bool) -> Any:
        ids = record.headers[0][1]
        cipher = self._cipher(ids)
        if cipher is None:
            return _lost(topic, record, "discarded") if last else None
        value = record.value or b""
        try:
            plain = cipher.decrypt(value[:_NONCE], value[_NONCE:], _bound(topic, ids, record.key))
        except (InvalidTag, ValueError):
            return _lost(topic, record, "altered")
        if _is_kept_locally(topic):
            plain = DecryptedValue(plain, ids[:PERSON])
        return OpenRecord.of(record, plain, [(SEALED, ids), *_plain_headers(record.headers)])

    # -- local state

    def keep(self, value: bytes, headers: Headers) -> bytes:
        """*value* as it lies on this machine's disk: under the key of the person whose record it comes from."""
        if not self.enabled:
            return value
        person = value.person if isinstance(value, DecryptedValue) else _person(headers) or self.ring.person(_NOBODY)
        period = self.ring.period() or self.ring.last_period()
        if person is None or period is None:
            return value  # not started: no role is
        cipher, nonce = self._cipher(person + period) or AESGCM(os.urandom(SIZE)), os.urandom(_NONCE)
        return _LOCAL + person + period + nonce + cipher.encrypt(nonce, value, _LOCAL)

    def kept(self, raw: bytes) -> bytes | None:
        """The value again; None where its key was thrown away."""
        if raw[: len(_LOCAL)] != _LOCAL:
            return raw
        at = len(_LOCAL) + PERSON + 8
        cipher = self._cipher(raw[len(_LOCAL) : at])
        if cipher is None:
            return None
        try:
            return cipher.decrypt(raw[at : at + _NONCE], raw[at + _NONCE :], _LOCAL)
        except InvalidTag:
            return None

    def _cipher(self, ids: bytes) -> AESGCM | None:
        """Under the keys with these ids; None where one of them is not known. Raises MasterKeyError."""
        found = self._ciphers.get(ids)
        if found is None:
            secrets = self.ring.secrets(ids[:PERSON], ids[PERSON:])
            if secrets is None:
                return None
            if len(self._ciphers) >= _CACHED:
                self._ciphers.clear()
            person, period = secrets
            derived = HKDF(algorithm=SHA256(), length=SIZE, salt=person, info=b"im-relay record\x1f" + ids).derive(period)
            found = self._ciphers[ids] = AESGCM(derived)
        return found


def _is_sealed(record: Any) -> bool:
    headers = record.headers
    return bool(headers) and headers[0][0] == SEALED


def _bound(topic: str, ids: bytes, key: bytes | None) -> bytes:
    return b"%b\x00%b%b" % (topic.encode(), ids, key or b"")


def _person(headers: Headers) -> bytes | None:
    return next((value[:PERSON] for name, value in headers if name == SEALED), None)


def _owner(headers: Headers) -> bytes:
    return next((value for name, value in headers if name == AUTHOR), _NOBODY)


def _owners(each: Iterable[Headers]) -> set[bytes]:
    return {_owner(headers) for headers in each if _person(headers) is None}


def _plain_headers(headers: Sequence[tuple[str, bytes]]) -> Headers:
    """Without what is of the encryption, but for the keys' ids."""
    rest: Headers = []
    for name, value in headers[1:]:
        if name == VERSION and value.isdigit() and len(value) < 6 and int(value) > SEALED_VERSION:
            rest.append((name, b"%d" % (int(value) - SEALED_VERSION)))
        elif name not in OURS:
            rest.append((name, value))
    return rest


def _lost(topic: str, record: Any, why: Lost) -> OpenRecord:
    """What is left of it; what follows from it is nobody's."""
    kind = record_kinds.kind_of(topic)
    UNDECRYPTABLE.labels(kind.name if kind is not None else "other", why).inc()
    return OpenRecord.of(record, b"", [lost_header(why), *_plain_headers(record.headers)])


@lru_cache(4096)
def is_private(topic: str) -> bool:
    kind = record_kinds.kind_of(topic)
    return kind is not None and kind.topic.private


@lru_cache(4096)
def _is_kept_locally(topic: str) -> bool:
    """Whether its values are rows of local state: there they belong under the key of the same person."""
    kind = record_kinds.kind_of(topic)
    return kind is not None and kind.topic in (MEDIA_RESULTS, MEDIA_DONE)


@lru_cache(4096)
def _is_kept_for_a_time(topic: str) -> bool:
    """Else a key of a period might be thrown away before the record is."""
    kind = record_kinds.kind_of(topic)
    return kind is not None and kind.topic.kept is not None
