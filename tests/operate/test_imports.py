"""What a role and a command import: a role starts in half the time without the commands of people."""

import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from streams.cli import roles
from streams.cli.app import app

PROGRAM = """
import sys
sys.argv = ["im-relay", *sys.argv[1:]]
from streams.cli.main import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
OF_PEOPLE = {"streams.cli.app", "streams.cli.dead", "streams.cli.doctor", "streams.operate.topic_reader", "streams.migrate.commands"}


def imported(*words: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_a_role_imports_no_command_of_people() -> None:
    assert not imported("deliver", "--help") & OF_PEOPLE


def test_the_whole_program_has_them_all() -> None:
    assert imported("--help") >= OF_PEOPLE


@pytest.mark.parametrize("name", [each.__name__ for each in roles.COMMANDS])
def test_both_programs_say_the_same_of_a_role(name: str) -> None:
    of_roles, of_all = (CliRunner().invoke(one, [name, "--help"]) for one in (roles.app, app))
    assert (of_roles.exit_code, of_roles.stdout) == (0, of_all.stdout)
    assert name in get_command(app).commands  # type: ignore[attr-defined]
