"""A disk that does not give the local state: what can wait waits, says so, and goes on; what is damaged is made anew, and nothing is sent twice."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deliver.conftest import LEASE
from tests.deliver.target import Target
from tests.deliver.worker import PARTITIONS, Worker, delivery
from tests.stack import ROOT
from tests.waiting import until

HOLDS = """
import sys
from pathlib import Path
from streams.state.database import Database
held = [Database(path) for path in sorted(Path(sys.argv[1]).glob("*.rows"))]
print(len(held), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def worker(kafka: str, directory: Path, target: Target) -> Iterator[Worker]:
    with Worker(kafka, directory / "disk", target.url, deliver=f"{LEASE}echo_wait = 1.0") as one:
        yield one


def told(worker: Worker, path: str) -> tuple[int, str]:
    answer = httpx.get(f"http://127.0.0.1:{worker.role.observe}{path}", timeout=10, trust_env=False)
    return answer.status_code, answer.text


def remade(worker: Worker) -> float:
    lines = told(worker, "/metrics")[1].splitlines()
    return sum(
        float(line.rpartition(" ")[2]) for line in lines if line.startswith('im_relay_state_rebuilt_total{stage="deliver",why="damaged"')
    )


def test_state_that_another_process_has_is_waited_for(worker: Worker, target: Target, bob: str) -> None:
    """So does a disk that is full or forbidden: they differ in what is said."""
    worker.send(delivery(bob, "before"))
    worker.settled()
    worker.stop()
    (directory,) = (path.parent for path in worker.state.glob("*/lock"))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(directory)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == f"{PARTITIONS}\n"
        worker.role.start()
        worker.send(delivery(bob, "after"))
        until(lambda: "is in use by process" in _asked(worker, "/readyz")[1], why=worker.role.tail)
        assert told(worker, "/livez")[0] == 200, "to start it anew would not help"
        assert _asked(worker, "/readyz")[0] == 503
        assert f'im_relay_state_refused{{kind="locked",stage="deliver"}} {PARTITIONS}.0' in told(worker, "/metrics")[1]
        assert target.texts(bob) == ["before"]
    finally:
        holder.communicate(timeout=30)
    until(worker.role.ready, why=worker.role.tail)
    worker.settled()
    assert target.texts(bob) == ["before", "after"]
    assert remade(worker) == 0


def test_a_block_that_cannot_be_read_is_no_answer(worker: Worker, target: Target, bob: str) -> None:
    many = [delivery(bob, str(number)) for number in range(50)]
    worker.send(*many)
    worker.settled()
    worker.stop()
    worker.forget_offsets()
    spoilt = 0
    for table in worker.state.rglob("*.sst"):
        raw = bytearray(table.read_bytes())
        raw[20] ^= 0xFF  # of the first block of rows, which nothing reads before it is asked for
        table.write_bytes(raw)
        spoilt += 1
    assert spoilt
    worker.start()
    worker.send(delivery(bob, "last"))
    worker.settled()
    assert target.texts(bob) == [*(str(number) for number in range(50)), "last"]
    assert remade(worker) >= 1
    assert list(worker.state.rglob("*.rows.damaged"))


def _asked(worker: Worker, path: str) -> tuple[int, str]:
    try:
        return told(worker, path)
    except httpx.HTTPError:
        return 0, ""  # not up yet
