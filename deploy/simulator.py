# ruff: noqa: INP001 - a script of the demo image
"""A simulator that other containers can reach: `python -m deploy.simulator yunxin|easemob --port P …`.

`python -m tests.simulators`, with the same options, listens on the loopback interface only. Its service is named as the platform.
"""

import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from tests.simulators import easemob, yunxin
from tests.simulators.options import parse
from tests.simulators.serve import Server


class AtAddress:
    """Everybody seems to have asked for *address*: a file that a person sends by a published port lies where the roles can fetch it."""

    def __init__(self, app: Starlette, address: str) -> None:
        self._app, self._host = app, (b"host", address.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [self._host, *(one for one in scope["headers"] if one[0] != b"host")]}
        await self._app(scope, receive, send)


def made(arguments: list[str]) -> tuple[Starlette, int]:
    """Exits with a message when the arguments are wrong."""
    match arguments:
        case ["yunxin", *rest]:
            yunxin_options, port = parse(yunxin.Options, rest, "simulator yunxin")
            return yunxin.make_app(yunxin_options), port
        case ["easemob", *rest]:
            easemob_options, port = parse(easemob.Options, rest, "simulator easemob")
            return easemob.make_app(easemob_options), port
        case _:
            sys.exit(__doc__)


def main(arguments: list[str]) -> None:
    app, port = made(arguments)
    server: uvicorn.Server = Server(AtAddress(app, f"{arguments[0]}:{port}"), 0, lambda _: None)
    with socket.create_server(("", port), backlog=1024) as listener:  # every interface of the container
        server.run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1:])
