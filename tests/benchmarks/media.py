"""`make bench-media`: what pressing a voice costs, beside the ffmpeg program started for each clip.

A clip is 10 seconds that resemble speech: a voiced tone with its overtones, breath, and pauses, in AMR at 12.2 kbit/s; it is made into MP3.
The figures are CPU time, ours (the worker's and the pool's part together) and the program's, so that a neighbour on the machine does not
count; beside them what a clock on the wall says. Exit code 1 under 150 times real time on one core, or under twice the program's speed.
"""

import argparse
import asyncio
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from random import Random

from msgspec import Struct

from converters.files.media import Shape
from streams.media.transcode.pool import TranscodePool
from streams.media.transcode.request import Transcoded, TranscodeLimits, TranscodeRequest
from streams.media.transcode.worker import Sandbox
from tests.benchmarks import media_job
from tests.media.transcode.samples import FULL, SOUND

SECONDS, RATE = 10, 8_000
REAL_TIME, PROGRAM = 150.0, 2.0
"""Times: what is needed."""


class Cost(Struct, frozen=True):
    """Of one clip, in seconds; the best round's."""

    cpu: float
    wall: float

    @property
    def real_time(self) -> float:
        return SECONDS / self.cpu


class Figure(Struct, frozen=True):
    """A line of the report; *needed* is 0 where nothing is asked."""

    what: str
    times: float
    needed: float = 0.0
    note: str = ""

    @property
    def missed(self) -> bool:
        return self.times < self.needed

    def __str__(self) -> str:
        need = f"  needed {self.needed:g}: {'MISSED' if self.missed else 'held'}" if self.needed else ""
        return f"  {self.what:<58} {self.times:>8.1f} x{need}{'  ' if self.note else ''}{self.note}"


def speech() -> "array[int]":
    random, phase = Random(1), 0.0
    samples: array[int] = array("h")
    for at in range(SECONDS * RATE):
        second = at / RATE
        phase += 2 * math.pi * (140 + 30 * math.sin(2.1 * second) + 12 * math.sin(9.7 * second)) / RATE
        loud = max(0.0, math.sin(2 * math.pi * 2.3 * second)) * (0.0 if second % 3 > 2.5 else 1.0)
        voiced = sum(math.sin(each * phase) / each for each in range(1, 12)) / 2.5
        samples.append(round(FULL * 0.6 * loud * (0.9 * voiced + 0.1 * random.uniform(-1, 1))))
    return samples


def _used(pool: TranscodePool) -> float:
    """Seconds of CPU of the process that forks the workers, and of those that have ended."""
    fields = Path(f"/proc/{pool.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


async def pressed(source: Path, target: str, rounds: int, clips: int, sandbox: Sandbox = "require") -> Cost:
    """Through a pool of one worker, as the role does it."""
    pool = TranscodePool(1, TranscodeLimits(), sandbox)
    await pool.start()
    found: list[Cost] = []
    try:
        for _ in range(rounds):
            pid, wall, cpu = pool.pid, time.perf_counter(), time.process_time() + _used(pool)
            for _ in range(clips):
                made = await pool.press(TranscodeRequest(source, source.parent, "voice", Shape(formats=(target,)), alone=False))
                assert isinstance(made, Transcoded), made
                assert (made.format, made.duration) == (target, SECONDS * 1000 + 20), "the encoder's last frame"
            assert pool.pid == pid
            found.append(Cost((time.process_time() + _used(pool) - cpu) / clips, (time.perf_counter() - wall) / clips))
    finally:
        await pool.close()
    return min(found, key=lambda one: one.cpu)


def program(source: Path, rounds: int, clips: int) -> Cost | None:
    """ffmpeg, started for each clip, with our settings of the encoder; None where it is not installed."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return None
    command = [ffmpeg, "-nostdin", "-loglevel", "error", "-y", "-threads", "1", "-f", "amr", "-i", str(source)]
    command += ["-c:a", "libmp3lame", "-b:a", "32k", "-compression_level", "7", str(source.parent / "program.mp3")]
    found: list[Cost] = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), _children()
        for _ in range(clips):
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        found.append(Cost((_children() - cpu) / clips, (time.perf_counter() - wall) / clips))
    return min(found, key=lambda one: one.cpu)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def codecs(given: argparse.Namespace) -> Iterator[Figure]:
    """The codec's part: no network, no broker."""
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "source"
        source.write_bytes(SOUND["amr"]([speech()], RATE))
        ours = asyncio.run(pressed(source, "mp3", given.rounds, given.clips))
        yield Figure("AMR to MP3, of real time on one core", ours.real_time, REAL_TIME, _note(ours))
        for target in ("aac", "m4a", "amr"):
            other = asyncio.run(pressed(source, target, 1, given.clips))
            what = "AMR checked and passed on" if target == "amr" else f"AMR to {target.upper()}, of real time on one core"
            yield Figure(what, other.real_time, note=_note(other))
        open_ = asyncio.run(pressed(source, "amr", given.rounds, given.clips, "off"))
        kept = asyncio.run(pressed(source, "amr", given.rounds, given.clips))
        yield Figure("a worker that is kept in, of one that is not: time on the wall", kept.wall / open_.wall, note=_note(open_))
        theirs = program(source, given.rounds, max(5, given.clips // 3))
        if theirs is None:
            print("  the ffmpeg program is not installed: nothing to compare with")
            return
        yield Figure("the ffmpeg program started for each clip, of real time", theirs.real_time, note=_note(theirs))
        yield Figure("ours, of the program: CPU time", theirs.cpu / ours.cpu, PROGRAM)
        yield Figure("ours, of the program: time on the wall", theirs.wall / ours.wall)


def _note(cost: Cost) -> str:
    return f"({cost.cpu * 1e3:.1f} ms of CPU, {cost.wall * 1e3:.1f} ms in all)"


def job(given: argparse.Namespace) -> Iterator[Figure]:
    """A job as a whole."""
    here, beside = media_job.measured(max(1, given.rounds // 2), 4 * given.clips)
    yield Figure("voice fetched, AAC to AMR, uploaded: of real time on this machine", here * SECONDS, note=f"({here:.0f} files a second)")
    if beside is None:
        print("  the ffmpeg program is not installed: nothing to compare with")
        return
    yield Figure("the same as a script of httpx and the ffmpeg program", beside * SECONDS, note=f"({beside:.0f} files a second)")
    yield Figure("ours, of the script", here / beside)


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.benchmarks.media", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=int, default=30, help="in a round")
    given = parser.parse_args()
    missed = False
    for part in (codecs, job):
        for figure in part(given):
            print(figure, flush=True)
            missed |= figure.missed
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
