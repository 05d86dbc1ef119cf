"""The own server as an application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route

from tests.simulators.calls import Endpoint
from tests.simulators.control import Control
from tests.simulators.own.options import Options
from tests.simulators.own.state import Own
from tests.simulators.own.taking import Taking


def make_app(options: Options) -> Starlette:
    """Its state begins empty but for the users, groups and rooms of *options*."""
    own = Own(options)
    control = Control(own)
    taking = Taking(own)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with own.courier.running():
            yield
            control.loader.stop()

    route = Route(options.path, Endpoint(taking, own.moods, taking.unwell), methods=["POST"])
    return Starlette(routes=[route, *own.shelf.routes(), *control.routes()], lifespan=lifespan)
