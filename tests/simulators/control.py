"""The calls by which a test drives a simulator and reads what happened. Their paths begin with ``/_``."""

from collections.abc import AsyncIterator
from itertools import islice
from typing import Annotated, Any, TypeVar

import msgspec
import orjson
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.simulators.clock import now_ms
from tests.simulators.file_moods import FileMood
from tests.simulators.journal import KINDS, USUAL
from tests.simulators.load import Load, Loader
from tests.simulators.moods import Mood
from tests.simulators.platform import Platform, Saying

T = TypeVar("T")
PAGE = 1000


class Preload(Struct, frozen=True, forbid_unknown_fields=True):
    users: list[str] = []
    groups: dict[str, list[str]] = {}


class Asked(Struct, frozen=True):
    """The query of ``/_journal``, ``/_view`` and ``/_load``."""

    since: Annotated[int, Meta(ge=0)] = 0
    kind: str | None = None
    limit: Annotated[int, Meta(ge=1)] | None = None
    stream: bool = False
    wait: Annotated[float, Meta(ge=0)] = 0.0


def answer(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


class Control:
    """``/_say`` ``/_load`` ``/_journal`` ``/_view`` ``/_mood`` ``/_file_mood`` ``/_probe`` ``/_preload``."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.loader = Loader(platform)

    def routes(self) -> list[Route]:
        return [
            Route("/_say", self.say, methods=["POST"]),
            Route("/_load", self.start_load, methods=["POST"]),
            Route("/_load", self.show_load),
            Route("/_journal", self.journal),
            Route("/_view", self.view),
            Route("/_mood", self.set_mood, methods=["POST"]),
            Route("/_mood", self.show_mood),
            Route("/_file_mood", self.set_file_mood, methods=["POST"]),
            Route("/_probe", self.probe, methods=["POST"]),
            Route("/_preload", self.preload, methods=["POST"]),
        ]

    async def say(self, request: Request) -> Response:
        """One saying, or a list of them; a list is answered by a list, in which what was refused is an ``error``."""
        raw = await request.body()
        self._platform.base = f"http://{request.headers['host']}"
        try:
            sayings = msgspec.json.decode(raw, type=list[Saying] | Saying)
        except msgspec.MsgspecError as error:
            return answer({"error": str(error)}, 400)
        if isinstance(sayings, list):
            return answer([self._say(saying) for saying in sayings])
        said = self._say(sayings)
        return answer(said, 400 if "error" in said else 200)

    def _say(self, saying: Saying) -> dict[str, Any]:
        said = self._platform.say(saying)
        if isinstance(said, str):
            return {"error": said}
        return {"id": said.id, "client_id": said.client_id, "timestamp": said.time, "to": said.to}

    async def start_load(self, request: Request) -> Response:
        load = read(await request.body(), Load)
        if isinstance(load, Response):
            return load
        if self.loader.running:
            return answer({"error": "a load is running"}, 409)
        self.loader.start(load)
        return answer(self.loader.progress())

    async def show_load(self, request: Request) -> Response:
        """With ``wait``, only once all is settled, or after so many seconds."""
        asked = query(request)
        if isinstance(asked, Response):
            return asked
        await self.loader.settle(asked.wait)
        return answer(self.loader.progress())

    async def journal(self, request: Request) -> Response:
        """Entries after ``since``, a JSON list, or one to a line with ``stream=1``. ``kind`` may name several,
        separated by commas; callback attempts, and files that came and went, come only when asked for."""
        asked = query(request)
        if isinstance(asked, Response):
            return asked
        kinds = set(asked.kind.split(",")) if asked.kind else USUAL
        if unknown := kinds - set(KINDS):
            return answer({"error": f"unknown kind: {', '.join(sorted(unknown))}"}, 400)
        entries = self._platform.journal.since(asked.since, kinds, asked.limit)
        if not asked.stream:
            return Response(b"[" + b",".join(entries) + b"]", media_type="application/json")

        async def lines() -> AsyncIterator[bytes]:
            while page := list(islice(entries, PAGE)):
                yield b"\n".join(page) + b"\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def view(self, request: Request) -> Response:
        asked = query(request)
        if isinstance(asked, Response):
            return asked
        items = self._platform.journal.view(asked.since, asked.limit or PAGE)
        return answer({"now": now_ms(), "next": items[-1]["seq"] if items else asked.since, "items": items})

    async def set_mood(self, request: Request) -> Response:
        mood = read(await request.body(), Mood)
        if isinstance(mood, Response):
            return mood
        self._platform.moods.set(mood)
        if mood.token_expire_now:
            self._platform.expire_tokens()
        return answer(msgspec.to_builtins(mood))

    async def show_mood(self, request: Request) -> Response:
        return answer(msgspec.to_builtins(self._platform.moods.now))

    async def set_file_mood(self, request: Request) -> Response:
        mood = read(await request.body(), FileMood)
        if isinstance(mood, Response):
            return mood
        self._platform.file_moods.set(mood)
        return answer(msgspec.to_builtins(mood))

    async def probe(self, request: Request) -> Response:
        if self._platform.callback_url is None:
            return answer({"error": "no callback URL"}, 400)
        return answer({"status": await self._platform.courier.probe(self._platform.callback_url)})

    async def preload(self, request: Request) -> Response:
        wanted = read(await request.body(), Preload)
        if isinstance(wanted, Response):
            return wanted
        people = self._platform.people
        people.preload(wanted.users, wanted.groups, now_ms())
        return answer({"users": len(people.users), "groups": len(people.groups)})


def read(raw: bytes, kind: type[T]) -> T | Response:
    """*raw* as *kind*, or a 400 that says what is wrong with it."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError as error:
        return answer({"error": str(error)}, 400)


def query(request: Request) -> Asked | Response:
    try:
        return msgspec.convert(dict(request.query_params), Asked, strict=False)
    except msgspec.ValidationError as error:
        return answer({"error": str(error)}, 400)
