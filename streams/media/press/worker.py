"""``python -m streams.media.press.worker PARENT LIMITS``: one order at a time from the pipe, its answer into another; see `pool`."""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from errno import EFBIG
from math import ceil
from pathlib import Path
from typing import BinaryIO

from msgspec import json

from converters.formats import HEAD, sniff
from streams.media.press import audio, images, video
from streams.media.press.order import Bad, Failed, Limits, Made, Order
from streams.media.press.video import as_it_is
from streams.media.press.wire import LENGTH, Answer, Ready, decode_order, encode, framed

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
_FILES = 64
_OUTPUTS = ("made", "thumbnail")
_HARMLESS = frozenset({"unsupported", "mislabelled", "damaged", "truncated", "empty"})
"""To a target that takes any file as it is: what we cannot read may be its own."""


def pressed(order: Order, limits: Limits) -> Made:
    """Raises `Bad`."""
    with order.source.open("rb") as file:
        name = sniff(head := file.read(HEAD)).name
    try:
        made = _read(order, limits, name, empty=not head)
    except Bad as bad:
        if order.shape.formats or bad.reason not in _HARMLESS:
            raise
        made = as_it_is(order.source, name)
    if order.shape.largest and made.path.stat().st_size > order.shape.largest:
        raise Bad("too-large")
    return made


def _read(order: Order, limits: Limits, name: str, *, empty: bool) -> Made:
    match order.role:
        case "file" | "forwarded":
            return as_it_is(order.source, name)
        case _ if empty:
            raise Bad("empty")
        case "image" | "gif" | "sticker" | "thumbnail":
            return images.press(order, limits, name)
        case "voice":
            return audio.press(order, limits, name)
        case "video":
            return video.press(order, limits, name)


def answered(order: Order, limits: Limits) -> Made | Failed:
    try:
        return pressed(order, limits)
    except Bad as bad:
        failed = Failed(bad.reason)
    except MemoryError:
        failed = Failed("memory")
    except OSError as error:
        if error.errno != EFBIG:  # RLIMIT_FSIZE; any other is the disk's, not the file's, and costs the process
            raise
        failed = Failed("too-large")
    for path in order.directory.glob("*.*"):
        if path.stem in _OUTPUTS and path != order.source:
            path.unlink(missing_ok=True)
    return failed


def confine(parent: int, limits: Limits) -> None:
    """What holds for the life of the process; the memory counts from what it has now."""
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel knew
            os._exit(1)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")  # where memory runs out all the same: this process, not the role
        had = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (had + limits.memory_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.output_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))


def renew(limits: Limits) -> None:
    """The CPU seconds of the next order. At the limit the kernel ends the process with SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (ceil(used.ru_utime + used.ru_stime) + limits.cpu_seconds, hard))


def serve(orders: BinaryIO, answers: BinaryIO, limits: Limits) -> None:
    """Until the pool closes the pipe."""
    while len(head := orders.read(LENGTH)) == LENGTH:
        order = decode_order(orders.read(int.from_bytes(head, "big")))
        renew(limits)
        one = answered(order, limits)
        answers.write(framed(encode(Answer(made=one) if isinstance(one, Made) else Answer(failed=one))))
        answers.flush()


def main() -> None:
    parent, limits = int(sys.argv[1]), json.decode(sys.argv[2], type=Limits)
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is not an answer
    confine(parent, limits)
    answers.write(framed(encode(Ready())))
    answers.flush()
    serve(orders, answers, limits)


if __name__ == "__main__":
    main()
