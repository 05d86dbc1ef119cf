"""A way to the broker that a test can close, move, or let fall silent: what a balancer, a firewall or a new address do.

The broker names its own port in its answers; that is replaced by the port that is *named* at the time. Source: Apache Kafka, "Protocol guide":
size, API key, version, correlation id.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Self

METADATA, FIND_COORDINATOR, DESCRIBE_CLUSTER = 3, 10, 60


class Flow:
    """One connection. *silent*: what either end writes is lost, and neither is told."""

    def __init__(self, port: int, moved: float) -> None:
        self.port = port
        self.silent = False
        self.moved = moved
        self.lost = 0
        """Frames that were written into it and went nowhere."""


class Gateway:
    """An async context manager: a *door*, which is for the settings, and a port that the broker is *named* by. *idle*: seconds without a byte after which a flow is forgotten, silently."""

    def __init__(self, bootstrap: str, idle: float | None = None) -> None:
        host, port = bootstrap.rsplit(":", 1)
        self._broker = host, int(port)
        self._idle = idle
        self.door = 0
        self.named = 0
        self.flows: list[Flow] = []
        self.forgotten = 0
        self._servers: dict[int, asyncio.Server] = {}
        self._tasks: dict[asyncio.Task[None], int] = {}

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.door}"

    async def open(self, port: int = 0, *, name: bool = True) -> int:
        """Listen on one more port, and *name* it from now on."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        port = server.sockets[0].getsockname()[1]
        self._servers[port] = server
        if name:
            self.named = port
        return port

    async def shut(self) -> None:
        """Nobody can be reached any more, nor the door."""
        for port in list(self._servers):
            await self.close(port)

    async def come(self) -> None:
        """After `shut`: the broker has a new address, and the door, where it was, leads there."""
        await self.open()
        await self.open(self.door, name=False)

    async def close(self, port: int) -> None:
        """Nobody listens there any more, and who was connected is cut off."""
        self._servers.pop(port).close()
        ending = [task for task, at in self._tasks.items() if at == port]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def forget(self) -> list[Flow]:
        """All flows of now fall silent; new ones are not hindered."""
        for flow in self.flows:
            flow.silent = True
        return list(self.flows)

    async def __aenter__(self) -> Self:
        self.door = await self.open()
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        port = writer.get_extra_info("sockname")[1]
        self._tasks[task] = port
        task.add_done_callback(self._tasks.pop)
        flow = Flow(port, asyncio.get_running_loop().time())
        asked: dict[bytes, int] = {}

        def up(frame: bytes) -> bytes:
            asked[frame[4:8]] = int.from_bytes(frame[:2], "big")
            return frame

        def down(frame: bytes) -> bytes:
            if asked.pop(frame[:4], None) in (METADATA, FIND_COORDINATOR, DESCRIBE_CLUSTER):
                return frame.replace(self._broker[1].to_bytes(4, "big"), self.named.to_bytes(4, "big"))
            return frame

        try:
            back_reader, back_writer = await asyncio.open_connection(*self._broker)
        except OSError:
            writer.close()
            return
        self.flows.append(flow)
        ways = [
            asyncio.ensure_future(self._pump(flow, reader, back_writer, up)),
            asyncio.ensure_future(self._pump(flow, back_reader, writer, down)),
        ]
        try:
            with suppress(asyncio.CancelledError):  # it is being closed
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.flows.remove(flow)
            for way in ways:
                way.cancel()
            writer.close()
            back_writer.close()

    async def _pump(self, flow: Flow, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Callable[[bytes], bytes]) -> None:
        clock = asyncio.get_running_loop().time
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                size = await reader.readexactly(4)
                frame = change(await reader.readexactly(int.from_bytes(size, "big")))
                if self._idle is not None and not flow.silent and clock() - flow.moved > self._idle:
                    flow.silent = True
                    self.forgotten += 1
                if flow.silent:
                    flow.lost += 1
                    continue
                flow.moved = clock()
                writer.write(len(frame).to_bytes(4, "big") + frame)
                await writer.drain()
