"""``python -m streams.media.transcode.zygote``: reads the libraries once, and forks a worker for each file; see `pool`.

It never sees a byte of a file, nor of what a worker says. For each worker the pool hands over descriptors: where this process tells of it,
the worker's own channel, and its files. It tells the worker's process id, and at the end its exit code, 4 bytes each. When the pool closes
its side, the worker is killed; when the pool is gone, all of them and this process.
"""

import array
import gc
import json
import os
import resource
import selectors
import signal
import socket
import sys
from pathlib import Path
from typing import cast

from msgspec import json as typed

from streams.media.sandbox import confine
from streams.media.sandbox.threads import ThreadCounter
from streams.media.transcode import warm, worker
from streams.media.transcode.request import TranscodeLimits, for_films
from streams.media.transcode.wire import WorkerReady, encode, framed
from streams.media.transcode.worker import Sandbox

ALONE, THREADS, FILM = b".", b"t", b"f"
"""With what the descriptors of a worker come: whether it may have threads, or the time that a film takes."""
HANDED = 5
"""Descriptors for each worker."""
_DESCRIPTORS = 512
"""As many as 64 workers need, twice; how many there may be is what a worker closes."""
NUMBER = 4
"""Bytes of what is told of a worker, big-endian, signed."""


def command(program: str, limits: TranscodeLimits, sandbox: Sandbox) -> list[str]:
    """How the pool starts *program*: as a Python without environment and surroundings, with this one's path to modules."""
    start = "import json, runpy, sys; sys.path[:] = json.loads(sys.argv.pop(1)); runpy.run_module(sys.argv[1], run_name='__main__')"
    path = json.dumps([str(Path(__file__).parents[3]), *filter(None, sys.path)])
    return [sys.executable, "-I", "-X", "utf8", "-c", start, path, program, str(os.getpid()), typed.encode(limits).decode(), sandbox]


class Zygote:
    def __init__(self, control: socket.socket, limits: TranscodeLimits, sandbox: Sandbox) -> None:
        self._control = control
        self._limits = limits
        self._sandbox = sandbox
        self._had = _address_space()
        self._workers: dict[int, int] = {}
        """By process id: where is told of it."""
        self._counters: dict[int, ThreadCounter] = {}
        """Of those that may have threads, the same."""
        self._watched = selectors.DefaultSelector()

    def serve(self) -> None:
        """Until the pool closes its side."""
        woken, wakes = socket.socketpair()
        for each in (woken, wakes):
            each.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        self._watched.register(self._control, selectors.EVENT_READ)
        self._watched.register(woken, selectors.EVENT_READ)
        while True:
            for key, _ in self._watched.select():
                if isinstance(key.data, ThreadCounter):
                    self._answer(key.data)
                elif key.data is not None:
                    self._drop(key.fd, key.data)
                elif key.fileobj is woken:
                    woken.recv(1024)
                elif not self._take():
                    return
            self._reap()

    def _take(self) -> bool:
        """One order's descriptors; False at the end."""
        word, descriptors = _received(self._control)
        if not word:
            return False
        if len(descriptors) != HANDED:
            _close(descriptors)
            return True
        told, *own = descriptors
        parent = os.getpid()
        counts, asks = socket.socketpair() if word == THREADS else (None, None)
        try:
            pid = os.fork()
        except OSError:
            _close(descriptors)  # which the pool sees
            return True
        if pid == 0:
            worker.run(own, for_films(self._limits) if word == FILM else self._limits, self._sandbox, parent, self._had, asks)
        _close(own)
        if counts is not None and asks is not None:
            asks.close()
            self._count(pid, counts)
        self._workers[pid] = told
        self._watched.register(told, selectors.EVENT_READ, pid)
        _tell(told, pid)
        return True

    def _count(self, pid: int, counts: socket.socket) -> None:
        """A worker's threads, which it may ask for when it has said how; one that cannot, or ends before, says nothing."""
        with counts:
            _, found = _received(counts)
        for each in found:
            counter = self._counters[pid] = ThreadCounter(pid, each)
            self._watched.register(each, selectors.EVENT_READ, counter)

    def _answer(self, counter: ThreadCounter) -> None:
        if not counter.answer():
            self._forget(counter.pid)

    def _forget(self, pid: int) -> None:
        """It asks for no more threads."""
        counter = self._counters.pop(pid, None)
        if counter is not None:
            self._watched.unregister(counter.listener)
            os.close(counter.listener)

    def _drop(self, told: int, pid: int) -> None:
        """The pool waits for it no longer; it is told of all the same."""
        self._watched.unregister(told)
        os.kill(pid, signal.SIGKILL)  # which is still there, at least as a zombie: it is this process that has not waited for it

    def _reap(self) -> None:
        for pid, told in list(self._workers.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self._workers[pid]
            self._forget(pid)
            if told in self._watched.get_map():
                self._watched.unregister(told)
            _tell(told, os.waitstatus_to_exitcode(status))
            os.close(told)


def _received(control: socket.socket) -> tuple[bytes, list[int]]:
    """Those that came with one byte."""
    numbers = array.array("i")
    word, ancillary, _, _ = control.recvmsg(1, socket.CMSG_LEN(HANDED * numbers.itemsize))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
    return word, list(numbers)


def _tell(told: int, number: int) -> None:
    try:
        os.write(told, number.to_bytes(NUMBER, "big", signed=True))
    except OSError:
        return  # nobody listens


def _close(descriptors: list[int]) -> None:
    for each in descriptors:
        os.close(each)


def _address_space() -> int:
    """Bytes."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def main() -> None:
    """With the pool's socket as standard input."""
    parent, limits, sandbox = int(sys.argv[2]), typed.decode(sys.argv[3], type=TranscodeLimits), cast("Sandbox", sys.argv[4])
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    for each in range(3):  # what a library prints is no answer
        os.dup2(null, each)
    os.close(null)
    os.environ.clear()
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))
    warm.up(limits)
    wanted = sandbox != "off"
    network = confine.prepare(network=wanted)
    confine.die_with(parent)  # the namespaces have undone it
    ready = WorkerReady(seccomp=wanted and confine.seals(), landlock=wanted and confine.landlocks(), network=network)
    control.sendall(framed(encode(ready)))
    zygote = Zygote(control, limits, sandbox)
    gc.collect()
    gc.freeze()  # shared with the workers for longer
    zygote.serve()


if __name__ == "__main__":
    main()
