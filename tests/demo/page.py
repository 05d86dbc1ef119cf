"""A page on this machine on which the files of the demo are seen and heard, what was said beside what arrived."""

import io
import threading
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tests import attachments
from tests.demo.crossing import Arrived, Said, source_key
from tests.demo.forms import form, size
from tests.fetched import Fetched
from tests.simulators.serve import Server
from tests.simulators.shelf import part

MOST = 200
"""Rows that are shown, the newest."""
UNPLAYED = frozenset(("AMR", "AMR-WB"))
"""No browser plays them."""
UNREAD = 5000
"""Milliseconds within which the other side's journal is surely read."""
PAGE = (Path(__file__).parent / "page.html").read_text()
SAFE = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
SIDES = ("said", "arrived")


class Journals(Protocol):
    """What was said and what arrived so far; both only grow."""

    @property
    def says(self) -> Sequence[Said]: ...

    @property
    def arrives(self) -> Sequence[Arrived]: ...


class Page:
    """A context manager: serves on a thread of its own, at `url`."""

    def __init__(self, journals: Journals, fetched: Fetched) -> None:
        self._journals = journals
        self._fetched = fetched
        routes = [
            Route("/", self._page),
            Route("/rows", self._rows),
            Route("/file/{number:int}/{side}", self._file),
            Route("/heard/{number:int}/{side}", self._heard),
        ]
        ready: SimpleQueue[str] = SimpleQueue()
        self._server = Server(Starlette(routes=routes), 0, ready.put)
        self._thread = threading.Thread(target=self._server.serve_here, daemon=True)
        self._ready = ready
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self.url = self._ready.get(timeout=30) + "/"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    def _page(self, request: Request) -> Response:
        return HTMLResponse(PAGE, headers=SAFE)

    def _rows(self, request: Request) -> Response:
        """Those after `after`, oldest first, as HTML."""
        try:
            after = int(request.query_params.get("after", "0"))
        except ValueError:
            return Response(status_code=400)
        pairs = [(number, said, one) for number, said, one in self._pairs() if number > after][-MOST:]
        rows = [{"number": number, "html": self._row(number, said, one)} for number, said, one in pairs]
        return JSONResponse(rows, headers=SAFE)

    def _pairs(self) -> Iterator[tuple[int, Said, Arrived]]:
        """By number, from 1: what arrived with a file, and where it came from."""
        origins = {source_key(one): one for one in list(self._journals.says) if one.media is not None}
        for number, one in enumerate(list(self._journals.arrives), 1):
            if one.source in origins:
                yield number, origins[one.source], one
            elif one.media is not None and time.time() * 1000 - one.at < UNREAD:
                return  # that it was said is not read yet; rows are asked for in their order

    def _row(self, number: int, said: Said, one: Arrived) -> str:
        both: tuple[Said | Arrived, ...] = (said, one)
        cells = "".join(f"<td>{self._cell(number, side, each)}</td>" for side, each in zip(SIDES, both, strict=True))
        who = f"<b>{escape(said.sender)}</b> in {escape(said.conversation)}<br>{escape(said.platform)} → {escape(one.platform)}"
        return f"<td>{who}<br>{one.at - said.at} ms</td>{cells}"

    def _cell(self, number: int, side: str, one: Said | Arrived) -> str:
        if one.media is None:
            return f"<i>{escape(one.text)}</i>"
        try:
            content = self._fetched.content(one.platform, one.media)
        except (ValueError, httpx.HTTPError) as error:
            return f"<i>{escape(type(error).__name__)}</i>"
        name, mime = form(content)
        told = f"{escape(str(one.media.get('name', '')))} {name}, {size(len(content))}"
        place = f"/file/{number}/{side}"
        if mime.startswith("image/"):
            return f'<img src="{place}" alt=""><br>{told}'
        if mime.startswith("video/"):
            return f'<video controls preload="metadata" src="{place}"></video><br>{told}'
        if name in UNPLAYED:
            note = "浏览器不能播放 AMR,这里转成 WAV 来听 · browsers play no AMR: made into WAV for listening"
            return f'<audio controls preload="none" src="/heard/{number}/{side}"></audio><br>{told}<br><small>{note}</small>'
        if mime.startswith("audio/"):
            return f'<audio controls preload="none" src="{place}"></audio><br>{told}'
        return f'<a href="{place}" download>{told}</a>'

    def _file(self, request: Request) -> Response:
        return self._given(request, lambda content: (content, form(content)[1]))

    def _heard(self, request: Request) -> Response:
        return self._given(request, lambda content: (as_wav(content), "audio/wav"))

    def _given(self, request: Request, made: Callable[[bytes], tuple[bytes, str]]) -> Response:
        number, side = request.path_params["number"], request.path_params["side"]
        found: dict[str, Said | Arrived] = {}
        for here, said, arrived in self._pairs():
            if here == number:
                found = dict(zip(SIDES, (said, arrived), strict=True))
        one = found.get(side)
        if one is None or one.media is None:
            return Response(status_code=404)
        try:
            content, mime = made(self._fetched.content(one.platform, one.media))
        except (ValueError, httpx.HTTPError):
            return Response(status_code=502)
        answer = part(content, mime, f"{number}-{side}", request.headers.get("range", ""))
        answer.headers.update(SAFE if mime != "application/pdf" else SAFE | {"Content-Disposition": "attachment"})
        return answer


def as_wav(content: bytes) -> bytes:
    """A sound in a form that every browser plays. Raises ValueError when it is none."""
    _, rate, _, samples = attachments.samples_of(content)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return out.getvalue()
