"""What a process says of itself."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streams.kafka.reachability import SILENT, Reachability
from streams.observe import log
from streams.observe.metric_types import PREFIX, REGISTRY
from streams.observe.metrics import declared as declared_metrics
from streams.observe.metrics_page import metrics_page
from streams.roles.health import Health
from streams.settings.observing import ObserveSettings
from tests.ingress import client, signed
from tests.ingress.conftest import Running


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_ready_when_every_part_is() -> None:
    health = Health()
    health.ready(False, "no partitions yet", part="worker")
    health.ready(True)
    assert health.unready() == {"worker": "no partitions yet"}
    health.ready(True, part="worker")
    assert health.unready() == {}


def test_a_note_is_said_and_keeps_nobody_from_being_ready() -> None:
    health = Health()
    health.ready(True)
    health.note("standby", "has no partition")
    assert not health.unready()
    assert health.notes() == {"standby": "has no partition"}
    health.note("standby", "")
    assert health.notes() == {}


def test_a_stage_that_has_work_and_stands_still_is_not_alive() -> None:
    clock, work = Clock(), [True]
    health = Health(clock)
    health.watch("convert", lambda: bool(work), patience=10)
    clock.now += 9
    health.progress("convert")
    clock.now += 9
    assert health.alive()
    clock.now += 2
    assert health.stuck() == {"convert": "has work, and has not moved for 11 s"}


def test_a_stage_without_work_is_alive_and_new_work_has_its_full_time() -> None:
    clock = Clock()
    work: list[int] = []
    health = Health(clock)
    health.watch("deliver", lambda: bool(work), patience=10)
    clock.now += 1000
    assert health.alive()
    work.append(1)
    clock.now += 9
    assert health.alive()
    clock.now += 2
    assert not health.alive()


def test_a_stage_that_cannot_is_alive_and_not_ready_and_one_that_is_stuck_is_not_alive() -> None:
    clock, work = Clock(), [True]
    reach = Reachability(clock, clock)
    health = Health(clock, reach)
    health.ready(True)
    health.watch("convert", lambda: bool(work), patience=60)
    reach.heard()
    assert not health.unready()
    for _ in range(100):  # half an hour
        clock.now += 18
        reach.lost("kafka-1:9092: refused")
        assert health.alive()
        assert health.unready() == {"kafka": "Kafka cannot be reached since 1970-01-01T00:01:40+00:00: kafka-1:9092: refused"}
    reach.heard()
    assert not health.unready().keys() - {"convert"}
    clock.now += 59
    reach.heard()
    assert health.alive(), "it has its full patience once Kafka is back"
    clock.now += 2
    reach.heard()
    assert not health.alive(), "Kafka answers, there is work, nothing is tried"


def test_a_stage_that_is_told_again_and_again_that_it_cannot_is_alive_and_says_why_it_is_not_ready() -> None:
    clock = Clock()
    reach = Reachability(clock, clock)
    health = Health(clock, reach)
    health.ready(True)
    health.watch("deliver", lambda: True, patience=60)
    for _ in range(20):
        clock.now += 10
        reach.heard()
        reach.told("a transaction is refused for now: NotEnoughReplicasError")
        assert health.alive()
    assert health.unready() == {
        "deliver": "has work, and has not moved for 200 s: a transaction is refused for now: NotEnoughReplicasError"
    }
    health.progress("deliver")
    assert not health.unready()


def test_an_idle_stage_that_can_reach_nothing_is_not_ready() -> None:
    clock = Clock()
    reach = Reachability(clock, clock)
    health = Health(clock, reach)
    health.ready(True)
    health.watch("convert", lambda: False)
    reach.heard()
    assert not health.unready()
    clock.now += SILENT + 1
    assert health.unready() == {"kafka": "Kafka cannot be reached since 1970-01-01T00:01:40+00:00: no broker has answered"}
    assert health.alive()


async def test_the_observe_port_tells_and_the_public_port_does_not(ingress: Running) -> None:
    await ingress.send(signed.text(1))
    page = (await client.get(ingress.observe, "/metrics")).body.decode()
    wanted = {"app": ingress.yunxin, "platform": "yunxin", "reason": "stored", "status": "200"}
    labels = ",".join(f'{name}="{value}"' for name, value in wanted.items())
    assert f"im_relay_callbacks_total{{{labels}}} 1.0" in page
    assert "你好" not in page
    assert json.loads((await client.get(ingress.observe, "/readyz")).body) == {"ready": True, "waits_for": {}}
    assert json.loads((await client.get(ingress.observe, "/livez")).body) == {"alive": True, "stuck": {}}
    assert (await client.get(ingress.observe, "/other")).status == 404
    assert (await client.get(ingress.port, "/metrics")).status == 404


def test_every_metric_is_declared_once_and_printed() -> None:
    page = metrics_page()
    served = {family.name for family in REGISTRY.collect() if family.name.startswith(PREFIX)}
    declared = [metric.name.removesuffix("_total") for metric in declared_metrics()]
    assert len(declared) == len(set(declared))
    assert served == set(declared)
    for metric in declared_metrics():
        assert page.count(f"| `{metric.name}` |") == 1
        assert metric.text.endswith((".", "`."))
        assert not {"user", "conversation", "message", "path"} & set(metric.labels)


Lines = Callable[[], list[dict[str, Any]]]
"""What is logged so far."""


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in log.QUIET}
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    log.setup(ObserveSettings(log="json", level="debug"))
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def test_what_the_client_retries_by_itself_is_not_logged_and_the_rest_is(lines: Lines) -> None:
    kafka = logging.getLogger("aiokafka.producer.sender")
    kafka.warning("Got error produce response on topic-partition %s, retrying. Error: %s", "t-0", "NotEnoughReplicasError")
    kafka.debug("Sending (key=%s value=%s) to %s", b"k", b"what somebody wrote", "t-0")
    for _ in range(3):
        kafka.warning("Got error produce response: %s", "NodeNotReadyError")
    kafka.warning("Got error produce response on topic-partition %s, retrying. Error: %s", "t-0", "NotLeaderForPartition")
    for _ in range(2):
        logging.getLogger("streams.x").info("ready")
    assert [line["event"].split()[-1] for line in lines()] == ["NodeNotReadyError", "NotLeaderForPartition", "ready", "ready"]
    assert lines()[3]["level"] == "info"


def aiokafka(text: str, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord(
        "aiokafka.consumer.group_coordinator", level, __file__, 1, "Group Coordinator Request failed: %s", (text,), None
    )


@pytest.mark.parametrize("name", ["GroupCoordinatorNotAvailableError", "CoordinatorLoadInProgressError", "NotCoordinatorForGroupError"])
def test_what_a_healthy_broker_answers_at_first_is_logged_only_when_it_lasts(name: str) -> None:
    clock = Clock()
    heard = log._RepeatFilter(clock).filter
    assert not heard(aiokafka(name))
    clock.now += 1
    assert not heard(aiokafka(name))
    clock.now += log.LASTS
    assert heard(aiokafka(name))
    # And once it is over, it begins anew.
    clock.now += 3 * log.REPEAT
    assert not heard(aiokafka(name))


def test_an_error_that_does_not_pass_is_logged_at_once() -> None:
    assert log._RepeatFilter(Clock()).filter(aiokafka("GroupAuthorizationFailedError"))
