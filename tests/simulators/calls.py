"""One API call: read whole, carried out at once, answered as the mood allows."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.simulators.callbacks import Parcel
from tests.simulators.moods import Fate, Moods

EARLY = 1.0
"""Seconds for which an answer waits, at most, for its own callback to be first."""


class Call:
    """Header names are lower case, as ASGI gives them; ``parcels`` collects the callbacks that the call causes."""

    __slots__ = ("body", "headers", "parcels", "path", "query")

    def __init__(self, scope: Scope, body: bytes) -> None:
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.path: dict[str, str] = scope["path_params"]
        self.query: bytes = scope["query_string"]
        self.body = body
        self.parcels: list[Parcel] = []

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


class NoAnswer(Response):
    """The connection is closed without a byte. Works under ``serve``, whose protocol shows its transport."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["transport"].close()
        while (await receive())["type"] != "http.disconnect":
            pass


Handler = Callable[[Call], Response]


class Endpoint:
    """An API call as an ASGI application; *unwell* gives the platform's words for a throttled or broken call."""

    def __init__(self, handler: Handler, moods: Moods, unwell: Callable[[Call, Fate], Response]) -> None:
        self._handler = handler
        self._moods = moods
        self._unwell = unwell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = []
        while True:
            part = await receive()
            if part["type"] == "http.disconnect":
                return
            parts.append(part.get("body", b""))
            if not part.get("more_body"):
                break
        response = await self._respond(Call(scope, b"".join(parts)), receive)
        await response(scope, receive, send)

    async def _respond(self, call: Call, receive: Receive) -> Response:
        with self._moods.call() as (fate, mood):
            match fate:
                case Fate.THROTTLED | Fate.BROKEN:
                    return self._unwell(call, fate)
                case Fate.WELL | Fate.ANSWER_LOST:
                    response = self._handler(call)
                case Fate.LATE:
                    asyncio.get_running_loop().call_later(mood.late, self._handler, call)
                    return NoAnswer()
                case Fate.HANGS:
                    response = NoAnswer()
        if fate is Fate.HANGS:
            # All that can still be received is that the caller has gone.
            gone = asyncio.ensure_future(receive())
            await asyncio.wait([gone], timeout=mood.hang if mood.hang > 1 else None)
            gone.cancel()
            return response
        early = [parcel.settled for parcel in call.parcels if parcel.settled]
        if early:
            await asyncio.wait(early, timeout=EARLY)
        if mood.answer_delay:
            await asyncio.sleep(mood.answer_delay)
        return NoAnswer() if fate is Fate.ANSWER_LOST else response
