"""`im-relay topics` on one node: what it advises is not what was just typed."""

from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from streams.cli.app import app
from streams.cli.topics import _after, _too_few
from streams.kafka.admin import TopicDifference
from streams.kafka.topics import names


@pytest.fixture
def prefix() -> str:
    return f"c{uuid4().hex[:8]}."


def create(kafka: str, prefix: str, *more: str) -> Result:
    return CliRunner().invoke(
        app, ["topics", "create", "--bootstrap", kafka, "--partitions", "1", "--prefix", prefix, "--platform", "own", *more]
    )


def test_more_copies_than_brokers_are_told_with_the_number_that_would_do(kafka: str, prefix: str) -> None:
    done = create(kafka, prefix, "--replication", "3")
    assert done.exit_code == 1
    assert "--replication 3 is more than the 1 broker of this cluster" in done.stderr
    assert "--replication 1" in done.stderr
    refused = [line for line in done.stderr.splitlines() if line.startswith("refused by the broker")]
    assert len(refused) == 1, "one reason, one line"
    assert f"{prefix}callbacks.own" in refused[0]
    assert "topics create" not in done.output
    assert done.stdout.count("refused") == len(names(["own"]))


def test_what_it_advises_works(kafka: str, prefix: str) -> None:
    assert create(kafka, prefix, "--replication", "1").exit_code == 0


@pytest.mark.parametrize(
    ("what", "refused", "fix", "note"),
    [
        ("topic", True, False, "refused: see above"),
        ("topic", False, False, "not to be seen yet; look again: topics check"),
        ("retention.ms", False, False, "topics create --fix"),
        ("retention.ms", True, True, "refused: see above"),
        ("retention.ms", False, True, "not to be seen yet; look again: topics check"),
    ],
)
def test_a_command_never_advises_itself(what: str, refused: bool, fix: bool, note: str) -> None:
    assert _after(TopicDifference("t", what, "a", "b"), {"t"} if refused else set(), fix=fix) == note


def test_a_cluster_of_two_is_counted() -> None:
    assert _too_few(2, 3).startswith("--replication 3 is more than the 2 brokers of this cluster")
