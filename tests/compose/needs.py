"""What `make test-compose` needs on a machine, and what to install where it is missing."""

import os
import shutil
import socket
import sys
from collections.abc import Iterator

PROGRAMS = {
    "dockerd": "apt-get install docker.io",
    "docker": "apt-get install docker.io (Debian 13: docker-cli)",
    "debootstrap": "apt-get install debootstrap",
    "iptables": "apt-get install iptables",
    "prometheus": "apt-get install prometheus",
    "go": "Go 1.24 or newer: Docker Compose is built from its module, once",
}
PORTS = {3000: "grafana", 8001: "yunxin", 8002: "easemob", 8070: "console", 8080: "ingress", 8090: "files", 9090: "prometheus"}
"""What docker-compose.yml publishes on the loopback interface."""
ENGINE_RUNS = "/var/run/docker.pid"


def missing() -> Iterator[str]:
    """A line for each thing; none where the test can run."""
    if sys.platform != "linux":
        yield "Linux: an engine of its own is started"
        return
    if os.geteuid() != 0:
        yield "root: an engine is started, and processes of its containers are killed (sudo make test-compose)"
    for name, how in PROGRAMS.items():
        if shutil.which(name) is None:
            yield f"{name}: {how}"
    if os.path.exists(ENGINE_RUNS):  # noqa: PTH110
        yield f"no other Docker engine: two on one machine take each other's firewall rules away; stop the one of {ENGINE_RUNS}"
    for port, service in PORTS.items():
        if _taken(port):
            yield f"port {port} of 127.0.0.1, which docker-compose.yml publishes for {service}: something listens there"


def _taken(port: int) -> bool:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
