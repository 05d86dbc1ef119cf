"""A store of files in the test's own event loop, with a clock of its own."""

import time
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.files.app import FilesApp
from streams.files.disk import FileDirectory
from streams.http_server.listener import Listener
from streams.media.store import StoredObject, StoreFailed
from streams.media.store.files import FileStore
from streams.media.store.settings import MediaStoreSettings

SECRET = "the secret of this test's store"
DAY = 86_400
LARGEST = 8 << 20


class Clock:
    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now


class Running:
    """*root* is where it keeps its files; *port* is where it listens."""

    def __init__(self, root: Path) -> None:
        self.root, self.clock, self.port = root, Clock(), 0
        self.disk = FileDirectory(root, kept=30 * DAY, clock=self.clock)

    @property
    def app(self) -> FilesApp:
        return FilesApp(
            self.disk, SECRET.encode(), public_url=f"http://127.0.0.1:{self.port}/", lives=7 * DAY, largest=LARGEST, clock=self.clock
        )

    def client(self, **more: Any) -> FileStore:
        given: dict[str, Any] = {"kind": "files", "endpoint": f"http://127.0.0.1:{self.port}", "secret": SECRET, "timeout": 20}
        return FileStore(MediaStoreSettings(**(given | more)), self.clock)

    async def put(
        self, content: bytes, name: str = "a.bin", mime: str = "", app: str = "new", digest: str = "", **more: Any
    ) -> StoredObject | StoreFailed:
        path = self.root / "to-put"
        path.write_bytes(content)
        store = self.client(**more)
        try:
            return await store.put(path, name=name, mime=mime, digest=digest or sha256(content).hexdigest(), app=app)
        finally:
            await store.close()

    async def kept(self, content: bytes, **more: Any) -> StoredObject:
        found = await self.put(content, **more)
        assert isinstance(found, StoredObject), found
        return found

    def files(self) -> list[Path]:
        """All that lies on the disk, whole or not."""
        return [path for part in ("kept", "coming") for path in (self.root / part).rglob("*") if path.is_file()]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Running]:
    one = Running(tmp_path)
    one.disk.open()
    listener = Listener(Later(one), "127.0.0.1", 0, "files")
    await listener.start()
    one.port = listener.port
    try:
        yield one
    finally:
        await listener.stop(1)
        one.disk.close()


class Later:
    """The application, made when its port is known."""

    def __init__(self, one: Running) -> None:
        self._one = one

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._one.app(scope, receive, send)


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        yield client
