"""The keys that encrypt all other keys. They come from the settings, and lie nowhere else."""

import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from converters.core.localized import localized
from streams.encryption.master_key_form import MasterKeyError

_FORM = b"\x01"
_NONCE, _FINGERPRINT = 12, 4


class MasterKey:
    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.fingerprint = sha256(b"im-relay master key" + key).digest()[:_FINGERPRINT]
        """Tells keys apart, and says nothing of them."""

    def wrap(self, name: bytes, secret: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return _FORM + self.fingerprint + nonce + self._cipher.encrypt(nonce, secret, name)

    def unwrap(self, name: bytes, wrapped: bytes) -> bytes:
        """Raises InvalidTag."""
        begin = len(_FORM) + _FINGERPRINT
        return self._cipher.decrypt(wrapped[begin : begin + _NONCE], wrapped[begin + _NONCE :], name)


class MasterKeys:
    """*keys*: the first wraps new keys, all unwrap."""

    def __init__(self, keys: tuple[MasterKey, ...]) -> None:
        self.first = keys[0]
        self._by = {key.fingerprint: key for key in keys}

    def unwrap(self, name: bytes, wrapped: bytes) -> bytes | None:
        """None where no release of ours has written it. Raises MasterKeyError where the master key of it is not here."""
        if len(wrapped) < len(_FORM) + _FINGERPRINT + _NONCE or wrapped[: len(_FORM)] != _FORM:
            return None
        fingerprint = fingerprint_of(wrapped)
        if (key := self._by.get(fingerprint)) is None:
            known = ", ".join(sorted(each.hex() for each in self._by))
            raise MasterKeyError(
                localized(
                    "keys of this cluster are wrapped by the master key with the fingerprint {fingerprint}, and the settings have {known}: "
                    "name its file as encryption.master_key_file or encryption.second_key_file",
                    fingerprint=fingerprint.hex(),
                    known=known,
                )
            )
        try:
            return key.unwrap(name, wrapped)
        except InvalidTag:
            return None


def fingerprint_of(wrapped: bytes) -> bytes:
    """Which master key has wrapped it."""
    return wrapped[len(_FORM) : len(_FORM) + _FINGERPRINT]
