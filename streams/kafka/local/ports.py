"""Ports of this machine: is one free, which one is."""

import random
import socket

from converters.core.localized import localized
from streams.kafka.local.errors import PortTakenError
from streams.kafka.local.node import HOST

# Below the ports that systems hand out for outgoing connections, so that none of these takes it meanwhile.
RANGE = range(15_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    return next(port for port in random.sample(RANGE, len(RANGE)) if is_free(port))


def require_free(port: int, option: str) -> None:
    """Raise PortTakenError, naming the command's *option*, unless *port* can be listened on."""
    if not is_free(port):
        raise PortTakenError(
            seen=localized("{host}:{port} is taken, or may not be used", host=HOST, port=port),
            expected=localized("a free port above 1023"),
            change=localized("{option}, or stop what listens there", option=option),
        )
