"""Files pressed here, in the tests' own process: the workers' limits are tested by themselves."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from converters.files.media import Role, Shape
from streams.media.transcode.request import OpenRequest, Transcoded, TranscodeFailed, TranscodeLimits, TranscodeRequest, WorkerResult
from streams.media.transcode.results import RequestFiles
from streams.media.transcode.worker import answered

Press = Callable[..., Transcoded | TranscodeFailed]
LIMITS = TranscodeLimits(pixels=2_000_000, samples=20_000_000, longest_ms=60_000, output_bytes=1 << 20)


@pytest.fixture
def press(tmp_path: Path) -> Press:
    count = iter(range(1_000))

    def pressed(
        data: bytes, role: Role, shape: Shape, *, alone: bool = False, limits: TranscodeLimits = LIMITS
    ) -> Transcoded | TranscodeFailed:
        directory = tmp_path / str(next(count))
        directory.mkdir()
        source = directory / "source"
        source.write_bytes(data)
        order = TranscodeRequest(source, directory, role, shape, alone)
        with RequestFiles(order, limits) as files:
            read, written, small = files.descriptors
            with os.fdopen(os.dup(read), "rb") as one, os.fdopen(os.dup(written), "w+b") as two, os.fdopen(os.dup(small), "w+b") as three:
                found = answered(OpenRequest(order.wanted, one, two, three), limits)
            made = files.taken(found) if isinstance(found, WorkerResult) else TranscodeFailed(found)
        expected = (
            {source} if isinstance(made, TranscodeFailed) else {source, made.path, *([made.thumbnail.path] if made.thumbnail else [])}
        )
        assert set(directory.iterdir()) == expected, "nothing else is left behind"
        return made

    return pressed
