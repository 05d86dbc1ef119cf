"""The deliver role, on the transport that is named: `ours` as it ships, or `httpx`, httpx's own."""

import asyncio
import sys
from pathlib import Path

import httpx
import uvloop

from streams.observe import log
from streams.roles.stages import run_deliver
from streams.settings.root import load


def main(config: str, transport: str) -> int:
    settings = load(Path(config))
    log.setup(settings.observe)
    limits = httpx.Limits(
        max_connections=settings.deliver.max_requests_per_app, max_keepalive_connections=settings.deliver.max_requests_per_app
    )
    made = httpx.AsyncHTTPTransport(limits=limits) if transport == "httpx" else None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run_deliver(settings, "easemob", made))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
