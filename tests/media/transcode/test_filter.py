"""The filter's program, run by an interpreter of our own: also for machines and forms of calls that this one is not."""

import re
import struct
from errno import ENOSYS, EPERM
from pathlib import Path

import pytest

from streams.media.sandbox.calls import MACHINES, Machine
from streams.media.sandbox.seccomp import ALLOW, ALLOWED, ASK, ERRNO, KILL, UNFORGIVEN, asking, program

PID = 4711
REFUSED = ERRNO | EPERM
I386, ARM = 0x4000_0003, 0x4000_0028
HEADERS = {
    "x86_64": (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm/unistd_64.h")),
    "aarch64": (Path("/usr/include/asm-generic/unistd.h"),),
}


def judged(machine: Machine, number: int, *arguments: int, arch: int | None = None, code: bytes | None = None) -> int:
    """What the kernel would do. Source: Linux, "Linux Socket Filtering aka Berkeley Packet Filter"."""
    padded = [*arguments, *[0] * 6][:6]
    data = struct.pack("<iIQ6Q", number if number < 1 << 31 else number - (1 << 32), machine.arch if arch is None else arch, 0, *padded)
    steps = list(struct.iter_unpack("<HBBI", program(machine, PID) if code is None else code))
    at = accumulator = 0
    while True:
        operation, yes, no, k = steps[at]
        at += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, k)
            case 0x15 | 0x35 | 0x45:
                holds = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}[operation]
                at += yes if holds else no
            case 0x06:
                return int(k)
            case _:
                raise AssertionError(hex(operation))


@pytest.fixture(params=sorted(MACHINES))
def machine(request: pytest.FixtureRequest) -> Machine:
    return MACHINES[request.param]


def test_what_is_not_named_is_refused_whatever_its_number(machine: Machine) -> None:
    named = set(machine.numbers.values())
    unnamed = [number for number in range(1024) if number not in named]
    assert len(unnamed) > 800
    assert {judged(machine, number) for number in unnamed} == {REFUSED}


def test_what_opens_speaks_or_runs_is_not_allowed(machine: Machine) -> None:
    assert not set(ALLOWED) & {*UNFORGIVEN, "open", "openat", "openat2", "creat", "prctl", "seccomp", "ioctl", "prlimit64", "memfd_create"}
    assert {judged(machine, machine.numbers[name]) for name in UNFORGIVEN if name in machine.numbers} == {KILL}
    assert {judged(machine, machine.numbers[name]) for name in ALLOWED if name in machine.numbers} == {ALLOW}


def test_calls_in_the_form_of_another_machine_end_the_process(machine: Machine) -> None:
    for arch in (I386, ARM, 0, *(other.arch for other in MACHINES.values() if other != machine)):
        assert {judged(machine, number, arch=arch) for number in range(512)} == {KILL}


def test_x32_ends_the_process() -> None:
    machine = MACHINES["x86_64"]
    for number in (*range(0x4000_0000, 0x4000_0400), 0x7FFF_FFFF, 0xFFFF_FFFF):
        assert judged(machine, number) == KILL


def test_memory_that_runs_is_refused_and_other_memory_is_not(machine: Machine) -> None:
    for name in ("mmap", "mprotect"):
        number = machine.numbers[name]
        assert [judged(machine, number, 0, 4096, protection) for protection in (0, 1, 3, 4, 5, 7)] == [ALLOW] * 3 + [REFUSED] * 3


def test_a_signal_goes_to_itself_alone(machine: Machine) -> None:
    for name in ("kill", "tgkill"):
        number = machine.numbers[name]
        assert judged(machine, number, PID, 6) == ALLOW
        for other in (0, 1, PID + 1, 0xFFFF_FFFF, -PID & 0xFFFF_FFFF):
            assert judged(machine, number, other, 9) == KILL
        assert judged(machine, number, PID | 1 << 32, 9) == ALLOW, "the kernel takes the lower half: it is itself"


def test_a_process_ends_it_and_a_thread_is_refused(machine: Machine) -> None:
    assert judged(machine, machine.numbers["clone"], 17) == KILL
    assert judged(machine, machine.numbers["clone"], 0x0100_4111) == KILL  # CLONE_VFORK | CLONE_VM …
    assert judged(machine, machine.numbers["clone"], 0x003D_0F00) == REFUSED
    assert judged(machine, machine.numbers["clone3"]) == ERRNO | ENOSYS


GLIBC, MUSL = 0x003D_0F00, 0x007D_0F00
NAMESPACES = (0x80, 0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000)


def test_where_threads_are_allowed_nothing_else_is_begun(machine: Machine) -> None:
    number, threaded = machine.numbers["clone"], program(machine, PID, threads=True)
    assert [judged(machine, number, flags, code=threaded) for flags in (GLIBC, MUSL)] == [ALLOW, ALLOW]
    for flags in (0, 17, 0x0100_4111, GLIBC & ~0x0001_0000, *(GLIBC | each for each in NAMESPACES)):
        assert judged(machine, number, flags, code=threaded) == KILL
        assert judged(machine, number, flags) == KILL
    everything = set(range(512)) - {number}
    assert all(judged(machine, each, code=threaded) == judged(machine, each) for each in everything)


def test_threads_are_asked_for_and_nothing_else(machine: Machine) -> None:
    number, ask = machine.numbers["clone"], asking(machine)
    assert {judged(machine, number, flags, code=ask) for flags in (GLIBC, MUSL, 0x0001_0000)} == {ASK}
    assert {judged(machine, each, code=ask) for each in range(512)} == {ALLOW}, "which the other filter does not"


def test_the_numbers_are_those_of_the_kernel_s_headers(machine: Machine) -> None:
    header = next((path for path in HEADERS[machine.name] if path.exists()), None)
    if header is None:
        pytest.skip("the kernel's headers are not installed")
    known: dict[str, int] = {}
    for name, number in re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", header.read_text(), re.MULTILINE):
        known.setdefault(name, int(number))
    assert len(known) > 250
    # A header that is older than a call does not hold it.
    assert {name: number for name, number in machine.numbers.items() if known.get(name, number) != number} == {}
