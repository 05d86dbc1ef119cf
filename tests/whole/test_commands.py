"""`im-relay` in a person's hands: what is wrong is said in words, with what was seen, expected, and where to change it."""

import os
import re
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.kafka.local.ports import free_port
from tests import warm_python
from tests.stack import ROOT
from tests.waiting import PATIENCE, until

SECRET = "v3ry-S3cret"
GOOD = f"""\
[apps.old]
platform = "yunxin"
target = "new"
account = {{app_key = "k", app_secret = "{SECRET}"}}
[apps.new]
platform = "easemob"
target = "old"
account = {{org = "o", app = "a", client_id = "i", client_secret = "{SECRET}", callback_secret = "{SECRET}"}}
[marks]
secret = "{SECRET}-of-marks"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "relay.toml"
    path.write_text(GOOD)
    return path


def settings(path: Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["settings", "-c", str(path)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_good_settings_are_shown_without_secrets(config: Path) -> None:
    code, out, err = settings(config)
    assert (code, err) == (0, "")
    assert '"platform": "yunxin"' in out
    assert SECRET not in out


WRONG = {
    "a platform that is none": ('platform = "yunxin"', 'platform = "icq"', r"apps\.old\.platform is 'icq'; known are: .*easemob.*yunxin"),
    "a target that is no app": ('target = "new"', 'target = "gnu"', r"apps\.old\.target is 'gnu'.*there are: new, old"),
    "a section nobody knows": ("[apps.old]", "[kafak]\nbootstrap = 1\n[apps.old]", r"kafak"),
    "a key nobody knows": ("[apps.old]", "[kafka]\nbotstrap = 'x'\n[apps.old]", r"kafka\.botstrap"),
    "a number out of bounds": ("[apps.old]", "[kafka]\npartitions = 0\n[apps.old]", r"kafka\.partitions is 0; expected 1 or more"),
    "a word where a number is due": (
        "[apps.old]",
        "[ingress]\nport = 'high'\n[apps.old]",
        r'ingress\.port is "high"; expected a whole number',
    ),
    "a key of the account nobody knows": (
        'app_key = "k"',
        'app_key = "k", app_kye = "k"',
        r"apps\.old\.account\.app_kye is no setting; did you mean app_key\?",
    ),
    "an app's name that could be taken for something else": ("[apps.old]", '[apps."old:direct"]', r"the name of an app is 1 to 64"),
    "an account without its key": ('app_key = "k", ', "", r"apps\.old\.account\.app_key is missing"),
    "a secret's file that is not there": (
        f'app_secret = "{SECRET}"',
        'app_secret_file = "/nowhere/secret"',
        r"apps\.old\.account\.app_secret_file: cannot read /nowhere/secret: FileNotFoundError",
    ),
    "no secret for the marks": (
        f'[marks]\nsecret = "{SECRET}-of-marks"\n',
        "",
        r"marks\.secret is missing: .*openssl rand -hex 32.*secret_file = .secrets/marks.",
    ),
    "one that is too short": (f'secret = "{SECRET}-of-marks"', 'secret = "abc"', r"marks: .*secret has 3 characters: give 16 or more"),
    "one whose file is not there": (
        f'secret = "{SECRET}-of-marks"',
        'secret_file = "/nowhere/marks"',
        r"marks: secret_file: cannot read /nowhere/marks: FileNotFoundError",
    ),
    "one of an app that is too short": (
        'app_key = "k", ',
        'app_key = "k", mark_secret = "abc", ',
        r"apps\.old\.account: mark_secret has 3 characters",
    ),
    "a time that names no zone": ("[marks]", "[marks]\nunkeyed_until = 2026-12-01T00:00:00", r"marks\.unkeyed_until: .*timezone"),
    "a password of Kafka without its file": (
        "[apps.old]",
        "[kafka.security]\nprotocol = 'SASL_SSL'\nmechanism = 'PLAIN'\nusername = 'x'\npassword_file = '/nowhere/secret'\n[apps.old]",
        r"kafka\.security\.password_file: cannot read /nowhere/secret: No such file or directory",
    ),
    "AWS's signer that is not installed": (
        "[apps.old]",
        "[kafka.security]\nprotocol = 'SASL_SSL'\nmechanism = 'AWS_MSK_IAM'\nregion = 'eu-west-1'\n[apps.old]",
        r"its signer is not installed: pip install 'im-relay\[msk\]'",
    ),
    "a mechanism of Kafka without what it needs": (
        "[apps.old]",
        "[kafka.security]\nprotocol = 'SASL_SSL'\nmechanism = 'PLAIN'\n[apps.old]",
        r"kafka\.security: .*username is missing: mechanism is PLAIN",
    ),
    "no TOML": ("[apps.old]", "[apps.old", r"relay\.toml is not TOML: .*line 1"),
}


@pytest.mark.parametrize(("seen", "instead", "said"), WRONG.values(), ids=WRONG)
def test_wrong_settings_say_what_where_and_what_was_expected(config: Path, seen: str, instead: str, said: str) -> None:
    assert seen in GOOD
    config.write_text(GOOD.replace(seen, instead, 1))
    code, out, err = settings(config)
    assert code == 2
    assert out == ""
    assert re.search(said, err, re.DOTALL), err
    assert "Traceback" not in err
    assert SECRET not in err


def test_settings_that_are_not_there_are_named(tmp_path: Path) -> None:
    code, _, err = settings(tmp_path / "none.toml")
    assert code == 2
    assert "none.toml" in err
    assert "--config" in err


def test_a_secret_from_a_file_is_read_and_not_shown(config: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    config.write_text(GOOD.replace(f'app_secret = "{SECRET}"', f'app_secret_file = "{tmp_path / "secret"}"'))
    code, out, err = settings(config)
    assert (code, err) == (0, "")
    assert SECRET not in out
    assert str(tmp_path / "secret") in out


def test_it_says_which_release_it_is() -> None:
    done = CliRunner().invoke(app, ["--version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (done.exit_code, done.stdout) == (0, f"im-relay {project['version']}\n")


def role(config: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """A role that should not even start: its exit code, and all it said."""
    ports = {"IM_RELAY_OBSERVE__PORT": "0", "IM_RELAY_INGRESS__PORT": "0"}
    done = warm_python.run(*arguments, "-c", str(config), environment={**os.environ, **ports, **environment}, timeout=60)
    return done.returncode, done.stdout + done.stderr


ROLES = (("ingress",), ("convert",), ("deliver", "--platform", "easemob"), ("gaps", "--run"), ("watch",))
EACH = pytest.mark.parametrize("arguments", ROLES, ids=[one[0] for one in ROLES])


@pytest.mark.parametrize("arguments", [*ROLES, ("media",)], ids=[*(one[0] for one in ROLES), "media"])
def test_a_role_without_kafka_waits_for_it_alive_and_says_what_for(config: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """It does not end: whoever is started again and again waits longer each time."""
    nobody, observe = f"127.0.0.1:{free_port()}", free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "streams", *arguments, "-c", str(config)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "IM_RELAY_OBSERVE__PORT": str(observe),
            "IM_RELAY_INGRESS__PORT": "0",
            "IM_RELAY_KAFKA__BOOTSTRAP": nobody,
        },
    )
    try:
        code, said = until(lambda: answer(observe, "/readyz", lambda body: nobody in body))
        assert code == 503
        assert re.search(rf"Kafka cannot be reached since 20\S+: .*{nobody}", said)
        alive = answer(observe, "/livez", lambda _: True)
        assert alive is not None
        assert alive[0] == 200
        assert process.poll() is None
    finally:
        process.terminate()
        try:
            out, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert "waiting for Kafka" in out
    assert "Traceback" not in out


def answer(port: int, path: str, right: Callable[[str], bool]) -> tuple[int, str] | None:
    """None while nobody answers there, or not so."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as found:
            code, body = found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        code, body = error.code, error.read().decode()
    except OSError:
        return None
    return (code, body) if right(body) else None


@EACH
def test_a_role_without_topics_names_the_command_that_makes_them(kafka: str, config: Path, arguments: tuple[str, ...]) -> None:
    code, said = role(config, *arguments, IM_RELAY_KAFKA__BOOTSTRAP=kafka, IM_RELAY_KAFKA__PREFIX="nobody-made-these.")
    assert code == 2, said
    assert "nobody-made-these." in said
    assert "im-relay topics create" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", ROLES[1:3], ids=["convert", "deliver"])
def test_a_role_that_counts_other_partitions_than_the_topics_have_refuses(
    kafka: str, config: Path, arguments: tuple[str, ...], partitioned: str
) -> None:
    code, said = role(
        config, *arguments, IM_RELAY_KAFKA__BOOTSTRAP=kafka, IM_RELAY_KAFKA__PREFIX=partitioned, IM_RELAY_KAFKA__PARTITIONS="5"
    )
    assert code == 2, said
    assert "has 2 partitions, kafka.partitions says 5" in said
    assert "kafka.partitions = 2" in said
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def partitioned(kafka: str) -> str:
    prefix = f"c{os.urandom(4).hex()}."
    done = CliRunner().invoke(app, ["topics", "create", "--bootstrap", kafka, "--partitions", "2", "--prefix", prefix])
    assert done.exit_code == 0, done.output
    return prefix


def test_deliver_to_a_platform_that_no_app_is_on_says_which_there_are(config: Path) -> None:
    code, said = role(config, "deliver", "--platform", "icq")
    assert code == 2
    assert "'icq'" in said
    assert "easemob, yunxin" in said
    assert "Traceback" not in said
