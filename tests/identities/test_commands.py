"""`im-relay identities`, on a real broker."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.kafka.local.ports import free_port


@pytest.fixture(scope="module")
def topics(kafka: str) -> str:
    prefix = f"i{os.urandom(4).hex()}."
    done = CliRunner().invoke(app, ["topics", "create", "--bootstrap", kafka, "--partitions", "3", "--prefix", prefix])
    assert done.exit_code == 0, done.output
    return prefix


@pytest.fixture
def config(kafka: str, topics: str, tmp_path: Path) -> Path:
    path = tmp_path / "relay.toml"
    path.write_text(f'kafka = {{bootstrap = "{kafka}", prefix = "{topics}", partitions = 3}}\n')
    return path


def identities(*arguments: str, config: Path | None = None, given: str | None = None) -> Any:
    options = ["-c", str(config)] if config else []
    done = CliRunner().invoke(app, ["identities", *arguments, *options], input=given)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def table(config: Path) -> dict[tuple[str, str, str], str]:
    done = identities("list", config=config)
    assert done.exit_code == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {(row["platform"], row["kind"], row["id"]): row["canonical"] for row in rows}


def test_what_is_set_is_listed_until_it_is_forgotten(config: Path) -> None:
    done = identities("set", "group", "yunxin=61", "easemob=271", "--canonical", "Ops", config=config)
    assert done.exit_code == 0, done.stderr
    assert identities("set", "user", "yunxin=h--X", "easemob=long", config=config).exit_code == 0
    assert identities("set", "room", "yunxin=9", "easemob=8", config=config).exit_code == 0
    listed = table(config)
    assert listed[("yunxin", "group", "61")] == listed[("easemob", "group", "271")] == "ops"
    assert listed[("yunxin", "user", "h--X")] == listed[("easemob", "user", "long")] == "h--x"
    assert listed[("yunxin", "room", "9")] == listed[("easemob", "room", "8")] == "9"
    assert identities("forget", "group", "yunxin=61", config=config).exit_code == 0
    after = table(config)
    assert ("yunxin", "group", "61") not in after
    assert after == {key: value for key, value in listed.items() if key != ("yunxin", "group", "61")}


def test_the_last_one_counts(config: Path) -> None:
    for name in ("first", "second"):
        assert identities("set", "group", "yunxin=77", "--canonical", name, config=config).exit_code == 0
    assert table(config)[("yunxin", "group", "77")] == "second"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "flock", "yunxin=1"), "group, room"),
        (("set", "group", "icq=1"), "icq"),
        (("set", "group", "yunxin="), "PLATFORM=ID"),
        (("set", "group", "yunxin"), "PLATFORM=ID"),
        (("forget", "flock", "yunxin=1"), "group, room"),
        (("forget", "group", "icq=1"), "icq"),
        (("forget", "group", "yunxin"), "PLATFORM=ID"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_expected(config: Path, arguments: tuple[str, ...], said: str) -> None:
    before = table(config)
    done = identities(*arguments, config=config)
    assert done.exit_code == 2
    assert said in done.stderr
    assert table(config) == before


@pytest.mark.parametrize("arguments", [("list",), ("set", "group", "yunxin=1"), ("forget", "group", "yunxin=1")])
def test_without_kafka_the_address_and_its_setting_are_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    path = tmp_path / "relay.toml"
    path.write_text(f'kafka = {{bootstrap = "{nobody}"}}\n')
    done = identities(*arguments, config=path)
    assert done.exit_code in (1, 2)
    assert nobody in done.stderr
    assert "kafka.bootstrap" in done.stderr


@pytest.mark.parametrize("arguments", [("list",), ("set", "group", "yunxin=1"), ("forget", "group", "yunxin=1")])
def test_without_the_topic_the_command_that_makes_it_is_named(kafka: str, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(f'kafka = {{bootstrap = "{kafka}", prefix = "nobody-made-these."}}\n')
    done = identities(*arguments, config=path)
    assert done.exit_code == 2
    assert "im-relay topics create" in done.stderr


def test_ids_that_change_at_the_target_are_found() -> None:
    long = "a-name-that-is-longer-than-what-the-other-platform-takes"
    done = identities("check", "--platform", "easemob", "--target", "yunxin", "-", given=f"alice\nBob\n\nbob\n{long}\n")
    assert done.exit_code == 1
    found = {row["id"]: row["what"] for row in map(json.loads, done.stdout.splitlines())}
    assert found == {"bob": "case", long: "hashed"}
    assert "4 ids, 2 to be looked at" in done.stderr


def test_ids_that_all_fit_end_with_0(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("alice\nbob\n")
    done = identities("check", "--platform", "yunxin", "--target", "easemob", str(path))
    assert (done.exit_code, done.stdout) == (0, "")


@pytest.mark.parametrize(("source", "target"), [("icq", "yunxin"), ("yunxin", "icq")])
def test_a_check_between_unknown_platforms_is_refused(source: str, target: str) -> None:
    done = identities("check", "--platform", source, "--target", target, "-", given="alice\n")
    assert done.exit_code == 2
    assert "icq" in done.stderr
    assert "easemob" in done.stderr


def test_who_is_where_is_marked_and_shown(config: Path) -> None:
    before = table(config)
    assert (
        identities("mark", "--platform", "easemob", "--account", "used", "--file", "-", "Ann", config=config, given="bob\n\ncarol\n").stdout
        == "3 marked\n"
    )
    assert identities("mark", "--platform", "easemob", "--account", "made", "carol", config=config).exit_code == 0
    assert identities("mark", "--cohort", "Testers", "ann", "dave", config=config).exit_code == 0
    assert identities("set", "user", "yunxin=h--x1", "--canonical", "ann", config=config).exit_code == 0
    shown = json.loads(identities("show", "ANN", config=config).stdout)
    assert (shown["user"], shown["accounts"], shown["cohort"]) == ("ann", {"easemob": "used"}, "testers")
    assert (shown["ids"]["yunxin"], shown["ids"]["easemob"]) == ("h--x1", "ann")
    assert shown["share"] == 91.66
    people = {row["user"]: row for row in map(json.loads, identities("list", "--people", config=config).stdout.splitlines())}
    assert {user: row["accounts"].get("easemob") for user, row in people.items()} == {
        "ann": "used",
        "bob": "used",
        "carol": "made",
        "dave": None,
    }
    assert identities("mark", "--platform", "easemob", "--account", "none", "bob", "carol", config=config).exit_code == 0
    assert identities("mark", "--cohort", "none", "dave", config=config).exit_code == 0
    assert identities("forget", "user", "yunxin=h--x1", config=config).exit_code == 0
    (left,) = map(json.loads, identities("list", "--people", config=config).stdout.splitlines())
    assert left == {"user": "ann", "accounts": {"easemob": "used"}, "cohort": "testers"}
    assert table(config) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mark", "ann"), "--account or --cohort"),
        (("mark", "--account", "used", "ann"), "easemob"),
        (("mark", "--account", "useful", "--platform", "easemob", "ann"), "made, used, none"),
        (("mark", "--cohort", "two words", "ann"), "at most 64"),
        (("mark", "--cohort", "pilot"), "users are needed"),
    ],
)
def test_a_mark_that_cannot_be_is_refused_with_what_was_expected(config: Path, arguments: tuple[str, ...], said: str) -> None:
    done = identities(*arguments, config=config)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())
