# ruff: noqa: INP001 - a script of the demo image
"""A simulator that other containers can reach: `python -m deploy.simulator yunxin|easemob --port P …`.

`python -m tests.simulators`, with the same options, listens on the loopback interface only.
"""

import socket
import sys

import uvicorn
from starlette.applications import Starlette

from tests.simulators import easemob, yunxin
from tests.simulators.options import parse
from tests.simulators.serve import Server


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
    server: uvicorn.Server = Server(app, 0, lambda _: None)
    with socket.create_server(("", port), backlog=1024) as listener:  # every interface of the container
        server.run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1:])
