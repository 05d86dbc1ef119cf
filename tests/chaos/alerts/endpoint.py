"""Ports that serve nothing but a certificate."""

import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import trustme


class Endpoint:
    """Serves a certificate of *days* to whoever connects, and says nothing else; another one from the next connection on; none where it is 0."""

    def __init__(self, days: int) -> None:
        self._authority = trustme.CA()
        self.serve(days)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def serve(self, days: int) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if days else None
        if self._context is not None:
            self._authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) + timedelta(days=days)).configure_cert(self._context)

    def _run(self) -> None:
        while True:
            peer, _ = self._door.accept()
            with suppress(OSError), peer:
                if self._context is not None:
                    with self._context.wrap_socket(peer, server_side=True) as spoken:
                        spoken.recv(1)
