"""httpx reads the certificates of the world for each client, and `httpx.get` makes one for each question: 25 ms of CPU, where tests ask all the time.

They are read once in a process; a client that names others has its own as ever.
"""

import os
import ssl
from functools import cache
from typing import Any

import httpx
from httpx._transports import default

_made = httpx.create_ssl_context
NAMED = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


@cache
def _of_the_world(trust_env: bool, *_: str | None) -> ssl.SSLContext:
    return _made(trust_env=trust_env)


def _context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    if verify is True and cert is None:
        return _of_the_world(trust_env, *map(os.environ.get, NAMED))
    return _made(verify, cert, trust_env)


def certificates_read_once() -> None:
    default.create_ssl_context = _context  # type: ignore[attr-defined]
