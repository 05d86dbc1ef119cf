"""A simulator as a child process, for tests and the demo."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.children import dies_with_parent
from tests.simulators.client import PATIENCE, SimulatorClient

ROOT = Path(__file__).parents[2]


class SimulatorProcess(SimulatorClient):
    """Started and ready once made; also a context manager that stops it.

    Options are those of the command line, ``callback_url`` for ``--callback-url``; a mapping or a list of
    users is written as it takes it. Raises RuntimeError when the child ends instead of listening.
    """

    def __init__(self, platform: str, *, port: int = 0, **options: Any) -> None:
        command = [sys.executable, "-m", "tests.simulators", platform, "--port", str(port), *written(options)]
        self._child = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us alone: we still want to read the journal, and end it in good order
            preexec_fn=dies_with_parent(),  # noqa: PLW1509
        )
        assert self._child.stdout is not None
        ready = self._child.stdout.readline().split()
        if ready[:1] != ["ready"]:
            self._child.wait()
            self._child.stdout.close()
            raise RuntimeError(f"the {platform} simulator ended with {self._child.returncode}")
        super().__init__(ready[1])

    @property
    def pid(self) -> int:
        return self._child.pid

    def stop(self) -> int:
        """Stop it, and give its exit code; killed only if it does not go."""
        self.close()
        self._child.terminate()
        try:
            return self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self._child.wait()
        finally:
            assert self._child.stdout is not None
            self._child.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def written(options: Mapping[str, Any]) -> list[str]:
    """Options as arguments."""
    arguments = []
    for name, value in options.items():
        if value is None:
            continue
        flag = "--" + name.replace("_", "-")
        match value:
            case dict():
                for key, inner in value.items():
                    arguments += [flag, f"{key}={inner if isinstance(inner, str) else ','.join(inner)}"]
            case list() | tuple():
                arguments += [flag, ",".join(value)]
            case _:
                arguments += [flag, str(value)]
    return arguments
