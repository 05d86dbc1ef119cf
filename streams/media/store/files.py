"""A store of files that is the relay's own role, `im-relay files`."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import aiohttp
import msgspec
from yarl import URL

from streams.files.signed import ROOT, headers, upload
from streams.media.store.settings import MediaStoreSettings
from streams.media.store.store import StoredObject, StoreFailed

CONNECT = 5.0
FULL_WAIT = 30.0
"""Seconds; a disk is emptied by people, or once in ten minutes."""


class FileStore:
    """*clock*: seconds since 1970."""

    def __init__(self, settings: MediaStoreSettings, clock: Callable[[], float] = time.time) -> None:
        self._base, self._clock = settings.endpoint.rstrip("/"), clock
        self._secret = settings.secret.get_secret_value().encode()
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout, sock_connect=CONNECT)
        self._session: aiohttp.ClientSession | None = None

    async def put(self, path: Path, *, name: str, mime: str, digest: str, app: str) -> StoredObject | StoreFailed:
        length = (await asyncio.to_thread(path.stat)).st_size
        one = upload(self._secret, app, digest=digest, length=length, name=name, mime=mime, now=self._clock())
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
        try:
            with path.open("rb") as content:
                request = self._session.put(
                    URL(self._base + ROOT + one.key, encoded=True),
                    data=content,
                    headers=headers(self._secret, one),
                    expect100=True,  # what is there already, or cannot be taken, is not sent at all
                    allow_redirects=False,
                )
                async with request as answer:
                    return _read(answer.status, answer.headers.get("retry-after", ""), await answer.content.read(4096))
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return StoreFailed("store-away", again=True, after=1.0)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _read(status: int, retry_after: str, body: bytes) -> StoredObject | StoreFailed:
    match status:
        case 200 | 201:
            with suppress(msgspec.DecodeError):
                return msgspec.json.decode(body, type=StoredObject)
            return StoreFailed("store-away", again=True, after=1.0)
        case 401 | 403 | 404 | 405:
            return StoreFailed("store-refused", again=False)
        case 413:
            return StoreFailed("store-too-large", again=False)
        case 422:
            return StoreFailed("store-changed", again=False)
        case 507:
            return StoreFailed("store-full", again=True, after=FULL_WAIT)
        case 429 | 503:
            return StoreFailed("store-busy", again=True, after=float(retry_after) if retry_after.isdecimal() else 2.0)
        case _:
            return StoreFailed("store-away", again=True, after=1.0)
