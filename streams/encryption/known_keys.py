"""What a process knows of the keys by what it has read of their topic."""

from aiokafka import ConsumerRecord

from converters.core.localized import Localized, text_of
from converters.core.wire import Malformed
from streams.encryption import key_records
from streams.encryption.key_records import PeriodKey, PersonKey
from streams.encryption.key_table import KeyTable
from streams.encryption.master_key_form import MasterKeyError
from streams.encryption.master_keys import MasterKeys, fingerprint_of
from streams.kafka import foreign_records, record_kinds
from streams.observe.encryption_metrics import ENCRYPTION_KEYS


class KnownKeys:
    def __init__(self, masters: MasterKeys) -> None:
        self._masters = masters
        self.table = KeyTable()
        self.unread: dict[bytes, Localized] = {}
        """Keys that are wrapped by a master key that is not here, and what to do."""
        self.old: set[bytes] = set()
        """Keys that are wrapped by another master key than the first."""
        self._new: set[bytes] = set()

    def take(self, raw: ConsumerRecord) -> bool:
        """Whether a key was thrown away by it."""
        name, value = raw.key or b"", raw.value
        id_ = key_records.id_of(name)
        if id_ is None:
            foreign_records.note("keys", raw.topic, raw.partition, raw.offset, "unreadable")
            return False
        if value is None:
            self.unread.pop(id_, None)
            self.old.discard(id_)
            self._new.discard(id_)
            return self.table.remove(id_)
        try:
            record_kinds.check(raw.topic, raw.headers)
            key = key_records.load(name, value, self._masters)
        except (MasterKeyError, record_kinds.TooNewError) as error:
            self.unread[id_] = text_of(error)
            return False
        except Malformed:
            key = None
        if key is None:
            foreign_records.note("keys", raw.topic, raw.partition, raw.offset, "unreadable")
            return False
        self.unread.pop(id_, None)
        (self.old.discard if fingerprint_of(value) == self._masters.first.fingerprint else self.old.add)(id_)
        self.table.put(key)
        return False

    def writing(self, ids: set[bytes]) -> None:
        """Keys with these ids are being written."""
        self._new = ids

    def written(self, key: PersonKey | PeriodKey) -> None:
        """It is on the brokers, unless it was thrown away again meanwhile."""
        if key.id in self._new:
            self.table.put(key)

    def secret(self, person: bytes) -> bytes | None:
        """Of the person's key with this id; None where there is none. Raises MasterKeyError."""
        found = self.table.person(person)
        if found is None and person in self.unread:
            raise MasterKeyError(self.unread[person])
        return found

    def period(self, id_: bytes) -> PeriodKey | None:
        """None where there is none. Raises MasterKeyError."""
        found = self.table.periods.get(id_)
        if found is None and id_ in self.unread:
            raise MasterKeyError(self.unread[id_])
        return found

    def show(self) -> None:
        ENCRYPTION_KEYS.labels("person").set(self.table.persons)
        ENCRYPTION_KEYS.labels("period").set(len(self.table.periods))
