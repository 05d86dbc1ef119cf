"""A bucket of the customer's, in anything that speaks S3."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from streams.files.naming import disposition, extension_of, key_of, plain_mime, plain_name
from streams.media.store.settings import MediaStoreSettings
from streams.media.store.store import StoredObject, StoreFailed
from streams.outbound.proxies import DIRECT, ProxySettings, given

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Credential

DAY = 86_400.0
PART = 8 * 1024 * 1024
"""Bytes held in memory at once, three times; larger files go up in parts. Every part but the last has 5 MiB or more."""
_STATUS = re.compile(r"status code: (\d{3})|HTTP status \w+ error \((\d{3})")


class BucketStore:
    def __init__(self, settings: MediaStoreSettings, proxied: ProxySettings | None = None) -> None:
        self._settings = settings
        self._secret = settings.secret_access_key.get_secret_value()
        self._links = timedelta(days=settings.link_days)
        prefix = settings.prefix.strip("/")
        # The library reads AWS_… of the environment for whatever it is not given.
        self._store = S3Store(
            settings.bucket,
            prefix=prefix or None,
            config={
                "skip_signature": False,
                "region": settings.region,
                "virtual_hosted_style_request": not settings.path_style,
                **({"endpoint": (where := _endpoint(settings)), "aws_endpoint_url_s3": where} if settings.endpoint else {}),
            },
            credential_provider=self._credentials,
            client_options={
                "allow_http": settings.allow_http,
                "connect_timeout": timedelta(seconds=5),
                "timeout": timedelta(seconds=settings.timeout),
                **(_through(proxied) if proxied is not None else {}),
            },
            retry_config={
                "max_retries": 2,
                "retry_timeout": timedelta(seconds=min(30.0, settings.timeout)),
                "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=2), "base": 2},
            },
        )

    async def put(self, path: Path, *, name: str, mime: str, digest: str, app: str) -> StoredObject | StoreFailed:
        name, mime, length = plain_name(name), plain_mime(mime), (await asyncio.to_thread(path.stat)).st_size
        # An object has one name and type for all who fetch it, so these are a part of what it is called.
        key = key_of(self._secret.encode(), app, digest, extension_of(mime, name), (name, mime))
        try:
            async with asyncio.timeout(self._settings.timeout):
                age = await self._age(key, length)
                if age is None:
                    await obstore.put_async(
                        self._store,
                        key,
                        path,
                        attributes={"Content-Type": mime, "Content-Disposition": disposition(name, mime)},
                        chunk_size=PART,
                        max_concurrency=3,
                    )
                return await self._link(key, age or 0.0)
        except (BaseError, TimeoutError, FileNotFoundError) as error:
            return _failed(error)

    async def delete(self, key: str) -> bool:
        """False where the key is not permitted to, or the bucket does not answer."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                await obstore.delete_async(self._store, key)
        except (BaseError, TimeoutError, FileNotFoundError):
            return False
        return True

    async def close(self) -> None:
        """Nothing is held."""

    def _credentials(self) -> "S3Credential":
        return {"access_key_id": self._settings.access_key_id, "secret_access_key": self._secret, "token": None, "expires_at": None}

    async def _age(self, key: str, length: int) -> float | None:
        """Seconds since *key* was put; None where it has to be put."""
        try:
            found = await obstore.head_async(self._store, key)
        except (FileNotFoundError, PermissionDeniedError, UnauthenticatedError):  # who may not look may still put
            return None
        age = max(0.0, (datetime.now(UTC) - found["last_modified"]).total_seconds())
        kept = self._settings.kept_days * DAY
        # Half of its time at least is left, so that what is said of the link stays true for long.
        fresh = not kept or age + max(kept / 2, 0 if self._settings.public_url else self._links.total_seconds()) <= kept
        return age if fresh and found["size"] == length else None

    async def _link(self, key: str, age: float) -> StoredObject:
        kept = self._settings.kept_days * DAY
        if public := self._settings.public_url.rstrip("/"):
            return StoredObject(f"{public}/{quote(key)}", max(0.0, kept - age))
        return StoredObject(await obstore.sign_async(self._store, "GET", key, self._links), self._links.total_seconds())


def _through(proxied: ProxySettings) -> "ClientConfig":
    """As the library wants it. What the environment says of proxies it reads by itself. Raises ValueError."""
    proxy, _ = given(proxied, "media")
    if proxy == DIRECT:
        # Only a proxy of its own keeps it from looking for others.
        return {"proxy_url": "http://127.0.0.1:9", "proxy_excludes": "*"}
    return {"proxy_url": proxy, "proxy_excludes": ",".join(["localhost", "127.0.0.0/8", "::1", *proxied.no_proxy])} if proxy else {}


def _endpoint(settings: MediaStoreSettings) -> str:
    if settings.path_style:
        return settings.endpoint
    scheme, host = urlsplit(settings.endpoint)[:2]
    return f"{scheme}://{settings.bucket}.{host}"


def _failed(error: BaseException) -> StoreFailed:
    """By its kind, and by the status that its text quotes: the library has no better."""
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError, FileNotFoundError)):
        return StoreFailed("store-refused", again=False)
    found = _STATUS.search(str(error))
    status = int(found[1] or found[2]) if found else 0
    if status == 413:
        return StoreFailed("store-too-large", again=False)
    if status in (429, 503):
        return StoreFailed("store-busy", again=True, after=2.0)
    if 400 <= status < 500 and status != 408:
        return StoreFailed("store-refused", again=False)
    return StoreFailed("store-away", again=True, after=1.0)
