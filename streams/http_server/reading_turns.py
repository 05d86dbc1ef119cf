"""Large bodies of those who have proved nothing share a rate: what they send costs the others no time.

The sender is held back by TCP: what is not read fills its window.
"""

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl

TICK = 0.01
"""Seconds between two rounds of turns."""
PIECE = 16 * 1024
"""Bytes that are read at once of those who have proved nothing: what one turn brings."""
DEBT = 0.25
"""Seconds of the rate that may be owed at most."""


class TurnFlow(FlowControl):
    """uvicorn's own, of a connection that may have to wait for its turn as well."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self._waits = self._stopped = False

    def pause_reading(self) -> None:
        self.read_paused = True
        self._apply()

    def resume_reading(self) -> None:
        self.read_paused = False
        self._apply()

    def wait(self) -> None:
        """Read nothing until it is its turn."""
        self._waits = True
        self._apply()

    def take_turn(self) -> None:
        self._waits = False
        self._apply()

    def _apply(self) -> None:
        stopped = self.read_paused or self._waits
        if stopped == self._stopped or self._transport.is_closing():
            return
        self._stopped = stopped
        if stopped:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()


class ReadingTurns:
    """Of one port; *rate* in bytes a second, 0 for no limit."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._left, self._kept, self._at = rate * TICK, 0.0, 0.0
        """What may be read at once; what is kept for those who wait, however much new ones send: half of the rate; since when."""
        self._waiting: dict[TurnFlow, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def took(self, flow: TurnFlow, size: int) -> None:
        """*size* bytes came: what is to come waits for those of the others, where they all send more than the rate."""
        if not self._rate:
            return
        loop = asyncio.get_running_loop()
        self._refill(loop.time())
        self._left = max(-DEBT * self._rate, self._left - size)
        if self._left < 0 and flow not in self._waiting:
            flow.wait()
            self._waiting[flow] = None
            if self._timer is None:
                self._timer = loop.call_later(TICK, self._round, loop)

    def leave(self, flow: TurnFlow) -> None:
        """It is closed, or is to be read to its end."""
        if self._waiting.pop(flow, self) is None:
            flow.take_turn()

    def _refill(self, now: float) -> None:
        came = (now - self._at) * self._rate
        self._left = min(self._rate * TICK, self._left + came)
        self._kept = min(max(PIECE, self._rate * TICK), self._kept + came / 2)
        self._at = now

    def _round(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self._refill(loop.time())
        turns = int(max(self._left, self._kept) // PIECE)
        self._kept = max(0.0, self._kept - turns * PIECE)
        for flow in list(self._waiting)[:turns]:
            self.leave(flow)
        if self._waiting:
            self._timer = loop.call_later(TICK, self._round, loop)
