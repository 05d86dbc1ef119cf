"""A proxy before the broker that loses or delays its answers: the request was carried out, and the client does not hear of it, or late.

The frames are those of "Apache Kafka: Protocol": a length of 4 bytes; in a request then the API key (2), its version (2) and a
correlation id (4), in an answer the correlation id.
"""

import asyncio
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from tests.chaos.listening import Listening

PRODUCE, TXN_OFFSET_COMMIT, ADD_OFFSETS_TO_TXN, END_TXN = 0, 28, 25, 26
NAMES = {PRODUCE: "Produce", TXN_OFFSET_COMMIT: "TxnOffsetCommit", END_TXN: "EndTxn", ADD_OFFSETS_TO_TXN: "AddOffsetsToTxn"}


class BrokerProxy(Listening):
    """A context manager. Of the answers to *apis* the *share* is lost, half of them by a cut connection and half by silence.

    Where *late* is given, they come so many seconds later instead, and those behind them too.
    """

    def __init__(self, port: int, broker: int, seed: int, apis: tuple[int, ...], share: float, *, late: float = 0.0) -> None:
        super().__init__(port, "broker proxy")
        self._broker = broker
        self._random = Random(seed)
        self._apis, self._share, self._late = apis, share, late
        self.on = False
        self.lost: Counter[str] = Counter()

    async def listen(self, port: int) -> object:
        return await asyncio.start_server(self._serve, "127.0.0.1", port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._broker)
            asked: dict[int, int] = {}

            async def request(frame: bytes) -> bool:
                key, _, correlation = struct.unpack_from(">hhi", frame)
                if key in self._apis:
                    asked[correlation] = key
                return True

            async def answer(frame: bytes) -> bool:
                (correlation,) = struct.unpack_from(">i", frame)
                key = asked.pop(correlation, None)
                if key is None or not self.on or self._random.random() >= self._share:
                    return True
                if self._late:
                    await asyncio.sleep(self._late)
                    return True
                self.lost[NAMES[key]] += 1
                if self._random.random() < 0.5:
                    writer.close()
                return False

            there = asyncio.ensure_future(_forward(reader, back_writer, request))
            back = asyncio.ensure_future(_forward(back_reader, writer, answer))
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            for one in (there, back):
                one.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            back_writer.close()
        writer.close()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], Awaitable[bool]]) -> None:
    while True:
        head = await reader.readexactly(4)
        frame = await reader.readexactly(int.from_bytes(head, "big"))
        if await passes(frame):
            writer.write(head + frame)
            await writer.drain()
