"""The relay as it works, and in three outages; a migration as it goes, and in the same."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from tests.boards.migrating import SHARE, migrating
from tests.boards.prometheus import Prometheus, prometheus
from tests.boards.talking import talking
from tests.stack import Role, Stack

WARM = 15.0
"""Seconds until there are rates."""
BEFORE = 45.0
"""Seconds for which all is well first."""
SETTINGS = "[gaps]\ndelay = 0.0\ninterval = 5.0\nwindow = 600.0\n[watch]\ninterval = 1.0\n[canary]\napps = ['old', 'new']\ninterval = 15.0\npatience = 10.0"


class Scene(NamedTuple):
    """*seconds*: for how long the outage lasts until the picture is taken."""

    name: str
    begin: Callable[[Stack], None]
    end: Callable[[Stack], None]
    seconds: float
    migrates: bool = False


def _nothing(_: Stack) -> None:
    pass


def _hang(stack: Stack) -> None:
    stack.target.mood(hang=1.0)


def _answer(stack: Stack) -> None:
    stack.target.mood()


def _kill_delivery(stack: Stack) -> None:
    _kill(stack.roles[f"deliver-{stack.platforms[1]}"])


def _kill_migration(stack: Stack) -> None:
    _kill(stack.roles[MIGRATION])


def _kill(role: Role) -> None:
    assert role.child is not None
    role.child.send_signal(signal.SIGKILL)
    role.child.wait()


def _freeze(stack: Stack) -> None:
    _signal_kafka(stack, signal.SIGSTOP)


def _thaw(stack: Stack) -> None:
    _signal_kafka(stack, signal.SIGCONT)


def _signal_kafka(stack: Stack, number: int) -> None:
    assert stack.node is not None
    assert stack.node.pid is not None
    os.kill(stack.node.pid, number)


HEALTHY, MIGRATING = "healthy", "migrating"
"""What each scene begins with."""
MIGRATION = "migrate-easemob"
"""The role."""
SCENES = {
    scene.name: scene
    for scene in (
        Scene("target-hangs", _hang, _answer, 140),
        Scene("worker-killed", _kill_delivery, _nothing, 150),
        Scene("kafka-away", _freeze, _thaw, 100),
        Scene(f"{MIGRATING}-target-hangs", _hang, _answer, 60, migrates=True),
        Scene(f"{MIGRATING}-worker-killed", _kill_migration, _nothing, 60, migrates=True),
        Scene(f"{MIGRATING}-kafka-away", _freeze, _thaw, 60, migrates=True),
    )
}


@contextmanager
def observed(
    directory: Path, bootstrap: str | None = None, prefix: str = "", *, migrates: bool = False
) -> Iterator[tuple[Stack, Prometheus]]:
    """A stack with all roles, and a Prometheus that asks them; that of the migration only where it *migrates*."""
    bundles = f'[migrate]\ndirectory = "{directory / "bundles"}"\nshare = {SHARE}\n'
    with Stack(
        directory / "stack",
        bootstrap=bootstrap,
        prefix=prefix,
        partitions=2,
        settings=f"{SETTINGS}\n{bundles}",
        easemob={"callback_store": True, "history_delay": -3600.0},
    ) as stack:
        more = {MIGRATION: ["migrate", "work", "--platform", "easemob"]} if migrates else {}
        for name, arguments in {"gaps": ["gaps", "--run"], "watch": ["watch"], **more}.items():
            stack.wait_ready(stack.add(name, arguments))
        with prometheus(directory / "prometheus", {name: role.observe for name, role in stack.roles.items()}) as asked:
            yield stack, asked


def play(scene: Scene, stack: Stack, recorded: Callable[[str, float, float], None]) -> None:
    """*recorded* is called with a name, and from when to when the boards are to show it, in seconds since 1970."""
    with talking(stack), migrating(stack) if scene.migrates else nullcontext():
        time.sleep(WARM)
        began = time.time()
        time.sleep(BEFORE)
        recorded(MIGRATING if scene.migrates else HEALTHY, began, time.time())
        scene.begin(stack)
        time.sleep(scene.seconds)
        recorded(scene.name, began, time.time())
        scene.end(stack)
