"""`make bench-quotas`: three times a platform's quota offered over real HTTP, live messages and a backfill at once.

Two deliver workers share the quota by their partitions; the target is the simulator with its published limit. Asked for are: at
least 95 % of the quota used, throttled answers under 0.5 %, no live message more than 1 s behind the backfill, order kept. The peer,
in the same run, is the same worker with the relay's quotas switched off, which lives on the target's refusals alone.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from streams.kafka.local.ports import free_port
from tests.benchmarks.offer import Offer, Seen, journal, throttled
from tests.broker import broker
from tests.deliver.worker import PARTITIONS, SECRET, Worker
from tests.simulators.process import SimulatorProcess
from tests.stack import Role
from tests.waiting import until

QUOTA = 100.0
"""Calls a second to single people: the published limit of one App Key."""
LIVE, BACKFILL = 0.6, 2.4
"""Times the quota: live has room, and everything together is three times too much."""
USED, THROTTLED, BEHIND = 0.95, 0.005, 1.0


def one(bootstrap: str, directory: Path, seconds: float, *, quotas: bool, warm: float) -> tuple[bool, str]:
    with ExitStack() as exits:
        target = exits.enter_context(SimulatorProcess("easemob", org="o", app="a", client_id="i", client_secret=SECRET))
        worker = Worker(bootstrap, directory, target.url, deliver=f"quotas = {str(quotas).lower()}")
        exits.enter_context(worker)
        second = Role("deliver-2", worker.role._arguments, free_port(), directory / "deliver-2.log", {})
        exits.callback(second.stop)
        second.start()
        until(second.ready, why=second.tail)
        offers = [
            Offer(
                bootstrap,
                worker.prefix + topic,
                PARTITIONS,
                name=name,
                target="new",
                rate=QUOTA * share,
                seconds=seconds,
                conversations=150,
            )
            for name, topic, share in (("live", "deliveries.easemob", LIVE), ("back", "backfill.easemob", BACKFILL))
        ]
        start = time.time()
        for offer in offers:
            offer.start()
        for offer in offers:
            offer.join()
        end = time.time()
        until(lambda: len(Seen(journal(target), offers[0])) >= len(offers[0].said), why=worker.role.tail)
        entries = journal(target)
    live, back = (Seen(entries, offer) for offer in offers)
    counted = sum(start + warm <= at < end for at in live.times + back.times)
    used = counted / (QUOTA * (end - start - warm))
    refused = throttled(entries) / max(1, counted)
    in_order = live.in_order and back.in_order
    good = used >= USED and refused < THROTTLED and live.share(1.0) <= BEHIND and in_order
    words = (
        f"used {used:.1%} of the quota, throttled {refused:.2%}, live waited at most {live.share(1.0):.2f} s "
        f"(p99 {live.share(0.99):.2f} s), {len(live)} live and {len(back)} backfill messages, order {'kept' if in_order else 'BROKEN'}"
    )
    return good, words


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--peer-seconds", type=float, default=60.0)
    parser.add_argument("--warm", type=float, default=10.0, help="seconds that are not counted: two workers find their shares")
    chosen = parser.parse_args()
    with ExitStack() as exits:
        directory = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="im-relay-bench-")))
        bootstrap = exits.enter_context(broker(directory / "kafka"))
        good, words = one(bootstrap, directory / "ours", chosen.seconds, quotas=True, warm=chosen.warm)
        print(f"3 x the quota for {chosen.seconds:g} s: {words}", flush=True)
        _, words = one(bootstrap, directory / "peer", chosen.peer_seconds, quotas=False, warm=chosen.warm)
        print(f"the same without our quotas, {chosen.peer_seconds:g} s: {words}")
    print(f"needed: at least {USED:.0%} used, under {THROTTLED:.1%} throttled, live at most {BEHIND:g} s behind, order kept")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
