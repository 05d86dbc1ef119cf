"""Keys as they lie in the topic `keys`: a key of each person, and one of each period, wrapped by a master key."""

import os
from hashlib import sha256

from msgspec import Struct

from streams.encryption.headers import PERSON
from streams.encryption.master_key_form import SIZE
from streams.encryption.master_keys import MasterKey, MasterKeys

PARTITION = 0
"""All of them lie here: a topic that is compacted needs no more, and whoever reads it knows by one offset how far."""
PERIOD = 8
"""Bytes of the id of a period's key."""
DIGEST = 10
"""Bytes of a person's key id that name the person; the rest tells that person's keys apart."""
_PERSON, _PERIOD = b"u", b"p"
_TIME = 8


class PersonKey(Struct, frozen=True):
    id: bytes
    secret: bytes


class PeriodKey(Struct, frozen=True):
    id: bytes
    secret: bytes
    end: int
    """When nothing more is encrypted with it, ms since 1970."""


def digest(owner: bytes) -> bytes:
    """A person, as the ids of that person's keys begin; the name itself is not kept."""
    return sha256(b"im-relay owner\x1f" + owner).digest()[:DIGEST]


def new_person(owner: bytes) -> PersonKey:
    return PersonKey(digest(owner) + os.urandom(PERSON - DIGEST), os.urandom(SIZE))


def new_period(end: int) -> PeriodKey:
    return PeriodKey(os.urandom(PERIOD), os.urandom(SIZE), end)


def record_key(key: PersonKey | PeriodKey) -> bytes:
    return (_PERSON if isinstance(key, PersonKey) else _PERIOD) + key.id


def person_record(id_: bytes) -> bytes:
    """The record key of a person's key."""
    return _PERSON + id_


def dump(key: PersonKey | PeriodKey, master: MasterKey) -> tuple[bytes, bytes]:
    """Key and value of its record."""
    name = record_key(key)
    end = key.end.to_bytes(_TIME) if isinstance(key, PeriodKey) else b""
    return name, master.wrap(name, key.secret + end)


def id_of(name: bytes) -> bytes | None:
    """Of which key the record with the key *name* is; None of what is not ours."""
    if (name[:1], len(name)) in ((_PERSON, 1 + PERSON), (_PERIOD, 1 + PERIOD)):
        return name[1:]
    return None


def load(name: bytes, value: bytes, masters: MasterKeys) -> PersonKey | PeriodKey | None:
    """None of what no release of ours has written. Raises MasterKeyError."""
    id_ = id_of(name)
    if id_ is None or (found := masters.unwrap(name, value)) is None:
        return None
    if len(id_) == PERSON and len(found) == SIZE:
        return PersonKey(id_, found)
    if len(id_) == PERIOD and len(found) == SIZE + _TIME:
        return PeriodKey(id_, found[:SIZE], int.from_bytes(found[SIZE:]))
    return None
