"""The hop in Quix Streams. Usage: BOOTSTRAP SRC DST N in the environment; argument: at-least-once or exactly-once."""
# ruff: noqa: PLW0603 - as the peers' users write it

import os
import sys
import time

import orjson
from quixstreams import Application

guarantee, n = sys.argv[1], int(os.environ["N"])
app = Application(
    broker_address=os.environ.get("BOOTSTRAP", "127.0.0.1:9092"),
    consumer_group=f"peer-{time.time()}",
    auto_offset_reset="earliest",
    processing_guarantee=guarantee,
    commit_every=5000,
    commit_interval=1.0,
    loglevel="WARNING",
    use_changelog_topics=False,
)
source = app.topic(os.environ["SRC"], value_deserializer="bytes")
target = app.topic(os.environ["DST"], value_serializer="bytes")
done, start = 0, 0.0


def hop(value: bytes) -> bytes:
    global done, start
    start = start or time.perf_counter()
    done += 1
    record = orjson.loads(value)
    record["x"] = 1
    if done >= n:
        print(f"quix {guarantee} {done / (time.perf_counter() - start):.0f}/s", flush=True)
        os._exit(0)
    return orjson.dumps(record)


app.dataframe(source).apply(hop).to_topic(target)
app.run()
