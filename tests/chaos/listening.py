"""A server on a port of this machine, in a thread and an event loop of its own."""

import asyncio
import threading
from typing import Self

import uvloop


class Listening:
    """A context manager, which listens as long as it is entered. Raises RuntimeError where it cannot."""

    def __init__(self, port: int, name: str) -> None:
        self._port = port
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True, name=name)
        self._listens = threading.Event()

    async def listen(self, port: int) -> object:
        """Begin to; what it answers is not used."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listens.wait(10):
            raise RuntimeError(f"cannot listen on port {self._port}")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.listen(self._port))
        self._listens.set()
        self._loop.run_forever()
