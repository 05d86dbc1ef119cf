"""Files pressed here, in the tests' own process: the workers' limits are tested by themselves."""

from collections.abc import Callable
from pathlib import Path

import pytest

from converters.media import Role, Shape
from streams.media.press.order import Failed, Limits, Made, Order
from streams.media.press.worker import answered

Press = Callable[..., Made | Failed]
LIMITS = Limits(pixels=2_000_000, samples=20_000_000, longest_ms=60_000, output_bytes=1 << 20)


@pytest.fixture
def press(tmp_path: Path) -> Press:
    count = iter(range(1_000))

    def pressed(data: bytes, role: Role, shape: Shape, *, alone: bool = False, limits: Limits = LIMITS) -> Made | Failed:
        directory = tmp_path / str(next(count))
        directory.mkdir()
        source = directory / "source"
        source.write_bytes(data)
        made = answered(Order(source, directory, role, shape, alone), limits)
        if isinstance(made, Failed):
            assert list(directory.iterdir()) == [source], "nothing is left behind"
        return made

    return pressed
