"""The Easemob simulator as an application."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ExceptionHandler

from tests.simulators.calls import Call, Endpoint, Handler
from tests.simulators.control import Control
from tests.simulators.easemob import (
    accounts,
    attributes,
    changes,
    chatfiles,
    contacts,
    errors,
    groups,
    history,
    importing,
    management,
    notification,
    older,
    ranks,
    replays,
    sending,
)
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Gate, Work, token
from tests.simulators.easemob.operations import operate
from tests.simulators.easemob.options import Options
from tests.simulators.easemob.state import Easemob
from tests.simulators.file_moods import Upload
from tests.simulators.giving import uploading
from tests.simulators.moods import Moods

# Method, path under the app, name in the journal, limit that it counts for. The first are found soonest.
CALLS: tuple[tuple[str, str, str, str | None, Work], ...] = (
    ("POST", "messages/users", "send", None, sending.Send("person")),
    ("POST", "messages/chatgroups", "send", None, sending.Send("group")),
    ("POST", "messages/chatrooms", "send", None, sending.Send("room")),
    *changes.CALLS,
    *importing.CALLS,
    *older.CALLS,
    *accounts.CALLS,
    *attributes.CALLS,
    *management.CALLS,
    *notification.CALLS,
    *contacts.CALLS,
    *groups.CALLS,
    *ranks.CALLS,
    *chatfiles.CALLS,
    *replays.CALLS,
    *history.CALLS,
)


def make_app(options: Options) -> Starlette:
    """One app of Easemob; its state begins empty but for the users and groups of *options*."""
    easemob = Easemob(options, operate)
    control = Control(easemob)
    routes = []
    for method, path, api, limit, work in CALLS:
        gate = Gate(easemob, api, method, limit, work, anonymous=api.startswith("file."))
        handler: Handler = gate
        if api == "file.upload":
            handler = uploading(gate, easemob.file_moods, easemob.journal, partial(refused_upload, gate))
        endpoint = Endpoint(handler, easemob.moods, gate.unwell)
        routes.append(Route(f"/{{org}}/{{app}}/{path}", endpoint, methods=[method]))
    never = Moods()
    give = Endpoint(partial(token, easemob), never, lambda call, fate: token(easemob, call))
    routes.append(Route("/{org}/{app}/token", give, methods=["POST"]))
    fetch = Endpoint(partial(history.fetch, easemob), never, lambda call, fate: history.fetch(easemob, call))
    routes.append(Route("/_history/{hour}.gz", fetch))
    routes.append(Route("/_conversations/{user}", partial(conversations, easemob)))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with easemob.courier.running():
            yield
            control.loader.stop()

    nowhere: Mapping[Any, ExceptionHandler] = {404: partial(unknown, errors.NO_PATH), 405: partial(unknown, errors.NO_METHOD)}
    return Starlette(routes=[*routes, *control.routes()], lifespan=lifespan, exception_handlers=nowhere)


async def unknown(refusal: Refusal, request: Request, error: Exception) -> Response:
    """SDKs read an error of any call as JSON."""
    return refusal.response()


async def conversations(easemob: Easemob, request: Request) -> Response:
    """Whom the list of conversations of a new device shows: what people said, and imports where they make one."""
    user = request.path_params["user"]
    return JSONResponse(easemob.archive.peers(user, imported=easemob.options.import_conversations))


def refused_upload(gate: Gate, call: Call, fate: Upload) -> Response:
    return gate.refuse(chatfiles.REFUSED[fate], mood=True)
