"""One port before several processes, as a Service is: a connection goes to the next one that takes it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle
from typing import Any

from tests.chaos.listening import Listening


class _End(asyncio.Protocol):
    """One end of a pair; what comes in goes out at the other."""

    def __init__(self, other: "_End | None" = None) -> None:
        self.other = other
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class _Front(_End):
    def __init__(self, balancer: "Balancer") -> None:
        super().__init__()
        self._balancer = balancer
        self._early: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        else:
            super().data_received(data)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._linking = asyncio.ensure_future(self._link())

    async def _link(self) -> None:
        back = _End(self)
        for port in self._balancer.in_turn():
            with suppress(OSError):
                await asyncio.get_running_loop().create_connection(lambda: back, "127.0.0.1", port)
                self.other = back
                back.transport.writelines(self._early)
                if self.transport.is_closing():
                    back.transport.close()
                return
        self.transport.abort()


class Balancer(Listening):
    def __init__(self, port: int, backends: Sequence[int]) -> None:
        super().__init__(port, "balancer")
        self._backends = backends
        self._turn = cycle(range(len(backends)))

    def in_turn(self) -> Sequence[int]:
        """Each of them once: whoever meets one that is gone tries all others, however many come at the same time."""
        first = next(self._turn)
        return (*self._backends[first:], *self._backends[:first])

    async def listen(self, port: int) -> object:
        return await asyncio.get_running_loop().create_server(lambda: _Front(self), "127.0.0.1", port, backlog=512)
