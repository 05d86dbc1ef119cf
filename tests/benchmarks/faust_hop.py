"""The hop in stock Faust, event by event. BOOTSTRAP SRC DST N GUARANTEE in the environment.

Run: python -m faust -A faust_hop worker -l warn --without-web   (writes its figure to the file named by OUT)
"""
# ruff: noqa: PLW0603, PTH123 - as the peers' users write it

import os
import time
from typing import Any

import faust
import orjson

n, out = int(os.environ["N"]), os.environ.get("OUT", "faust_hop.txt")
app = faust.App(
    f"peer-{time.time()}",
    broker="kafka://" + os.environ.get("BOOTSTRAP", "127.0.0.1:9092"),
    store="memory://",
    value_serializer="raw",
    key_serializer="raw",
    web_enabled=False,
    topic_disable_leader=True,
    processing_guarantee=os.environ.get("GUARANTEE", "at_least_once"),
    consumer_auto_offset_reset="earliest",
)
source = app.topic(os.environ["SRC"], value_serializer="raw", key_serializer="raw")
target = app.topic(os.environ["DST"], value_serializer="raw", key_serializer="raw")
done, start = 0, 0.0


@app.agent(source)  # type: ignore[untyped-decorator]
async def hop(stream: Any) -> None:
    global done, start
    async for event in stream.events():
        start = start or time.perf_counter()
        record = orjson.loads(event.value)
        record["x"] = 1
        await target.send(key=event.key, value=orjson.dumps(record))
        done += 1
        if done >= n:
            with open(out, "a") as file:
                file.write(f"faust {app.conf.processing_guarantee} {done / (time.perf_counter() - start):.0f}/s\n")
            os._exit(0)
