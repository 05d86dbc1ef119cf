"""`make bench-isolation`: one app's target hangs, answers 500, or is gone; the other apps of the same worker must not feel it.

The figure is the mean time from offer to arrival of a healthy app's messages beside a sick one, as a ratio to the same without; asked for
is under 1.10. Afterwards the sick app's backlog has to arrive, whole and in order.
"""

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.offer import Offer, Seen, journal
from tests.broker import broker
from tests.deliver.worker import PARTITIONS, SECRET, Worker, app
from tests.simulators.process import SimulatorProcess
from tests.waiting import until

NEEDED = 1.10
MOODS: dict[str, dict[str, Any]] = {"hangs": {"hang": 1.0}, "answers 500": {"error_500": 1.0}}
RATE, SICK_RATE, CONVERSATIONS = 150.0, 50.0, 40
DELIVER = "quotas = false\necho_wait = 2.0\ntimeout = 3.0\nlease = 1.0"


def measured(worker: Worker, healthy: SimulatorProcess, name: str, seconds: float, beside: Offer | None = None) -> float:
    """Milliseconds that the healthy app's messages take, the middle of three means."""
    offer = Offer(
        worker.bootstrap,
        f"{worker.prefix}deliveries.easemob",
        PARTITIONS,
        name=name,
        target="new",
        rate=RATE,
        seconds=seconds,
        conversations=CONVERSATIONS,
    )
    if beside is not None:
        beside.start()
    offer.start()
    offer.join()
    until(partial(has_all, healthy, offer), why=worker.role.tail)
    seen = Seen(journal(healthy), offer)
    assert seen.in_order
    return float(1000 * statistics.mean(seen.delays[: int(0.99 * len(seen.delays))]))


def has_all(target: SimulatorProcess, offer: Offer) -> bool:
    return len(Seen(journal(target), offer)) >= len(offer.said)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    worst = 0.0
    options: dict[str, Any] = {"org": "o", "app": "a", "client_id": "i", "limit_messages": 0, "limit_calls": 0}
    with ExitStack() as exits:
        directory = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="im-relay-bench-")))
        bootstrap = exits.enter_context(broker(directory / "kafka"))
        healthy = exits.enter_context(SimulatorProcess("easemob", client_secret=SECRET, **options))
        sick = exits.enter_context(SimulatorProcess("easemob", client_secret="s", **options))
        worker = Worker(bootstrap, directory, healthy.url, deliver=DELIVER, apps=app("sick", sick.url))
        exits.enter_context(worker)
        measured(worker, healthy, "warm", 5.0)
        for title, mood in MOODS.items():
            ratios = []
            for number in range(chosen.rounds):
                name = f"{title.replace(' ', '')}{number}"
                alone = measured(worker, healthy, f"a{name}", chosen.seconds)
                sick.mood(**mood)
                beside = Offer(
                    bootstrap,
                    f"{worker.prefix}deliveries.easemob",
                    PARTITIONS,
                    name=f"s{name}",
                    target="sick",
                    rate=SICK_RATE,
                    seconds=chosen.seconds,
                    conversations=CONVERSATIONS,
                )
                with_it = measured(worker, healthy, f"b{name}", chosen.seconds, beside)
                beside.join()
                sick.mood()
                until(partial(has_all, sick, beside), deadline=120, why=worker.role.tail)
                assert Seen(journal(sick), beside).in_order, "the backlog came out of order"
                ratios.append(with_it / alone)
                print(
                    f"{title}, round {number + 1}: alone {alone:.1f} ms, beside it {with_it:.1f} ms, ratio {with_it / alone:.2f}",
                    flush=True,
                )
            worst = max(worst, statistics.median(ratios))
            print(f"one target {title}: the others take x {statistics.median(ratios):.2f}; its backlog came whole and in order")
    print(f"needed: under x {NEEDED:g}")
    return 0 if worst < NEEDED else 1


if __name__ == "__main__":
    sys.exit(main())
