"""The same endpoint, as one would write it first: FastAPI, and aiokafka's send_and_wait before the answer.

`python -m tests.benchmarks.ingress_plain BOOTSTRAP TOPIC PORT`: uvicorn with uvloop and httptools; the same check by the
platform, the same key, partition and headers, the same promise: 200 means acknowledged by all in-sync replicas.
"""

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zlib import crc32

import msgspec
import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, HTTPException, Request

from converters import PLATFORMS
from converters.platform import Accepted, Incoming, Probe
from streams.ingress.record import headers_of
from tests.benchmarks.ingress_requests import ACCOUNT, APP, EASEMOB, PLATFORM


def application(bootstrap: str, topic: str) -> FastAPI:
    platforms = {APP: PLATFORMS[PLATFORM], f"{APP}-easemob": PLATFORMS["easemob"]}
    given = {APP: ACCOUNT, f"{APP}-easemob": EASEMOB}
    accounts = {name: msgspec.convert(given[name], platform.account) for name, platform in platforms.items()}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
            app.state.producer = producer
            app.state.partitions = len(await producer.partitions_for(topic))
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/callbacks/{name}")
    async def callback(name: str, request: Request) -> dict[str, str]:
        if name not in accounts:
            raise HTTPException(404)
        body = await request.body()
        received = time.time_ns() // 1_000_000
        incoming = Incoming({k.lower(): v for k, v in request.headers.items()}, request.url.query, body)
        verdict = platforms[name].check(incoming, accounts[name], received)
        if isinstance(verdict, Probe):
            return {}
        if not isinstance(verdict, Accepted):
            raise HTTPException(401)
        await request.app.state.producer.send_and_wait(
            topic,
            body,
            key=verdict.key,
            partition=crc32(verdict.key) % request.app.state.partitions,
            timestamp_ms=received,
            headers=headers_of(name, received, request.headers.raw),
        )
        return {}

    return app


if __name__ == "__main__":
    bootstrap, topic, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    uvicorn.run(
        application(bootstrap, topic), host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
