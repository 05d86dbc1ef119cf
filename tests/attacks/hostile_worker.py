"""``python -m tests.attacks.hostile_worker``: the zygote, whose workers have been taken over by the file that they read.

The file is JSON: the name of a deed below, and what it is told. What the deed could get is what the worker has "made".
"""

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from converters.files.media_formats import sniff
from streams.media.transcode import warm, worker, zygote
from streams.media.transcode.request import OpenRequest, TranscodeLimits, WorkerResult
from streams.media.transcode.wire import framed
from streams.media.transcode.worker import FIRST

libc = ctypes.CDLL(None, use_errno=True)
CHANNEL, MADE = FIRST, FIRST + 2
DEEDS: dict[str, Callable[[dict[str, Any]], object]] = {}


def deed(act: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    DEEDS[act.__name__] = act
    return act


def called(*arguments: int | bytes | None) -> int:
    """A call of the kernel by its number on x86_64."""
    found = libc.syscall(*(ctypes.c_long(each) if isinstance(each, int) else each for each in arguments))
    if found < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return int(found)


# -- to read


@deed
def read_a_file(told: dict[str, Any]) -> bytes:
    descriptor = os.open(told["path"], os.O_RDONLY)
    return os.read(descriptor, 4096)


@deed
def read_a_file_from_a_directory_by_openat(told: dict[str, Any]) -> bytes:
    directory, name = os.path.split(told["path"])
    return os.read(os.open(name, os.O_RDONLY, dir_fd=os.open(directory, os.O_RDONLY)), 4096)


@deed
def read_a_file_by_openat2(told: dict[str, Any]) -> bytes:
    return os.read(called(437, -100, told["path"].encode(), bytes(24), 24), 4096)


@deed
def read_a_file_that_a_link_of_the_kernel_leads_to(told: dict[str, Any]) -> bytes:
    return os.read(os.open(f"/proc/self/root{told['path']}", os.O_RDONLY), 4096)


@deed
def read_the_role_s_environment(told: dict[str, Any]) -> bytes:
    return os.read(os.open(f"/proc/{told['victim']}/environ", os.O_RDONLY), 65536)


@deed
def read_the_role_s_memory_as_a_file(told: dict[str, Any]) -> bytes:
    descriptor = os.open(f"/proc/{told['victim']}/mem", os.O_RDONLY)
    return os.pread(descriptor, 32, told["address"])


class Piece(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


@deed
def read_the_role_s_memory_by_a_call(told: dict[str, Any]) -> bytes:
    here = ctypes.create_string_buffer(32)
    ours, theirs = Piece(ctypes.addressof(here), 32), Piece(told["address"], 32)
    if libc.process_vm_readv(told["victim"], ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return here.raw


@deed
def attach_to_the_role(told: dict[str, Any]) -> str:
    if libc.ptrace(16, told["victim"], None, None) < 0:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), "refused")
    os.waitpid(told["victim"], 0x40000000)  # __WALL
    libc.ptrace(17, told["victim"], None, None)
    return str(told["won"])


@deed
def take_a_descriptor_of_the_role(told: dict[str, Any]) -> str:
    called(438, called(434, told["victim"], 0), 0, 0)
    return str(told["won"])


@deed
def look_for_descriptors_that_are_not_its_own(told: dict[str, Any]) -> str:
    found = []
    for each in range(4096):
        for look in (lambda one: os.read(one, 0), lambda one: os.write(one, b"")):
            with suppress(OSError):
                look(each)
                found.append(each)
                break
    if found == list(range(FIRST + 4)):
        raise OSError(1, "none")
    return str(told["won"])


# -- to speak


@deed
def connect_inside(told: dict[str, Any]) -> bytes:
    with socket.socket() as there:
        there.connect(("127.0.0.1", told["port"]))
        return there.recv(4096)


@deed
def connect_to_a_socket_s_path(told: dict[str, Any]) -> bytes:
    with socket.socket(socket.AF_UNIX) as there:
        there.connect(told["socket"])
        return there.recv(4096)


@deed
def send_its_descriptors_on(told: dict[str, Any]) -> str:
    socket.send_fds(socket.socket(fileno=os.dup(CHANNEL)), [b"x"], [MADE])
    return str(told["won"])


@deed
def speak_through_a_ring(told: dict[str, Any]) -> str:
    called(425, 1, bytes(120))
    return str(told["won"])


@deed
def connect_in_another_form_of_calls(told: dict[str, Any]) -> str:
    called(0x4000_0000 + 41, 2, 1, 0)
    return str(told["won"])


# -- to run


@deed
def run_a_shell(told: dict[str, Any]) -> str:
    if os.system(f"cp {told['path']} {told['outside']}") != 0:
        raise OSError(1, "refused")
    return str(told["won"])


@deed
def become_another_program(told: dict[str, Any]) -> None:
    os.execv("/bin/sh", ["/bin/sh", "-c", f"cp {told['path']} {told['outside']}"])


@deed
def run_what_it_wrote_itself(told: dict[str, Any]) -> None:
    os.pwrite(MADE, b"#!/bin/sh\ncp " + told["path"].encode() + b" " + told["outside"].encode() + b"\n", 0)
    os.fchmod(MADE, 0o700)
    os.execve(f"/proc/self/fd/{MADE}", ["x"], {})


@deed
def live_on_as_a_child(told: dict[str, Any]) -> str:
    if os.fork() == 0:
        write_elsewhere(told)
        time.sleep(3)
        os._exit(0)
    return str(told["won"])


@deed
def bomb_with_forks(told: dict[str, Any]) -> str:
    for _ in range(20):
        if os.fork() == 0:
            write_elsewhere(told)
            time.sleep(3)
            os._exit(0)
    return str(told["won"])


@deed
def bomb_with_threads(told: dict[str, Any]) -> str:
    threading.stack_size(64 << 10)
    for count in range(20):
        try:
            threading.Thread(target=time.sleep, args=(0.5,), daemon=True).start()
        except RuntimeError:
            raise OSError(1, f"after {count}") from None
    return str(told["won"])


@deed
def begin_threads_one_after_another(told: dict[str, Any]) -> str:
    """As the reader of a picture in fifty tiles does."""
    for count in range(50):
        thread = threading.Thread(target=time.sleep, args=(0.001,))
        try:
            thread.start()
        except RuntimeError:
            raise OSError(1, f"after {count}") from None
        thread.join()
    return str(told["won"])


@deed
def map_memory_that_runs(told: dict[str, Any]) -> str:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    return str(told["won"])


@deed
def load_what_it_wrote_as_a_library(told: dict[str, Any]) -> str:
    os.ftruncate(MADE, 4096)
    mmap.mmap(MADE, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    return str(told["won"])


# -- to harm


@deed
def kill_the_role(told: dict[str, Any]) -> str:
    os.kill(told["victim"], signal.SIGKILL)
    return str(told["won"])


@deed
def kill_the_process_that_forked_it(told: dict[str, Any]) -> str:
    os.kill(told["zygote"], signal.SIGSTOP)
    os.kill(told["zygote"], signal.SIGCONT)
    return str(told["won"])


@deed
def kill_by_a_descriptor(told: dict[str, Any]) -> str:
    called(424, called(434, told["victim"], 0), 9, None, 0)
    return str(told["won"])


@deed
def write_elsewhere(told: dict[str, Any]) -> str:
    os.close(os.open(told["outside"], os.O_WRONLY | os.O_CREAT, 0o600))
    return str(told["won"])


@deed
def write_over_its_source(told: dict[str, Any]) -> str:
    os.write(FIRST + 1, b"something else")
    return str(told["won"])


@deed
def move_a_file(told: dict[str, Any]) -> str:
    Path(told["moved"]).rename(told["outside"])
    return str(told["won"])


@deed
def remove_a_file(told: dict[str, Any]) -> str:
    Path(told["moved"]).unlink()
    return str(told["won"])


@deed
def make_a_link(told: dict[str, Any]) -> str:
    Path(told["outside"]).symlink_to(told["path"])
    return str(told["won"])


@deed
def give_itself_more(told: dict[str, Any]) -> str:
    resource.setrlimit(resource.RLIMIT_CPU, (resource.getrlimit(resource.RLIMIT_CPU)[1],) * 2)
    return str(told["won"])


@deed
def narrow_the_role_s_limits(told: dict[str, Any]) -> str:
    resource.prlimit(told["victim"], resource.RLIMIT_NPROC, (4096, 4096))
    return str(told["won"])


@deed
def leave_for_another_namespace(told: dict[str, Any]) -> str:
    if libc.unshare(0x0002_0000) < 0:  # CLONE_NEWNS
        raise OSError(ctypes.get_errno(), "refused")
    return str(told["won"])


# -- to lie


def answer(message: bytes) -> None:
    os.write(CHANNEL, message)


@deed
def say_what_it_is_told(told: dict[str, Any]) -> None:
    """Over the pipe, byte for byte, with `made` holding what it is told."""
    os.pwrite(MADE, bytes.fromhex(told["made"]), 0)
    answer(bytes.fromhex(told["raw"]))
    os._exit(told.get("code", 0))


@deed
def change_the_file_after_the_answer(told: dict[str, Any]) -> None:
    os.pwrite(MADE, b"harmless", 0)
    answer(framed(bytes.fromhex(told["raw"])))
    time.sleep(0.2)
    os.pwrite(MADE, told["won"].encode(), 0)
    time.sleep(60)


def _taken_over(work: OpenRequest, limits: TranscodeLimits) -> WorkerResult:
    del limits
    source = work.source.read()
    told = json.loads(source[source.index(b"{") :])
    try:
        got = DEEDS[told["deed"]](told)
    except OSError as error:
        got = f"refused: {error}"
    work.made.write(got if isinstance(got, bytes) else str(got).encode())
    return WorkerResult(new=True, format="bin", source_format=sniff(source).name)


def main() -> None:
    worker.pressed = _taken_over
    warm.up = lambda limits: None
    zygote.main()


if __name__ == "__main__":
    main()
