"""Files pressed here, in the tests' own process: the workers' limits are tested by themselves."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from converters.files.media import Role, Shape
from streams.media.transcode.request import Failed, Limits, Made, Order, Pressed, Work
from streams.media.transcode.results import Files
from streams.media.transcode.worker import answered

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
        order = Order(source, directory, role, shape, alone)
        with Files(order, limits) as files:
            read, written, small = files.descriptors
            with os.fdopen(os.dup(read), "rb") as one, os.fdopen(os.dup(written), "w+b") as two, os.fdopen(os.dup(small), "w+b") as three:
                found = answered(Work(order.wanted, one, two, three), limits)
            made = files.taken(found) if isinstance(found, Pressed) else Failed(found)
        expected = {source} if isinstance(made, Failed) else {source, made.path, *([made.thumbnail.path] if made.thumbnail else [])}
        assert set(directory.iterdir()) == expected, "nothing else is left behind"
        return made

    return pressed
