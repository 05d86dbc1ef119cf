"""Where a role listens: a part of every section that has a port."""

import os
import socket

from pydantic import Field

from streams.settings.secret_settings import Section

ALL4, ALL6 = "0.0.0.0", "::"  # noqa: S104 - that is what they are called


class ListenSettings(Section):
    host: str | list[str] = Field(
        ALL4,
        description="Addresses to listen on: one, a list, or separated by commas. `0.0.0.0` is all of IPv4, `::` all of IPv6 and IPv4 (IPv6 "
        "only, where an IPv4 address is listed as well).",
    )

    def hosts(self) -> list[str]:
        """Each once."""
        given = self.host.split(",") if isinstance(self.host, str) else self.host
        return list(dict.fromkeys(each.strip().removeprefix("[").removesuffix("]") for each in given))


class ServerSettings(ListenSettings):
    """What balancers stand before."""

    keep_alive: float = Field(
        620.0,
        ge=1,
        le=86_400,
        description="Seconds for which a connection may be idle between two requests. Must exceed the idle timeout of the load balancer in "
        "front; otherwise it reuses a connection that was just closed, and answers 502. Google's is 600.",
    )


def sockets(hosts: list[str], port: int, backlog: int) -> list[socket.socket]:
    """Bound, with the same port each, which the first gets where *port* is 0. Raises OSError, with the host that it is about in `filename`."""
    made: list[socket.socket] = []
    six_only = any(":" not in host for host in hosts)
    try:
        for host in hosts:
            six = _is_six(host)
            dual = host == ALL6 and not six_only and socket.has_dualstack_ipv6()
            try:
                made.append(
                    socket.create_server(
                        (host, port), family=socket.AF_INET6 if six else socket.AF_INET, backlog=backlog, dualstack_ipv6=dual
                    )
                )
            except OSError as error:
                words = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or "no such address"
                raise OSError(error.errno, words, host) from None
            port = port or int(made[0].getsockname()[1])
    except BaseException:
        for one in made:
            one.close()
        raise
    return made


def _is_six(host: str) -> bool:
    """A name is looked up, and IPv4 taken where it has both."""
    if ":" in host:
        return True
    try:
        kinds = {found[0] for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)}
    except socket.gaierror as error:
        raise OSError(error.errno, "there is no such name", host) from None
    return socket.AF_INET not in kinds
