"""What `im-relay topics acls` prints, without a broker. That it is enough, and not too much, is tried in `tests/whole/test_guarded.py`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from converters import PLATFORMS
from streams.cli.app import app
from streams.kafka import acls, topics

RELAY = """\
[kafka]
bootstrap = "kafka-1:9094"
prefix = "p."

[kafka.security]
protocol = "SSL"

[apps.old]
platform = "yunxin"
target = "new"
account = {app_key = "0123456789abcdef0123456789abcdef", app_secret = "0123456789abcdef"}
[apps.new]
platform = "easemob"
target = "old"
account = {org = "o", app = "a", client_id = "YXA60123456789", client_secret = "0123456789abcdef", callback_secret = "0123456789abcdef", base_url = "https://a1.example.com"}
"""


@pytest.fixture
def relay(tmp_path: Path) -> str:
    path = tmp_path / "relay.toml"
    path.write_text(RELAY)
    return str(path)


def printed(*arguments: str) -> tuple[int, list[str]]:
    done = CliRunner().invoke(app, ["topics", "acls", *arguments])
    return done.exit_code, done.output.splitlines()


def test_as_commands_of_kafkas_own_tool(relay: str) -> None:
    code, lines = printed("-c", relay, "--role", "media")
    kafka = "kafka-acls.sh --bootstrap-server kafka-1:9094 --command-config admin.properties --add --allow-principal User:im-relay-media --operation"
    assert (code, lines) == (
        0,
        [
            "# media",
            f"{kafka} Read --topic p.media.jobs",
            f"{kafka} Read --topic p.media.done",
            f"{kafka} Write --topic p.media.done",
            f"{kafka} Write --topic p.media.results.easemob",
            f"{kafka} Write --topic p.media.results.yunxin",
            f"{kafka} Write --topic p.dead-letters",
            f"{kafka} Read --group p.media",
            f"{kafka} Write --transactional-id p.media- --resource-pattern-type prefixed",
        ],
    )


def test_for_one_user_of_all_roles_who_has_a_space_in_the_name(relay: str) -> None:
    _, lines = printed("-c", relay, "--principal", "User:CN=the relay,O=x")
    assert all(line.startswith("#") or "--allow-principal 'User:CN=the relay,O=x' " in line for line in lines)


def test_as_json_and_as_a_table(relay: str) -> None:
    _, lines = printed("-c", relay, "--json", "--role", "ingress")
    assert [json.loads(line) for line in lines] == [
        {
            "resource": "topic",
            "name": f"p.callbacks.{platform}",
            "operation": operation,
            "prefixed": False,
            "role": "ingress",
            "principal": "User:im-relay-ingress",
        }
        for operation in ("Read", "Write")
        for platform in ("easemob", "yunxin")
    ]
    _, lines = printed("-c", relay, "--table", "--role", "ingress")
    assert "p.callbacks.yunxin" in "\n".join(lines)


def test_a_role_that_is_none_is_said(relay: str) -> None:
    code, lines = printed("-c", relay, "--role", "delivery")
    assert code == 2
    assert "no role delivery; there are: ingress, convert, deliver.easemob" in " ".join("".join(line.strip(" │")) for line in lines)


def test_no_role_is_permitted_anything_on_the_cluster_and_only_who_makes_topics_makes_any() -> None:
    for role, grants in acls.every(acls.layout(list(PLATFORMS), "")).items():
        assert {grant.resource for grant in grants} <= {"topic", "group", "transactional-id"}
        assert role == "topics" or {grant.operation for grant in grants} <= {"Read", "Write", "Describe", "DescribeConfigs", "Delete"}
        # Of a migration's input, what is done is deleted: nobody deletes anything else.
        trimmed = {topics.MIGRATION.name(platform) for platform in PLATFORMS} if role == "operator" else set()
        assert {grant.name for grant in grants if grant.operation == "Delete"} == trimmed, role


def test_every_topic_is_written_by_somebody_and_read_by_somebody() -> None:
    grants = [
        grant
        for role, found in acls.every(acls.layout(["a"], "", keys=True)).items()
        if role not in ("topics", "operator", "console")
        for grant in found
    ]
    assert {grant.operation for grant in acls.console(acls.layout(["a"], "")) if grant.name == topics.AUDIT.name()} == {"Read", "Write"}
    for topic in topics.TOPICS:
        if topic in (topics.AUDIT, topics.REPLAYS):  # of people alone
            continue
        name = topic.name("a")
        operations = {grant.operation for grant in grants if grant.name == name}
        if topic in (topics.BACKFILL, topics.CONTROL, topics.MIGRATION, topics.RUNS):  # a person's replay, release or migration writes it
            assert operations == {"Read"}
        else:
            assert operations >= {"Read", "Write"}, name


def test_nobody_needs_the_keys_of_what_is_not_encrypted() -> None:
    for role, found in acls.every(acls.layout(["a"], "")).items():
        granted = {grant.operation for grant in found if grant.name == topics.KEYS.name()}
        assert role in ("topics", "operator") or not granted, role
        assert "Write" not in granted, role
    readers = {
        role for role, found in acls.every(acls.layout(["a"], "", keys=True)).items() if acls.AclGrant("topic", "keys", "Read") in found
    }
    assert readers == {"ingress", "convert", "deliver.a", "migrate.a", "media", "gaps", "watch", "console", "operator"}
