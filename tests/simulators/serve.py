"""A simulator on a port: uvicorn with httptools and uvloop."""

import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Protocol(HttpToolsProtocol):
    """Shows its transport to the application, so that a connection can be cut off without an answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["transport"] = self.transport


class PortTakenError(OSError):
    """The port of a simulator cannot be had; the message can be shown to a person as it is."""


class Server(uvicorn.Server):
    """Gives its URL to *ready* once it listens."""

    def __init__(self, app: ASGIApp, port: int, ready: Callable[[str], None], patience: int = 1) -> None:
        """*patience*: seconds in which open calls may end when it stops. Raises PortTakenError."""
        config = uvicorn.Config(
            app,
            http=Protocol,
            loop="uvloop",
            lifespan="on",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=patience,
        )
        super().__init__(config)
        self._ready = ready
        try:
            self.listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        except OSError as error:
            raise PortTakenError(
                f"cannot listen on 127.0.0.1:{port} ({error.strerror}): stop what listens there, or change --port"
            ) from None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready(f"http://127.0.0.1:{self.listener.getsockname()[1]}")

    def serve_here(self) -> None:
        """Serve on this thread until told to stop."""
        self.run(sockets=[self.listener])


def serve(app: Starlette, port: int) -> None:
    """Serve until SIGTERM or SIGINT; port 0 takes a free one."""
    # uvicorn raises the signal again when it is done; without a handler that would end the process by signal.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        server = Server(app, port, lambda url: print(f"ready {url}", flush=True))
    except PortTakenError as error:
        sys.exit(str(error))
    server.serve_here()
