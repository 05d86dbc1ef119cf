"""`make bench-deliver`: the deliver role against a target that answers in 5 ms, beside the same loop on httpx's own transport.

Both get the same records on the same broker, in turn; the figure is what the target counted between its first and its last
request. The target checks that each conversation came in order and nothing twice.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
from confluent_kafka import Producer

from converters.core import wire
from converters.core.bodies import Text
from converters.core.model import Delivery, Event, conversation_key, direct
from converters.core.operations import Post
from tests.broker import broker

ROOT = Path(__file__).parents[2]
PARTITIONS = 4
CONVERSATIONS = 400
NEEDED, NEEDED_RATIO = 3000, 5.0


def fill(bootstrap: str, topic: str, count: int) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20})
    now = int(time.time() * 1000)
    for number in range(count):
        who, turn = number % CONVERSATIONS, number // CONVERSATIONS
        conversation = direct(f"a{who}", f"b{who}")
        event = Event(
            id=f"bench:old:direct:{number}:post",
            source="old",
            remote_id=str(number),
            conversation=conversation,
            sender=f"a{who}",
            at=now,
            operation=Post(Text(f"a line of text such as people write #{turn}")),
        )
        delivery = Delivery(event=event, target="new", sender=f"a{who}", receiver=f"b{who}", received=now)
        key = conversation_key(conversation)
        producer.produce(topic, wire.dump(delivery), key, crc32(key) % PARTITIONS)
        if number % 1000 == 0:
            producer.poll(0)
    producer.flush()


def once(bootstrap: str, target: str, transport: str, in_flight: int, count: int, directory: Path) -> dict[str, Any]:
    prefix = f"bench{time.time_ns()}."
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    subprocess.run(
        [
            sys.executable,
            "-m",
            "streams",
            "topics",
            "create",
            "--bootstrap",
            bootstrap,
            "--partitions",
            str(PARTITIONS),
            "--prefix",
            prefix,
        ],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    fill(bootstrap, f"{prefix}deliveries.easemob", count)
    httpx.get(f"{target}/reset", trust_env=False)
    config = directory / f"{prefix}toml"
    config.write_text(
        f'kafka = {{bootstrap = "{bootstrap}", prefix = "{prefix}", partitions = {PARTITIONS}}}\n'
        f'observe = {{host = "127.0.0.1", port = 0}}\n'
        f'deliver = {{quotas = false, in_flight = {in_flight}, state = "{directory / prefix}"}}\n'
        'marks = {secret = "of-the-marks-of-the-tests"}\n'
        '[apps.old]\nplatform = "yunxin"\ntarget = "new"\naccount = {app_key = "k", app_secret = "ssssssss"}\n'
        '[apps.new]\nplatform = "easemob"\ntarget = "old"\n'
        f'account = {{org = "o", app = "a", client_id = "i", client_secret = "ssssssss", callback_secret = "cccccccc", base_url = "{target}"}}\n'
    )
    worker = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.deliver_worker", str(config), transport], cwd=ROOT, env=environment)
    try:
        # A slow one is judged by what it managed in this time.
        deadline = time.monotonic() + 45
        while True:
            state: dict[str, Any] = httpx.get(f"{target}/state", trust_env=False, timeout=20).json()
            if state["count"] >= count or time.monotonic() > deadline or worker.poll() is not None:
                break
            time.sleep(0.25)
        state["cpu"] = _cpu_seconds(worker.pid) / max(1, state["count"])
    finally:
        worker.terminate()
        worker.wait(30)
    state["rate"] = state["count"] / (state["last"] - state["first"]) if state["count"] > 1 else 0.0
    return state


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() if Path("/proc").exists() else []
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=24_000)
    parser.add_argument("--peer-count", type=int, default=3_000)
    parser.add_argument("--in-flight", type=int, default=64)
    chosen = parser.parse_args()
    with ExitStack() as exits:
        directory = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="im-relay-bench-")))
        bootstrap = exits.enter_context(broker(directory / "kafka"))
        target = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.target", "0", "0.005"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        exits.callback(target.wait)
        exits.callback(target.terminate)
        assert target.stdout is not None
        url = target.stdout.readline().split()[1]
        runs: dict[str, list[dict[str, Any]]] = {"ours": [], "httpx": []}
        for number in range(chosen.rounds):
            for transport, count in (("ours", chosen.count), ("httpx", chosen.peer_count)):
                run = once(bootstrap, url, transport, chosen.in_flight, count, directory)
                runs[transport].append(run)
                print(
                    f"round {number + 1}  {transport:7} {run['rate']:7.0f}/s  {run['count']} requests, "
                    f"out of order {run['out_of_order']}, twice {run['doubled']}, most in flight {run['most_in_flight']}, "
                    f"{run['cpu'] * 1e6:.0f} us of CPU each (start included)",
                    flush=True,
                )
        ours = statistics.median(run["rate"] for run in runs["ours"])
        peer = statistics.median(run["rate"] for run in runs["httpx"])
        exact = all(not run["out_of_order"] and not run["doubled"] for run in runs["ours"])
        complete = all(run["count"] == chosen.count for run in runs["ours"])
    print(f"deliver, {chosen.in_flight} in flight, medians of {chosen.rounds}: {ours:.0f}/s (needed {NEEDED})")
    print(f"the same loop on httpx's own transport: {peer:.0f}/s; ratio {ours / peer:.1f} (needed {NEEDED_RATIO:g})")
    print("order kept, nothing twice, all delivered" if exact and complete else "ORDER OR COUNT WRONG")
    return 0 if exact and complete and ours >= NEEDED and ours / peer >= NEEDED_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
