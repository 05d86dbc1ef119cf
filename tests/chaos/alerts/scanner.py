"""A virus scanner that can be taken away, and comes back to the same port."""

import asyncio
import threading

from streams.kafka.local.ports import free_port
from tests.media.clamd import Clamd


class Scanner:
    def __init__(self) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._clamd = Clamd(largest=1 << 24)
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.start()

    def start(self) -> None:
        async def open_() -> asyncio.Server:
            return await asyncio.start_server(self._clamd._serve, "127.0.0.1", int(self.address.rpartition(":")[2]))

        self._server = asyncio.run_coroutine_threadsafe(open_(), self._loop).result(10)

    def stop(self) -> None:
        if self._server is not None:
            self._loop.call_soon_threadsafe(self._server.close)
            self._server = None
