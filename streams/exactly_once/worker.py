"""A process that hosts one stage: a Faust app with one agent, on this package's transport."""

import asyncio
import contextlib
import gc
import logging
import signal
import tempfile
from pathlib import Path
from typing import Any

import faust
import structlog
from yarl import URL

from streams.exactly_once.transport import StagePlan, Transport
from streams.observe.log import place

log = structlog.get_logger()


HEARTBEAT = 0.5
"""Seconds between two: the answer tells when the group is to agree anew, and the slowest member is waited for."""


class _App(faust.App):  # type: ignore[misc, unused-ignore]
    plan: StagePlan

    def _new_transport(self) -> Transport:
        return Transport([URL("kafka://")], self, self.plan)


def make_app(group: str, plan: StagePlan, *, session_timeout: float = 6.0, max_records: int = 2000) -> faust.App:
    """A Faust app that reads *plan*'s inputs for their tasks.

    *group* names the consumer group and, with the partition, the transactional ids: it must be the same for all workers
    of the stage and for no other stage.
    """
    app = _App(
        group,
        broker="kafka://",
        store="memory://",
        cache="memory://",
        datadir=Path(tempfile.gettempdir()) / "im-relay",  # Faust makes one, and nothing here uses it
        processing_guarantee="exactly_once",  # so that Faust calls the transaction manager before it seeks
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        stream_buffer_maxsize=1024,  # never near: a task's inbox is the bound
        stream_recovery_delay=0.0,
        broker_session_timeout=session_timeout,
        broker_heartbeat_interval=min(HEARTBEAT, session_timeout / 4),
        broker_rebalance_timeout=max(30.0, session_timeout),
        broker_request_timeout=max(20.0, session_timeout + 1),
        broker_max_poll_records=max_records,
        broker_commit_interval=3600.0,  # tasks commit
    )
    app.plan = plan
    app.in_worker = True  # Faust's own command line sets it; transactions are off without it

    @app.agent(app.topic(*plan.inputs, acks=False), name=plan.stage)  # type: ignore[untyped-decorator, unused-ignore]
    async def subscribed(stream: Any) -> None:
        """For its topics: the consumer itself gives batches to the tasks."""
        async for _ in stream:
            raise AssertionError("a batch came by Faust's way")

    return app


async def run(app: faust.App, *, stop: asyncio.Event | None = None) -> int:
    """Run until SIGTERM, SIGINT, *stop*, or a crash. The answer is the exit code: 1 after a crash, so that it is restarted."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(name, stop.set)
    for noisy in ("faust", "mode"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Batches are many small objects that die young and without cycles: there is nothing in them for a collector to find.
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
    starting = asyncio.create_task(app.start())
    crashed = asyncio.create_task(_crash_of(app))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([starting, crashed, stopping], return_when=asyncio.FIRST_COMPLETED)
    failed = starting.done() and starting.exception() is not None
    if failed:
        log.error("cannot start", error=place(failure) if (failure := starting.exception()) else "")
    else:
        await asyncio.wait([crashed, stopping], return_when=asyncio.FIRST_COMPLETED)
        failed = crashed.done()
    try:
        async with asyncio.timeout(20):
            await app.stop()
    except Exception as error:  # noqa: BLE001 - on the way out: what is not stopped ends with the process
        log.warning("unclean stop", error=place(error))
    for task in (starting, crashed, stopping):
        task.cancel()
    return 1 if failed else 0


async def _crash_of(app: faust.App) -> None:
    await app._crashed.wait()  # noqa: SLF001 - mode offers no public way to wait for a crash
