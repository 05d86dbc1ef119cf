"""A coordinator that refuses again and again is told as that, and not as a cluster that does not answer."""

import asyncio

import pytest
from aiokafka.errors import UnsupportedVersionError

from streams.exactly_once.outputs import CoordinatorRefusesError
from streams.exactly_once.producers import Producers, ProducerSettings
from streams.exactly_once.transactions_direct import DirectTransactions
from streams.kafka.permissions import why
from streams.kafka.reachability import REACH

CONCURRENT_TRANSACTIONS = 51


async def started(monkeypatch: pytest.MonkeyPatch, *errors: int) -> None:
    """Producers whose coordinator answers with *errors* for ever; with none, it does not answer."""

    async def possible(_: DirectTransactions) -> bool:
        return True

    async def start(direct: DirectTransactions) -> None:
        async def ask() -> tuple[int, ...]:
            if not errors:
                await asyncio.Event().wait()
            return errors

        await direct._until_done(ask, frozenset(errors))

    monkeypatch.setattr(DirectTransactions, "possible", possible)
    monkeypatch.setattr(DirectTransactions, "start", start)
    producers = Producers(ProducerSettings("127.0.0.1:1", request_timeout=0.02), "a-stage-3", "a-stage")
    try:
        await producers.start()
    finally:
        await producers.close()


async def test_what_is_refused_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    REACH.heard()
    with pytest.raises(CoordinatorRefusesError) as refused:
        await started(monkeypatch, CONCURRENT_TRANSACTIONS)
    assert (
        why(refused.value, "127.0.0.1:1") == "brokers answer, and begin no transaction of a-stage-3 within 0.04 s: ConcurrentTransactions"
    )


async def test_who_does_not_answer_is_no_coordinator_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    REACH.heard()
    with pytest.raises(TimeoutError):
        await started(monkeypatch)


def test_a_level_of_transactions_that_was_lowered_is_named() -> None:
    assert "transaction.version" in why(UnsupportedVersionError(), "127.0.0.1:1")
