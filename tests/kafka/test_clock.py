"""Our clock beside the brokers', and what topics must be like."""

import time
from uuid import uuid4

import pytest
from aiokafka.admin import NewTopic
from aiokafka.errors import UnsupportedVersionError

from streams.kafka import clock, topic_checks
from streams.kafka.open_transactions import client_of
from streams.kafka.topics import CALLBACKS, DEAD_LETTERS, DELIVERIES, IDENTITIES, LEDGER, TOPICS, wanted
from streams.observe.metric_types import REGISTRY
from streams.roles.health import Health
from streams.settings.root import KafkaSettings, Settings
from tests.exactly_once.conftest import Cluster, cluster  # noqa: F401 - a fixture


@pytest.mark.kafka
@pytest.mark.parametrize("hours", [0.0, 1.0, -192.0])
async def test_the_brokers_say_what_time_it_is(kafka: str, hours: float) -> None:
    async with client_of(kafka) as client:
        seconds = await clock.ahead(client, lambda: time.time() + hours * 3600)
    assert seconds is not None
    assert abs(seconds - hours * 3600) < clock.TOLERATED
    assert bool(clock.wrong(seconds)) == bool(hours)


async def test_brokers_that_do_not_say_are_not_judged() -> None:
    class Client:
        def get_random_node(self) -> int:
            return 1

        async def send(self, *_: object) -> None:
            raise UnsupportedVersionError

    assert await clock.ahead(Client()) is None
    assert clock.wrong(None) == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3600.0, "the clock of this machine is 3600 s ahead of the brokers': set it (NTP), here or there"),
        (-691200.0, "the clock of this machine is 691200 s behind the brokers': set it (NTP), here or there"),
        (4.0, ""),
        (-299.0, ""),
    ],
)
def test_a_difference_is_said_in_seconds_and_shown(seconds: float, said: str) -> None:
    assert clock.wrong(seconds) == said
    assert REGISTRY.get_sample_value("im_relay_clock_skew_seconds") == seconds


def test_topics_as_the_command_makes_them_are_fit() -> None:
    for each in wanted(["a"]):
        assert topic_checks.topic_problems(each.name, each.topic, each.configs) == []


@pytest.mark.parametrize(
    ("topic", "setting", "value", "found"),
    [
        (CALLBACKS, "max.message.bytes", "900000", "4194304"),
        (DELIVERIES, "max.message.bytes", "1048588", "4194304"),
        (LEDGER, "max.message.bytes", "1048576", ""),
        (LEDGER, "max.message.bytes", "10000000", ""),
        (CALLBACKS, "retention.ms", "3600000", "604800000"),
        (CALLBACKS, "retention.ms", "-1", ""),
        (DEAD_LETTERS, "retention.ms", "604800000", "2592000000"),
        (CALLBACKS, "retention.bytes", "1000000", "-1"),
        (CALLBACKS, "cleanup.policy", "compact,delete", "delete"),
        (IDENTITIES, "cleanup.policy", "delete", "compact"),
        (IDENTITIES, "cleanup.policy", "compact,delete", "compact"),
        (LEDGER, "cleanup.policy", "delete", "compact,delete"),
        (CALLBACKS, "retention.ms", "hardly", ""),
    ],
)
def test_a_setting_that_loses_or_refuses_is_named_with_what_is_needed(topic: object, setting: str, value: str, found: str) -> None:
    (each,) = [one for one in wanted(["a"]) if one.topic is topic]
    seen = topic_checks.topic_problems(each.name, each.topic, {**each.configs, setting: value})
    assert {(one.topic, one.setting, one.seen, one.needed) for one in seen} == ({(each.name, setting, value, found)} if found else set())
    for one in seen:
        assert f"{setting} is {value}, needed is {found}" in str(one)


def test_a_topic_of_callbacks_is_fit_for_the_largest_that_is_taken() -> None:
    (each,) = [one for one in wanted(["a"]) if one.topic is CALLBACKS]
    usual = {**each.configs, "max.message.bytes": "1048588"}
    assert topic_checks.topic_problems(each.name, each.topic, usual, 270_000) == []
    assert [one.setting for one in topic_checks.topic_problems(each.name, each.topic, usual, 2_000_000)] == ["max.message.bytes"]


@pytest.mark.kafka
async def test_what_is_unfit_on_the_broker_is_told_when_a_role_starts(cluster: Cluster) -> None:
    prefix = f"t{uuid4().hex[:8]}."
    name = f"{prefix}callbacks.own"
    await cluster._admin.create_topics([NewTopic(name, 1, 1, topic_configs={"retention.ms": "60000", "max.message.bytes": "1000"})])
    health = Health()
    assert await topic_checks.look(Settings(kafka=KafkaSettings(bootstrap=cluster.bootstrap, prefix=prefix)), [name], health)
    said = health.notes()["topics"]
    assert f"{name}: retention.ms is 60000, needed is 604800000" in said
    assert f"{name}: max.message.bytes is 1000" in said
    for setting in ("retention.ms", "max.message.bytes"):
        assert REGISTRY.get_sample_value("im_relay_topic_misconfigured", {"topic": name, "setting": setting}) == 1


def test_only_what_comes_from_outside_is_checked_for_its_time() -> None:
    assert [topic for topic in TOPICS if topic.timely] == [CALLBACKS]
