"""A target that is away when the relay starts: nothing was sent, so nothing is in doubt, and all arrives once it is there."""

from tests.deliver.target import Target
from tests.deliver.worker import Worker, delivery
from tests.waiting import until


def attempts(worker: Worker, app: str, outcome: str) -> float:
    name = f'im_relay_attempts_total{{api="messages/users",app="{app}",outcome="{outcome}",platform="easemob"}} '
    return sum(float(line.removeprefix(name)) for line in worker.role.metrics().splitlines() if line.startswith(name))


def test_a_target_that_is_started_late_gets_everything_in_order(worker: Worker, target: Target, late_port: int, bob: str) -> None:
    worker.send(*(delivery(f"{bob}{number % 3}", str(number), target="late") for number in range(30)))
    until(lambda: attempts(worker, "late", "not_sent") >= 6)
    worker.send(here := delivery(bob, "not held up"))
    until(lambda: target.texts(here.receiver))
    with Target(late_port) as late:
        worker.settled()
        for number in range(3):
            assert late.texts(f"{bob}{number}") == [str(turn) for turn in range(number, 30, 3)]
        assert len(late.requests) == 30
    assert not attempts(worker, "late", "unsure")
