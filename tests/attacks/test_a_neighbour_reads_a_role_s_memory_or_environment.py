"""A process of the same user, in the same container: it gets neither the memory nor the environment of a role, or of a command."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the role's way of refusing it is Linux's")

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-of-the-relay"
ROLE = """
import ctypes, sys
from streams.cli import roles
from streams.cli.main import main

def role():
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)  # PR_GET_DUMPABLE
    sys.stdin.read()

{run}
"""
NEIGHBOUR = "import sys; print(open(f'/proc/{sys.argv[1]}/environ').read(), open(f'/proc/{sys.argv[1]}/maps').read())"


def attacked(run: str) -> tuple[str, str]:
    """Whether the role says that it can be read, and what a neighbour has read."""
    env = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    unprivileged = [sys.executable, "-m", "tests.attacks.unprivileged", "-c"]
    with subprocess.Popen(
        [*unprivileged, ROLE.format(run=run)],
        env=env | {"IM_RELAY_SECRET": SECRET},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as role:
        assert role.stdout is not None
        dumpable = role.stdout.readline().strip()
        neighbour = subprocess.run([*unprivileged, NEIGHBOUR, str(role.pid)], env=env, capture_output=True, text=True, check=False)
        role.communicate("")
    return dumpable, neighbour.stdout


def test_a_neighbour_gets_nothing() -> None:
    dumpable, found = attacked("roles.app = role; sys.argv = ['im-relay', 'deliver']; main()")
    assert (dumpable, found) == ("0", "")


def test_of_a_process_that_is_no_role_it_gets_everything() -> None:
    """Or the test above would hold whatever the role does."""
    dumpable, found = attacked("role()")
    assert dumpable == "1"
    assert SECRET in found
