"""Which cluster is spoken to, and who we are to it."""

import time
from typing import TYPE_CHECKING

from streams.kafka.credentials import Credentials
from streams.kafka.security import SecuritySettings

if TYPE_CHECKING:
    from streams.encryption.cipher import RecordCipher

REPEAT = 10.0
"""Seconds in which one thing about a cluster is said once: hundreds of connections may meet it."""


class Cluster:
    """Its text is the address. One for each process, so that tokens and certificates are read once for all its connections.

    *untried*: brokers of versions, or of makers, on which the relay was never tried are taken as well.
    """

    def __init__(self, bootstrap: str, security: SecuritySettings | None = None, *, untried: bool = False) -> None:
        self.bootstrap = bootstrap
        self.security = security or SecuritySettings()
        self.credentials = Credentials(self.security)
        self.untried = untried
        self.cipher: RecordCipher | None = None
        """Encrypts and decrypts what people wrote; None where no master key is set."""
        self._said: dict[object, float] = {}

    def __str__(self) -> str:
        return self.bootstrap

    def new(self, what: object) -> bool:
        """Whether *what* is to be said: it was not a moment ago."""
        now = time.monotonic()
        if now - self._said.get(what, -REPEAT) < REPEAT:
            return False
        if len(self._said) > 1000:
            self._said.clear()
        self._said[what] = now
        return True


Where = Cluster | str
"""A text is the address of a cluster that is spoken to without TLS and without a name."""


def cluster_of(where: Where) -> Cluster:
    return where if isinstance(where, Cluster) else Cluster(where)
