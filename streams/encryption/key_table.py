"""The keys that a process knows, in memory and nowhere else: a copy on disk would outlive its deletion in old files, snapshots and backups.

A million keys of persons take some 55 MB: entries of fixed length in small byte arrays, since a dictionary would take five times as much.
"""

from collections.abc import Iterator

from streams.encryption.headers import PERSON
from streams.encryption.key_records import DIGEST, PeriodKey, PersonKey
from streams.encryption.master_key_form import SIZE

_ENTRY = PERSON + SIZE
_BUCKETS = 1 << 16


class KeyTable:
    def __init__(self) -> None:
        self._buckets: list[bytearray | None] = [None] * _BUCKETS
        self.persons = 0
        self.periods: dict[bytes, PeriodKey] = {}

    def put(self, key: PersonKey | PeriodKey) -> None:
        if isinstance(key, PeriodKey):
            self.periods[key.id] = key
            return
        bucket = self._bucket(key.id)
        at = _find(bucket, key.id)
        if at >= 0:
            bucket[at + PERSON : at + _ENTRY] = key.secret
        else:
            bucket += key.id + key.secret
            self.persons += 1

    def remove(self, id_: bytes) -> bool:
        """Whether there was one."""
        if len(id_) != PERSON:
            return self.periods.pop(id_, None) is not None
        bucket = self._bucket(id_)
        at = _find(bucket, id_)
        if at < 0:
            return False
        bucket[at : at + _ENTRY] = bytes(_ENTRY)
        del bucket[at : at + _ENTRY]
        self.persons -= 1
        return True

    def person(self, id_: bytes) -> bytes | None:
        """The secret of a person's key."""
        bucket = self._buckets[int.from_bytes(id_[:2])]
        if bucket is None or (at := _find(bucket, id_)) < 0:
            return None
        return bytes(bucket[at + PERSON : at + _ENTRY])

    def of(self, digest: bytes) -> list[bytes]:
        """The ids of the keys of one person, the oldest that was read first."""
        bucket = self._buckets[int.from_bytes(digest[:2])]
        return [id_ for id_ in _ids(bucket) if id_[:DIGEST] == digest] if bucket is not None else []

    def clear(self) -> None:
        self._buckets = [None] * _BUCKETS
        self.persons = 0
        self.periods.clear()

    def _bucket(self, id_: bytes) -> bytearray:
        number = int.from_bytes(id_[:2])
        bucket = self._buckets[number]
        if bucket is None:
            bucket = self._buckets[number] = bytearray()
        return bucket


def _find(bucket: bytearray, id_: bytes) -> int:
    """Where its entry begins; -1 where there is none."""
    at = bucket.find(id_)
    while at >= 0 and at % _ENTRY:
        at = bucket.find(id_, at + 1)
    return at


def _ids(bucket: bytearray) -> Iterator[bytes]:
    for at in range(0, len(bucket), _ENTRY):
        yield bytes(bucket[at : at + PERSON])
