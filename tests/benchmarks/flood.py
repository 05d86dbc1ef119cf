"""What a flood costs the others: latency of honest messages through `deliver`, without and with a flood, in one run.

`python -m tests.benchmarks.flood [ROUNDS]`, on the broker of KAFKA_BOOTSTRAP or on one of its own. A target answers each send after ANSWER seconds. Honest
messages of as many people come at RATE a second. In turn: alone; beside a conversation that gets FLOOD messages at once, which is more than a
partition's window holds; beside one person who writes to FLOOD / 10 others. Prints the ratio of the honest p50 to that of the quiet turns of the same
round; exits 1 where the median of rounds is over GOAL.
"""

import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from uuid import uuid4

from msgspec import structs

from converters.core.model import Delivery
from tests.broker import broker
from tests.deliver.target import Say, Target
from tests.deliver.worker import Worker, delivery
from tests.waiting import until

ROUNDS, HONEST, RATE, FLOOD = 3, 200, 20.0, 3000
ANSWER = 0.05
GOAL = 1.10
LONG = 120.0


class Slow(Target):
    """Answers after a while, and notes when a text came."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}
        super().__init__()

    def take(self, path: str, body: bytes) -> Say:
        say = super().take(path, body)
        if not path.endswith("/token"):
            self.came.setdefault(self.requests[-1].text, time.time())
            threading.Event().wait(ANSWER)
        return say


def by(sender: str, receiver: str, text: str) -> Delivery:
    one = delivery(receiver, text)
    return structs.replace(one, event=structs.replace(one.event, sender=sender), sender=sender)


def honest(worker: Worker, target: Slow) -> float:
    """The p50 of what HONEST people say to as many, in ms."""
    mark, said = uuid4().hex[:8], {}
    for number in range(HONEST):
        text = f"{mark} {number}"
        said[text] = time.time()
        worker.send(by(f"h{mark}{number}", f"r{mark}{number}", text))
        time.sleep(max(0.0, 1 / RATE - (time.time() - said[text])))
    until(lambda: all(text in target.came for text in said), LONG)
    return statistics.median((target.came[text] - at) * 1000 for text, at in said.items())


def flood(worker: Worker, target: Slow, kind: str) -> None:
    mark = uuid4().hex[:8]
    if kind == "conversation":
        messages = [by("mallory", f"victim{mark}", f"{mark} {number}") for number in range(FLOOD)]
    else:
        messages = [by("mallory", f"victim{mark}{number}", f"{mark} {number}") for number in range(FLOOD // 10)]
    worker.send(*messages)
    until(lambda: sum(text.startswith(mark) for text in list(target.came)) > 1, LONG)


def main(rounds: int) -> int:
    ratios: dict[str, list[float]] = {"conversation": [], "person": []}
    with tempfile.TemporaryDirectory() as data, broker(Path(data) / "kafka") as bootstrap:
        for number in range(rounds):
            for kind, found in ratios.items():
                with Slow() as target, Worker(bootstrap, Path(data) / f"{kind}{number}", target.url, deliver="quotas = false\n") as worker:
                    honest(worker, target)  # warm
                    quiet = honest(worker, target)
                    flood(worker, target, kind)
                    beside = honest(worker, target)
                    left = FLOOD - sum(1 for text in target.came) if kind == "conversation" else 0
                found.append(beside / quiet)
                print(
                    f"flood of one {kind:12}  honest p50 {quiet:6.1f} ms alone, {beside:6.1f} ms beside it, ratio {beside / quiet:.3f}"
                    + (f"   (the flood still had {max(0, left)} or more to go)" if left > 0 else ""),
                    flush=True,
                )
    worst = 0.0
    for kind, found in ratios.items():
        middle = statistics.median(found)
        worst = max(worst, middle)
        print(f"flood of one {kind:12}  median ratio {middle:.3f} (goal {GOAL})", flush=True)
    return 0 if worst <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
