"""One worker: a process for one file, forked with all that it needs, that keeps nothing but its own descriptors."""

import fcntl
import os
import resource
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from errno import EFBIG
from typing import IO, Literal, NoReturn

from converters.files.media_formats import HEAD, sniff
from streams.media.sandbox import threads as asking
from streams.media.sandbox.confine import SandboxUnavailableError, die_with, seal
from streams.media.transcode import audio, images, video
from streams.media.transcode.request import BadFileError, OpenRequest, Reason, TranscodeLimits, WorkerResult, begun, size
from streams.media.transcode.video import as_it_is
from streams.media.transcode.wire import LENGTH, WorkerAnswer, decode_wanted, encode, framed

Sandbox = Literal["require", "prefer", "off"]
UNSEALED = 77
"""Exit code of a worker that the kernel did not keep in, and that therefore read nothing."""
FIRST = 3
"""Its descriptors follow from here: the pool's channel, source, made, thumbnail. Below lies /dev/null, three times."""
_BEYOND = 64
_HARMLESS = frozenset({"unsupported", "mislabelled", "damaged", "truncated", "empty"})
"""To a target that takes any file as it is: what we cannot read may be its own."""


def pressed(work: OpenRequest, limits: TranscodeLimits) -> WorkerResult:
    """Raises `BadFileError`."""
    name = sniff(head := begun(work.source).read(HEAD)).name
    try:
        made = _read(work, limits, name, empty=not head)
    except BadFileError as bad:
        if work.shape.formats or bad.reason not in _HARMLESS:
            raise
        made = as_it_is(name)
    if work.shape.largest and size(work.made if made.new else work.source) > work.shape.largest:
        raise BadFileError("too-large")
    return made


def _read(work: OpenRequest, limits: TranscodeLimits, name: str, *, empty: bool) -> WorkerResult:
    match work.wanted.role:
        case "file" | "forwarded":
            return as_it_is(name)
        case _ if empty:
            raise BadFileError("empty")
        case "image" | "gif" | "sticker" | "thumbnail":
            return images.press(work, limits, name)
        case "voice":
            return audio.press(work, limits, name)
        case "video":
            return video.press(work, limits, name)


def answered(work: OpenRequest, limits: TranscodeLimits) -> WorkerResult | Reason:
    """Whatever *work* is made of lies in its files when this returns."""
    try:
        made = pressed(work, limits)
        work.made.flush()
        work.thumbnail.flush()
    except BadFileError as bad:
        return bad.reason
    except MemoryError:
        return "memory"
    except OSError as error:
        if error.errno != EFBIG:  # RLIMIT_FSIZE; any other is the disk's, not the file's, and costs the process
            raise
        return "too-large"
    return made


def limit(limits: TranscodeLimits, had: int, *, threads: bool) -> None:
    """What the process may use in its life; of memory that is beyond the *had* bytes it begins with. At the last second of CPU comes SIGXCPU."""
    resource.setrlimit(resource.RLIMIT_AS, (had + limits.memory_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.output_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_BEYOND, _BEYOND))
    if not threads:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def run(
    descriptors: Sequence[int], limits: TranscodeLimits, sandbox: Sandbox, parent: int, had: int, counter: socket.socket | None
) -> NoReturn:
    """The life of a worker that *parent* has just forked, with the *descriptors* that came for it.

    With *counter* it may begin threads, as many as are counted there.
    """
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        die_with(parent)
        threads = counter is not None
        if counter is not None and sandbox != "off":
            with suppress(OSError):  # uncounted, on an old kernel: they end with the CPU's seconds
                asking.ask(counter)
        channel, source, made, thumbnail = _alone(descriptors)
        limit(limits, had, threads=threads)
        files = (open(source, "rb"), open(made, "w+b"), open(thumbnail, "w+b"))  # noqa: SIM115, PTH123 - for as long as the process
        if sandbox != "off":
            try:
                seal(threads=threads)
            except SandboxUnavailableError:
                if sandbox == "require":
                    os._exit(UNSEALED)
        _serve(channel, files, limits)
        code = 0
    finally:
        os._exit(code)


def _alone(descriptors: Sequence[int]) -> tuple[int, int, int, int]:
    """Nothing else of what was open in the parent is open here."""
    high = [fcntl.fcntl(each, fcntl.F_DUPFD, _BEYOND) for each in descriptors]
    channel, source, made, thumbnail = (os.dup2(each, FIRST + at) for at, each in enumerate(high))
    os.closerange(FIRST + len(high), os.sysconf("SC_OPEN_MAX"))
    return channel, source, made, thumbnail


def _serve(channel: int, files: tuple[IO[bytes], IO[bytes], IO[bytes]], limits: TranscodeLimits) -> None:
    wanted = decode_wanted(_exactly(channel, int.from_bytes(_exactly(channel, LENGTH), "big")))
    one = answered(OpenRequest(wanted, *files), limits)
    message = framed(encode(WorkerAnswer(made=one) if isinstance(one, WorkerResult) else WorkerAnswer(failed=one)))
    while message:
        message = message[os.write(channel, message) :]


def _exactly(channel: int, length: int) -> bytes:
    found = b""
    while len(found) < length:
        piece = os.read(channel, length - len(found))
        if not piece:
            os._exit(0)  # the pool wants nothing any more
        found += piece
    return found
