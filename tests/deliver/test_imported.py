"""What a migration has put at the target, as the deliver role sees it, on a real broker."""

import time

from converters.core.outcome import Delivered
from streams.deliver import ledger_records
from streams.deliver.ledger_schema import Settled
from tests.deliver.target import Target
from tests.deliver.worker import Worker, delivery


def test_what_a_migration_has_put_there_is_not_sent_again(worker: Worker, target: Target, bob: str) -> None:
    one, other = delivery(bob, "from before"), delivery(bob, "after")
    worker.migrated(one, Settled(outcome=Delivered("901"), target="new", at=int(time.time() * 1000), by="echo", names=ledger_records.names(one)))
    worker.send(one, other)
    worker.settled()
    assert target.texts(bob) == ["after"]
