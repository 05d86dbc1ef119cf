"""Files on their way out and in, as the mood has it."""

import asyncio
import os
import socket
import struct
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.simulators.calls import Call, Handler, NoAnswer
from tests.simulators.clock import now_ms
from tests.simulators.file_moods import Download, FileMoods, Upload
from tests.simulators.journal import Journal

PARTS = 20
"""In which a slow file comes."""
FLUSH = 0.05
"""Seconds for which the half of a file is given to arrive before its connection is reset."""


class Faulty(Response):
    """A good answer that does not come as it should. Works under ``serve``, whose protocol shows its transport."""

    def __init__(self, good: Response, fate: Download, slow: float) -> None:
        self.__dict__ |= vars(good)
        self._fate = fate
        self._slow = slow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body, transport = bytes(self.body), scope["state"]["transport"]
        if self._fate is Download.SLOW:
            size = -(-len(body) // PARTS)
            for start in range(0, len(body), size):
                await asyncio.sleep(self._slow / PARTS)
                await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        if self._fate is Download.SHORT:
            transport.close()
        elif self._fate is Download.RESET:
            await asyncio.sleep(FLUSH)
            reset(transport)
        while (await receive())["type"] != "http.disconnect":
            pass


def reset(transport: asyncio.Transport) -> None:
    """End a connection with RST: lingering for no time makes the kernel forget what is unsent."""
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def given(good: Response, name: str, moods: FileMoods, journal: Journal, refusal: Callable[[int], Response]) -> Response:
    """*good*, which has the bytes of the file *name*, or what the mood makes of it; *refusal* is the platform's 403 or 404."""
    slow = moods.now.slow
    fate = moods.download() if good.body else Download.GIVEN
    journal.note("file", now_ms(), what="download", outcome=fate.value, file=name, size=len(good.body))
    match fate:
        case Download.GIVEN:
            return good
        case Download.MISSING:
            return refusal(404)
        case Download.FORBIDDEN:
            return refusal(403)
        case Download.STALL | Download.RESET | Download.SHORT | Download.SLOW:
            return Faulty(good, fate, slow)


def uploading(handler: Handler, moods: FileMoods, journal: Journal, refuse: Callable[[Call, Upload], Response]) -> Handler:
    """*handler*, which takes a file, as the mood lets it; *refuse* has the platform's words for the other fates."""

    def take(call: Call) -> Response:
        fate = moods.upload()
        journal.note("file", now_ms(), what="upload", outcome=fate.value, size=len(call.body))
        match fate:
            case Upload.TAKEN:
                return handler(call)
            case Upload.ANSWER_LOST:
                handler(call)
                return NoAnswer()
            case Upload.UNAUTHORISED | Upload.TOO_LARGE | Upload.THROTTLED | Upload.BROKEN:
                return refuse(call, fate)

    return take
