"""The whole relay on a Kafka with TLS, names and an authorizer, each role permitted what `im-relay topics acls` prints, and nothing else."""

import asyncio
import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from converters.core.model import direct
from converters.inventory import AnyItem, Group, GroupMember, User
from streams.kafka import clients
from streams.kafka.acls import AclGrant
from streams.kafka.cluster import Cluster
from streams.kafka.permissions import missing
from streams.kafka.security import SecuritySettings
from tests import attachments, warm_python
from tests.migrate.bundles import made, said
from tests.secured import PASSWORD, Secured
from tests.stack import Door, Stack
from tests.waiting import PATIENCE, until
from tests.whole.crossing import IMPATIENT, Exchange

ROLES = (
    "ingress",
    "convert",
    "deliver.yunxin",
    "deliver.easemob",
    "migrate.yunxin",
    "migrate.easemob",
    "media",
    "gaps",
    "watch",
    "console",
    "operator",
    "topics",
)


def run(config: Path, who: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return warm_python.run(*arguments, "--config", str(config), environment=os.environ | named(who), timeout=120)


def named(who: str) -> dict[str, str]:
    """Each role is its own user; a command is the operator, or whoever makes topics."""
    role = {
        "identities": "operator",
        "deliver-yunxin": "deliver.yunxin",
        "deliver-easemob": "deliver.easemob",
        "migrate-easemob": "migrate.easemob",
    }.get(who, who)
    assert role in ROLES, role
    return {"IM_RELAY_KAFKA__SECURITY__USERNAME": f"{PREFIX}{role}", "IM_RELAY_OBSERVE__PORT": "0"}


PREFIX = f"g{uuid4().hex[:8]}."


def granted(guarded: Secured, config: Path) -> dict[str, list[AclGrant]]:
    """Give each role what the command prints for it."""
    done = run(config, "topics", "topics", "acls", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, list[AclGrant]] = defaultdict(list)
    for line in done.stdout.splitlines():
        found[json.loads(line)["role"]].append(msgspec.json.decode(line, type=AclGrant))
    assert sorted(found) == sorted(ROLES)
    for role, grants in found.items():
        guarded.user(f"{PREFIX}{role}")
        guarded.grant(f"{PREFIX}{role}", grants)
    return found


async def soon(ask: Callable[[], Awaitable[list[AclGrant]]], expected: list[AclGrant]) -> None:
    """The authorizer learns of a change a moment after it was made."""
    async with asyncio.timeout(PATIENCE):
        while await ask() != expected:
            await asyncio.sleep(0.02)


class Guarded(Stack):
    """What is printed is granted before anything is begun."""

    guarded: Secured
    grants: dict[str, list[AclGrant]]

    def create_topics(self) -> None:
        self.grants = granted(self.guarded, self.config)
        super().create_topics()


@pytest.fixture(scope="module")
def stack(guarded: Secured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IM_RELAY_KAFKA__SESSION_TIMEOUT", "6")
        bundles = tmp_path_factory.mktemp("bundles")
        door = Door(guarded.at("SECURE"), guarded.toml(), named)
        one = Guarded(
            tmp_path_factory.mktemp("stack"),
            bootstrap=guarded.plain,
            prefix=PREFIX,
            partitions=2,
            settings=f'{IMPATIENT}\n[migrate]\ndirectory = "{bundles}"',
            door=door,
        )
        one.guarded = guarded
        with one:
            yield one


@pytest.fixture
def exchange(stack: Guarded) -> Exchange:
    return Exchange(stack)


def test_everything_crosses_under_exactly_what_is_printed(exchange: Exchange, stack: Guarded) -> None:
    for number in range(10):
        exchange.say("yunxin", "alice", "bob" if number % 2 else "team", f"y{number}")
        exchange.say("easemob", "bob", "alice" if number % 2 else "team", f"e{number}")
    exchange.send("yunxin", "alice", "bob", attachments.picture(1))
    exchange.send("easemob", "bob", "team", attachments.document(2))
    found = exchange.all_arrived()
    assert found.good, found
    assert exchange.spoiled() == []
    for role in stack.roles.values():
        assert "not permitted" not in role.log.read_text()
        assert PASSWORD not in role.log.read_text()


def test_a_migration_runs_under_exactly_what_is_printed(stack: Guarded, tmp_path: Path) -> None:
    people = ("moved-a", "moved-b")
    items: list[AnyItem] = [
        *(User(id=name) for name in people),
        Group(id="880", name="moved", owner=people[0]),
        *(GroupMember(group="880", user=name) for name in people),
    ]
    bundle = made(tmp_path, items, [said(direct(*people), people[0], 1, 1_790_000_000_000, "from before")])
    worker = stack.add("migrate-easemob", STARTS["migrate.easemob"])
    stack.wait_ready(worker)
    done = run(stack.config, "operator", "migrate", "apply", "--bundle", str(bundle), "--live-since", "none", "--json")
    assert done.returncode == 0, (done.stdout, done.stderr, worker.tail())
    assert json.loads(done.stdout.splitlines()[-1])["kinds"]["message"] == {"done": 1, "all": 1}
    done = run(stack.config, "operator", "migrate", "status", "--json")
    assert json.loads(done.stdout.splitlines()[-1])["mode"] == "done", done.stderr
    assert run(stack.config, "operator", "migrate", "pause").returncode == 1, "none runs"
    assert "not permitted" not in done.stderr + worker.log.read_text()


def test_commands_of_a_person_run_as_the_operator(exchange: Exchange, stack: Guarded) -> None:
    exchange.say("yunxin", "alice", "bob", "for the operator")
    exchange.all_arrived()
    config = stack.config
    assert run(config, "operator", "topics", "check").returncode == 0
    assert run(config, "operator", "dead", "list").returncode == 1, "there are none"
    done = run(config, "operator", "trace", "no-such-message", "--since", "1h")
    assert "not permitted" not in done.stderr
    done = run(config, "operator", "replay", "--platform", "yunxin", "--since", "1h", "--yes")
    assert done.returncode in (0, 1), done.stderr
    assert "not permitted" not in done.stderr
    done = run(config, "operator", "identities", "list")
    assert (done.returncode, "team" in done.stdout) == (0, True), done.stderr
    done = run(config, "operator", "gaps", "old", "--since", "1h")
    assert "not permitted" not in done.stderr


def test_a_command_that_is_not_permitted_says_so(stack: Guarded) -> None:
    for who, words, lacking in (
        ("ingress", ("dead", "list"), "Read on topic {}identities"),
        ("ingress", ("identities", "list"), "{}identities"),
        ("gaps", ("identities", "set", "group", "yunxin=99", "easemob=99", "--canonical", "more"), "{}identities"),
        ("ingress", ("topics", "check"), "Describe on topic {}backfill.easemob"),
        ("gaps", ("replay", "--platform", "yunxin", "--since", "1h", "--yes"), "Read on topic {}replays"),
    ):
        done = run(stack.config, who, *words)
        assert done.returncode in (1, 2), (words, done.stderr)
        assert f"User:{PREFIX}{who} is not permitted" in done.stderr, (words, done.stderr)
        assert lacking.format(PREFIX) in done.stderr, (words, done.stderr)
        assert "is missing" not in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("role", [role for role in ROLES if role != "topics"])
async def test_each_that_is_taken_away_is_missed_by_its_name(guarded: Secured, stack: Guarded, role: str) -> None:
    """A user of the role's own, so that the running one is not disturbed."""
    user = f"{PREFIX}{role}.once"
    grants = stack.grants[role]
    guarded.user(user)
    guarded.grant(user, grants)
    where = Cluster(guarded.at("SECURE"), SecuritySettings(**guarded.security(username=user)))
    client = clients.client(where)
    await client.bootstrap()
    try:
        await soon(lambda: missing(client, grants), [])
        for grant in grants:
            guarded.revoke(user, [grant])
            await soon(lambda: missing(client, grants), _missed(grant, grants))
            guarded.grant(user, [grant])
            await soon(lambda: missing(client, grants), [])
    finally:
        await client.close()
        guarded.revoke(user)


def _missed(taken: AclGrant, grants: list[AclGrant]) -> list[AclGrant]:
    """It alone; and what else there is to a topic that may not even be seen any more: who may read or write it may see it."""
    left = [grant for grant in grants if (grant.resource, grant.name) == (taken.resource, taken.name) and grant != taken]
    seen = taken.resource != "topic" or any(grant.operation in ("Read", "Write") for grant in left)
    return [grant for grant in grants if grant == taken or (grant in left and not seen)]


STARTS = {
    "ingress": ["ingress"],
    "convert": ["convert"],
    "deliver.easemob": ["deliver", "--platform", "easemob"],
    "media": ["media"],
    "migrate.easemob": ["migrate", "work", "--platform", "easemob"],
}
LACKING = [
    ("ingress", AclGrant("topic", "callbacks.yunxin", "Write")),
    ("convert", AclGrant("topic", "callbacks.yunxin", "Read")),
    ("convert", AclGrant("topic", "identities", "Write")),
    ("convert", AclGrant("group", "convert", "Read")),
    ("deliver.easemob", AclGrant("topic", "ledger.easemob", "Write")),
    ("deliver.easemob", AclGrant("group", "convert", "Describe")),
    ("migrate.easemob", AclGrant("topic", "imported.easemob", "Write")),
    ("media", AclGrant("transactional-id", "media-", "Write", prefixed=True)),
]


@pytest.mark.parametrize(("role", "lacking"), LACKING, ids=lambda one: one if isinstance(one, str) else f"{one.resource} {one.operation}")
def test_a_role_says_at_its_start_what_it_is_not_permitted(guarded: Secured, stack: Guarded, role: str, lacking: AclGrant) -> None:
    user = f"{PREFIX}{role}.{uuid4().hex[:4]}"
    lacking = msgspec.structs.replace(lacking, name=f"{PREFIX}{lacking.name}")
    assert lacking in stack.grants[role]
    guarded.user(user)
    guarded.grant(user, [grant for grant in stack.grants[role] if grant != lacking])
    environment = os.environ | named(role) | {"IM_RELAY_KAFKA__SECURITY__USERNAME": user}
    done = warm_python.run(*STARTS[role], "--config", str(stack.config), environment=environment, timeout=60)
    guarded.revoke(user)
    assert done.returncode == 2, done.stderr
    name = f"{lacking.name}{'*' if lacking.prefixed else ''}"
    assert f"User:{user} is not permitted: {lacking.operation} on {lacking.resource} {name}" in done.stderr
    assert (
        f"--command-config admin.properties --add --allow-principal User:{user} --operation {lacking.operation} --{lacking.resource} {lacking.name}"
        in done.stderr
    )
    assert "is missing" not in done.stderr
    assert "Traceback" not in done.stderr


def test_topics_made_by_others_are_taken_without_the_right_to_make_any(guarded: Secured, stack: Guarded) -> None:
    user = f"{PREFIX}looker"
    guarded.user(user)
    environment = os.environ | {"IM_RELAY_KAFKA__SECURITY__USERNAME": user}
    command = ("topics", "create", "--config", str(stack.config))
    done = warm_python.run(*command, environment=environment)
    assert done.returncode == 2
    assert f"User:{user} is not permitted: " in done.stderr
    assert f"Describe on topic {PREFIX}backfill.easemob" in done.stderr
    assert "created" not in done.stdout
    guarded.grant(user, [AclGrant("topic", PREFIX, "Describe", prefixed=True)])

    def taken() -> bool:
        done = warm_python.run(*command, environment=environment)
        return done.returncode == 0 and "settings not compared (DescribeConfigs is not permitted)" in done.stderr

    until(taken)
    done = warm_python.run(*command, "--platform", "rongcloud", environment=environment)
    assert f"User:{user} is not permitted: Create on topic {PREFIX}callbacks.rongcloud" in done.stdout + done.stderr
    guarded.revoke(user)


RUNNING = [
    ("convert", AclGrant("group", "convert", "Read")),
    ("convert", AclGrant("topic", "callbacks.yunxin", "Read")),
    ("convert", AclGrant("topic", "deliveries.easemob", "Write")),
    ("convert", AclGrant("transactional-id", "convert-", "Write", prefixed=True)),
    ("ingress", AclGrant("topic", "callbacks.yunxin", "Write")),
    ("deliver-easemob", AclGrant("topic", "ledger.easemob", "Write")),
    ("deliver-easemob", AclGrant("topic", "deliveries.easemob", "Read")),
]


@pytest.mark.parametrize(("name", "taken"), RUNNING, ids=lambda one: one if isinstance(one, str) else f"{one.resource} {one.operation}")
def test_what_is_taken_away_while_a_role_runs_is_said_and_waited_for(
    guarded: Secured, stack: Guarded, exchange: Exchange, name: str, taken: AclGrant
) -> None:
    """It waits, and goes on when it is permitted again: nothing is lost, and nothing is sent twice."""
    role, user = stack.roles[name], f"{PREFIX}{name.replace('-', '.')}"
    taken = msgspec.structs.replace(taken, name=f"{PREFIX}{taken.name}")
    assert role.child is not None
    process, before = role.child.pid, len(role.log.read_text())

    def said() -> bool:
        new = role.log.read_text()[before:]
        return any(f"User:{user} is not permitted" in line and taken.name in line for line in new.splitlines())

    guarded.revoke(user, [taken])
    try:
        exchange.say("yunxin", "alice", "bob", "is it permitted?")
        until(said, 60, role.tail)
        if taken.resource == "group":
            until(lambda: not role.ready(), 60)
    finally:
        guarded.grant(user, [taken])
    found = exchange.all_arrived()
    assert (found.lost, found.doubled, found.changed, found.strange) == ([], [], [], [])
    until(role.ready, 60)
    assert role.child.pid == process
    assert role.child.poll() is None, "it has waited, and was not started anew"
